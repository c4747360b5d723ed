"""REINFORCE with a choice of baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, State
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("reinforce")
@dataclass(frozen=True, slots=True)
class Reinforce(Algorithm):
    """REINFORCE, Williams 1992: gradient E[(r - b) grad log pi(completion)].

    Any baseline b that does not depend on the completion leaves the gradient's mean as it is and
    changes its variance only. `running_mean` averages the rewards of *earlier* iterations, so it is
    independent of this one; `batch_mean` and `group_mean` contain the row itself, which shrinks the
    mean gradient by 1 - 1/n (RLOO does not). Options: `baseline`, and `entropy_coef`, which adds the
    mean token entropy to the objective.
    """

    baseline: Literal["none", "running_mean", "batch_mean", "group_mean"] = "batch_mean"
    entropy_coef: float = 0.0

    advantage: ClassVar[str] = "reward minus baseline (none, running mean, batch mean, group mean)"
    surrogate: ClassVar[str] = "log-prob"
    aggregation: ClassVar[Literal["sequence_sum"]] = "sequence_sum"
    paper: ClassVar[str] = "https://doi.org/10.1007/BF00992696"

    @property
    def dead_rows_are_free(self) -> bool:
        # Only the group's own mean makes a dead row's advantage exactly 0 for a reason; under the other
        # baselines an advantage of 0 is an accident, and skipping would save nothing.
        return self.baseline == "group_mean" and self.entropy_coef == 0.0

    def init_state(self) -> State:
        return {"reward_sum": 0.0, "reward_count": 0.0}

    def credit(self, batch: Batch, state: State) -> Batch:
        rewards, judged = batch.returns, batch.judged
        if self.baseline == "group_mean":
            return batch.with_advantages(F.center(batch.by_group(rewards), batch.by_group(judged)).flatten())
        baseline = 0.0
        if self.baseline == "running_mean":
            baseline = state["reward_sum"] / max(state["reward_count"], 1.0)
        elif self.baseline == "batch_mean":
            total, count = F.total_and_count(rewards, judged, batch.reduce)
            baseline = total / max(count, 1.0)
        return batch.with_advantages((rewards - baseline).masked_fill(~judged, 0.0))

    def observe(self, batch: Batch, state: State) -> State:
        total, count = F.total_and_count(batch.returns, batch.judged, batch.reduce)
        return {"reward_sum": state["reward_sum"] + total, "reward_count": state["reward_count"] + count}

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        value = batch.aggregate(F.reinforce(outputs.logprobs, batch.advantages), self.aggregation)
        if self.entropy_coef:
            value = value - self.entropy_coef * batch.aggregate(outputs.entropy, "token")
        return Loss(value)
