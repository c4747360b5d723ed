"""RLOO: REINFORCE with the mean of the other completions as baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative, State
from rlvr.algorithms.kl import kl_in_reward
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("rloo")
@dataclass(frozen=True, slots=True)
class RLOO(Algorithm):
    """REINFORCE leave-one-out, Ahmadian et al. 2024, arXiv:2402.14740.

    A_i = R_i - mean of the other R_j of the prompt, with R = reward - kl_coef * sum_t k1_t, the KL
    to the reference taken as part of the reward. The baseline does not contain the row itself, so
    the gradient is unbiased. Options: `kl_coef` (0 loads no reference); `mask_truncated` trains no
    completion that was cut off (its reward still counts for its siblings).
    """

    kl_coef: NotNegative = 0.0
    mask_truncated: bool = False

    advantage: ClassVar[str] = "leave-one-out (k1 KL in the reward)"
    surrogate: ClassVar[str] = "log-prob"
    aggregation: ClassVar[Literal["sequence_sum"]] = "sequence_sum"
    paper: ClassVar[str] = "https://arxiv.org/abs/2402.14740"
    min_group_size: ClassVar[int] = 2

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"old_logprobs", "ref_logprobs"}) if self.kl_coef else frozenset()

    @property
    def dead_rows_are_free(self) -> bool:
        return True  # the KL sits in the reward: a row with advantage 0 has no other term

    def credit(self, batch: Batch, state: State) -> Batch:
        if self.kl_coef:
            batch = kl_in_reward(batch, self.kl_coef)
        rewards, judged = batch.by_group(batch.returns), batch.by_group(batch.judged)
        if self.mask_truncated:
            batch = batch.without(batch.truncated)
        return batch.with_advantages(F.leave_one_out(rewards, judged).flatten())

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        return Loss(batch.aggregate(F.reinforce(outputs.logprobs, batch.advantages), self.aggregation))
