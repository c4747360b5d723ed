"""REINFORCE with a choice of baselines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative, State
from rlvr.algorithms.critic import value_in_loss
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("reinforce")
@dataclass(frozen=True, slots=True)
class Reinforce(Algorithm):
    """REINFORCE, Williams 1992: gradient E[sum_t (G_t - b) grad log pi(token t)], G_t the return from t on.

    With an outcome reward G_t is that reward at every token; intermediate rewards count for the tokens
    before them. Any baseline b that does not depend on the completion (`value`: on the token and what
    follows) leaves the gradient's mean as it is and changes its variance only. `running_mean` averages the
    returns of *earlier* iterations, so it is independent of this one; `batch_mean` and `group_mean`
    contain the row itself, which shrinks the mean gradient by 1 - 1/n (RLOO does not); `value` is a
    critic's V(s_t), trained beside the policy on the same returns.

    Options: `baseline`; `entropy_coef` adds the mean token entropy to the objective;
    `value_coef` weighs the critic's loss; `mask_truncated` trains no completion that was cut off.
    """

    baseline: Literal["none", "running_mean", "batch_mean", "group_mean", "value"] = "batch_mean"
    entropy_coef: NotNegative = 0.0
    value_coef: NotNegative = 0.5
    mask_truncated: bool = False

    advantage: ClassVar[str] = "return minus baseline (none, running mean, batch mean, group mean, value)"
    surrogate: ClassVar[str] = "log-prob"
    aggregation: ClassVar[Literal["sequence_sum"]] = "sequence_sum"
    paper: ClassVar[str] = "https://doi.org/10.1007/BF00992696"

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"values"}) if self.baseline == "value" else frozenset()

    @property
    def dead_rows_are_free(self) -> bool:
        # Only the group's own mean makes a dead row's advantage exactly 0 for a reason; under the other
        # baselines an advantage of 0 is an accident, and skipping would save nothing.
        return self.baseline == "group_mean" and self.entropy_coef == 0.0

    def init_state(self) -> State:
        return {"reward_sum": 0.0, "reward_count": 0.0}

    def credit(self, batch: Batch, state: State) -> Batch:
        to_go = F.returns_to_go(batch.token_rewards, batch.mask)
        if self.baseline == "group_mean":
            # What is centered is exactly 0 for a dead group; the rest was earned before t, and is minus that.
            centered = F.center(batch.by_group(batch.returns), batch.by_group(batch.judged)).flatten()
            advantages = centered.unsqueeze(1) + (to_go - batch.returns.unsqueeze(1))
        elif self.baseline == "value":
            advantages = to_go - batch.values
        else:
            advantages = to_go - self._baseline(batch, state)
        if self.mask_truncated:
            batch = batch.without(batch.truncated)
        return replace(batch, advantages=advantages.masked_fill(~batch.mask, 0.0), value_targets=to_go)

    def observe(self, batch: Batch, state: State) -> State:
        total, count = F.total_and_count(batch.returns, batch.judged, batch.reduce)
        after = F.RunningMean(state["reward_sum"], state["reward_count"]).after(total, count)
        return {"reward_sum": after.total, "reward_count": after.count}

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        value = batch.aggregate(F.reinforce(outputs.logprobs, batch.advantages), self.aggregation)
        if self.entropy_coef:
            value = value - self.entropy_coef * batch.aggregate(outputs.entropy, "token")
        return value_in_loss(Loss(value), outputs, batch, self.value_coef)

    def _baseline(self, batch: Batch, state: State) -> float:
        if self.baseline == "running_mean":
            return F.RunningMean(state["reward_sum"], state["reward_count"]).mean
        if self.baseline == "batch_mean":
            total, count = F.total_and_count(batch.returns, batch.judged, batch.reduce)
            return total / max(count, 1.0)
        return 0.0
