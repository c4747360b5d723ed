"""GRPO: advantages from the group's own rewards, PPO's clipped ratio, no critic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative, Share, State
from rlvr.algorithms.kl import kl_in_loss
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("grpo")
@dataclass(frozen=True, slots=True)
class GRPO(Algorithm):
    """Group relative policy optimization, Shao et al. 2024 (DeepSeekMath), arXiv:2402.03300, eq. 3 and 4.

    A_i = (r_i - mean(r)) / (std(r) + eps) over the group; loss = the mean over each sequence, then
    over sequences, of -min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A) + kl_coef * k3(pi, ref).

    Options: `clip_low`, `clip_high`; `kl_coef` (0 loads no reference); `kl_importance` weights the KL
    with pi / pi_old (DeepSeek-V3.2, arXiv:2512.02556), without which k3 has the gradient of KL(ref, pi);
    `ratio`: `token` (DeepSeekMath) or `sequence`, the ratio of the whole completion (DeepSeek-R1,
    arXiv:2501.12948, eq. 1); `ddof` and `eps` of the group's standard deviation; `aggregation`;
    `mask_truncated` trains no completion that was cut off (its reward still counts for its siblings).
    """

    clip_low: Share = 0.2
    clip_high: NotNegative = 0.2
    kl_coef: NotNegative = 0.0
    kl_importance: bool = False
    ratio: Literal["token", "sequence"] = "token"
    ddof: Literal[0, 1] = 1
    eps: NotNegative = 1e-4
    aggregation: Literal["token", "sequence", "prompt"] = "sequence"
    mask_truncated: bool = False

    advantage: ClassVar[str] = "group z-score"
    surrogate: ClassVar[str] = "clipped ratio (token or sequence)"
    paper: ClassVar[str] = "https://arxiv.org/abs/2402.03300"
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
        log_ratio = (outputs.logprobs - batch.old_logprobs).masked_fill(~batch.mask, 0.0)
        if self.ratio == "sequence":
            log_ratio = F.sequence_log_ratio(log_ratio, batch.mask)
        tokens, held = F.clipped(log_ratio, batch.advantages, self.clip_low, self.clip_high)
        metrics = {"policy/clip_rate": held.float(), "policy/ratio": log_ratio.detach().exp()}
        loss = Loss(batch.aggregate(tokens, self.aggregation), metrics)
        return kl_in_loss(loss, outputs, batch, self.kl_coef, self.aggregation, importance=self.kl_importance)
