"""Dr. GRPO: GRPO without the two divisions that bias it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Count, Loss, NotNegative, Share, State
from rlvr.algorithms.kl import kl_in_loss
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("dr_grpo")
@dataclass(frozen=True, slots=True)
class DrGRPO(Algorithm):
    """GRPO done right, Liu et al. 2025, arXiv:2503.20783, section 3.

    A_i = r_i - mean(r): no division by the group's spread, which favours prompts that are nearly always
    or nearly never solved. loss = sum over tokens of the clipped surrogate, over `length` and the number
    of sequences: no division by each completion's own length, which favours long wrong ones.
    The gradient on policy is (G - 1) / (G length) of the objective's: right but for a constant.

    Options: `length`, the constant (the paper: the longest completion allowed, sampling.max_tokens);
    `clip_low`, `clip_high`; `kl_coef` (0 loads no reference) and `kl_importance`; `mask_truncated`.
    """

    length: Count = 512
    clip_low: Share = 0.2
    clip_high: NotNegative = 0.2
    kl_coef: NotNegative = 0.0
    kl_importance: bool = False
    mask_truncated: bool = False

    advantage: ClassVar[str] = "reward minus group mean"
    surrogate: ClassVar[str] = "clipped ratio"
    aggregation: ClassVar[Literal["fixed_length"]] = "fixed_length"
    paper: ClassVar[str] = "https://arxiv.org/abs/2503.20783"
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
        return batch.with_advantages(F.center(rewards, judged).flatten())

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        log_ratio = (outputs.logprobs - batch.old_logprobs).masked_fill(~batch.mask, 0.0)
        tokens, held = F.clipped(log_ratio, batch.advantages, self.clip_low, self.clip_high)
        metrics = {"policy/clip_rate": held.float(), "policy/ratio": log_ratio.detach().exp()}
        loss = Loss(batch.aggregate(tokens, self.aggregation, self.length), metrics)
        return kl_in_loss(
            loss,
            outputs,
            batch,
            self.kl_coef,
            self.aggregation,
            importance=self.kl_importance,
            length=self.length,
        )
