"""The KL to the reference as a part of an algorithm: taken off the reward, or added to the loss."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Loss

if TYPE_CHECKING:
    from rlvr.functional.aggregate import Aggregation
    from rlvr.training.batch import Batch, Outputs


def kl_in_reward(batch: Batch, coef: float) -> Batch:
    """The batch with coef * k1(old, ref) taken off the reward of each trained token.

    As a return-to-go this gives the gradient of KL(policy, reference) over whole completions, which
    no KL in the loss does: those see each token's own state only. Needs `old_logprobs`, `ref_logprobs`.
    """
    penalty = F.k1(batch.old_logprobs, batch.ref_logprobs).masked_fill(~batch.mask, 0.0)
    return replace(batch, token_rewards=batch.token_rewards - coef * penalty)


def kl_in_loss(
    loss: Loss,
    outputs: Outputs,
    batch: Batch,
    coef: float,
    aggregation: Aggregation,
    *,
    estimator: Literal["k1", "k2", "k3"] = "k3",
    importance: bool = False,
    length: int | None = None,
) -> Loss:
    """The loss plus coef times the mean of a KL estimator, and its metric; unchanged where coef is 0.

    `importance` weights each token with pi / pi_old (see `rlvr.functional.kl_penalty`).
    """
    if not coef:
        return loss
    old = batch.old_logprobs if importance else None
    penalty = F.kl_penalty(outputs.logprobs, batch.ref_logprobs, estimator, old)
    value = loss.value + coef * batch.aggregate(penalty, aggregation, length)
    return Loss(value, {**loss.metrics, "policy/kl_reference": penalty.detach()})
