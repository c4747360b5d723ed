"""What every algorithm with a critic shares: the critic's loss beside the policy's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlvr import functional as F
from rlvr.algorithms.base import Loss

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


def value_in_loss(loss: Loss, outputs: Outputs, batch: Batch, coef: float, clip: float = 0.0) -> Loss:
    """The loss plus coef times the mean over tokens of the critic's squared error; `clip` 0 does not clip it.

    Unchanged where the pass had no critic: a line search compares policies.
    """
    if outputs.values is None:
        return loss
    errors, held = F.value_loss(outputs.values, batch.value_targets, batch.values, clip or None)
    metrics = {**loss.metrics, "value/loss": errors.detach()}
    if clip:
        metrics["value/clip_rate"] = held.float()
    return Loss(loss.value + coef * batch.aggregate(errors, "token"), metrics)
