"""DAPO: a higher upper clip, every token with the same weight, no KL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative, Share, State
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("dapo")
@dataclass(frozen=True, slots=True)
class DAPO(Algorithm):
    """Decoupled clip and dynamic sampling policy optimization, Yu et al. 2025, arXiv:2503.14476, eq. 8 to 12.

    A_i = (r_i - mean(r)) / (std(r) + eps) over the group; loss = the mean over all tokens of
    -min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A). The higher upper bound lets unlikely tokens
    grow. Of the paper's four parts, these two are here; dynamic sampling and the overlong penalty belong
    to the source of the batches and to the reward, and go with any algorithm.

    Options: `clip_low`, `clip_high`; `ddof` and `eps` of the group's standard deviation; `aggregation`:
    `token`, as the paper's text and everybody's code, or `prompt`, the paper's formula: a mean over the
    tokens of each group, then over groups; `mask_truncated` trains no completion that was cut off.
    """

    clip_low: Share = 0.2
    clip_high: NotNegative = 0.28
    ddof: Literal[0, 1] = 1
    eps: NotNegative = 1e-4
    aggregation: Literal["token", "prompt"] = "token"
    mask_truncated: bool = False

    advantage: ClassVar[str] = "group z-score"
    surrogate: ClassVar[str] = "clipped ratio, higher above"
    paper: ClassVar[str] = "https://arxiv.org/abs/2503.14476"
    min_group_size: ClassVar[int] = 2

    @property
    def dead_rows_are_free(self) -> bool:
        return True

    def credit(self, batch: Batch, state: State) -> Batch:
        rewards, judged = batch.by_group(batch.returns), batch.by_group(batch.judged)
        if self.mask_truncated:
            batch = batch.without(batch.truncated)
        return batch.with_advantages(F.standardize(rewards, judged, self.ddof, self.eps).flatten())

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        log_ratio = (outputs.logprobs - batch.old_logprobs).masked_fill(~batch.mask, 0.0)
        tokens, held = F.clipped(log_ratio, batch.advantages, self.clip_low, self.clip_high)
        metrics = {"policy/clip_rate": held.float(), "policy/ratio": log_ratio.detach().exp()}
        return Loss(batch.aggregate(tokens, self.aggregation), metrics)
