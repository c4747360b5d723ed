"""GSPO: the ratio of a whole completion, per token, clipped as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative, Share, State
from rlvr.algorithms.kl import kl_in_loss
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("gspo")
@dataclass(frozen=True, slots=True)
class GSPO(Algorithm):
    """Group sequence policy optimization, Zheng et al. 2025, arXiv:2507.18071, eq. 5 to 7.

    s_i = (pi(y_i) / pi_old(y_i))^(1 / |y_i|), the geometric mean of the tokens' ratios; loss = the mean
    over sequences of -min(s A, clip(s, 1 - clip_low, 1 + clip_high) A), with the group z-score as A.
    One sequence is one action: it is clipped as a whole or not at all. The bounds are narrow because a
    mean of many log-ratios hardly moves.

    Options: `clip_low`, `clip_high`; `kl_coef` (0 loads no reference) and `kl_importance`; `ddof` and
    `eps` of the group's standard deviation; `mask_truncated`.
    """

    clip_low: Share = 3e-4
    clip_high: NotNegative = 4e-4
    kl_coef: NotNegative = 0.0
    kl_importance: bool = False
    ddof: Literal[0, 1] = 1
    eps: NotNegative = 1e-4
    mask_truncated: bool = False

    advantage: ClassVar[str] = "group z-score"
    surrogate: ClassVar[str] = "clipped sequence ratio^(1/length)"
    aggregation: ClassVar[Literal["sequence"]] = "sequence"
    paper: ClassVar[str] = "https://arxiv.org/abs/2507.18071"
    min_group_size: ClassVar[int] = 2

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"ref_logprobs"}) if self.kl_coef else frozenset()

    @property
    def dead_rows_are_free(self) -> bool:
        return self.kl_coef == 0.0

    def credit(self, batch: Batch, state: State) -> Batch:
        rewards, judged = batch.by_group(batch.returns), batch.by_group(batch.judged)
        if self.mask_truncated:
            batch = batch.without(batch.truncated)
        return batch.with_advantages(F.standardize(rewards, judged, self.ddof, self.eps).flatten())

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        log_ratio = F.sequence_log_ratio(outputs.logprobs - batch.old_logprobs, batch.mask, normalize=True)
        tokens, held = F.clipped(log_ratio, batch.advantages, self.clip_low, self.clip_high)
        metrics = {"policy/clip_rate": held.float(), "policy/ratio": log_ratio.detach().exp()}
        loss = Loss(batch.aggregate(tokens, self.aggregation), metrics)
        return kl_in_loss(loss, outputs, batch, self.kl_coef, self.aggregation, importance=self.kl_importance)
