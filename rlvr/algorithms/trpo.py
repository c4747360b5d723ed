"""TRPO: the largest step along the natural gradient that keeps KL(old, new) within a bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Count, CountOrAll, Loss, NotNegative, Positive, Share, State, TrustRegion
from rlvr.algorithms.critic import value_in_loss
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("trpo")
@dataclass(frozen=True, slots=True)
class TRPO(Algorithm):
    """Trust region policy optimization, Schulman et al. 2015, arXiv:1502.05477, eq. 14 and appendix C.

    maximise E[sum over tokens of rho A] subject to mean KL(old, new) <= max_kl, nats a token. The direction solves
    F x = g by `cg_iterations` of conjugate gradient, with F the Hessian of the exact KL over the full
    vocabulary (`fisher_rows` completions make it; 0: all) plus `damping`; the length is found by a line search,
    which halves it at most `backtracks` times until the *measured* KL is within the bound and the measured surrogate
    better, or makes no step. One update an iteration; `train.lr` is the critic's schedule only.

    Options: `baseline`: `critic` (GAE with `gamma`, `gae_lambda`; the critic makes `critic_updates` steps of Adam an
    iteration and its loss never reaches the policy) or `group` (the reward minus the group's mean); `whiten`
    standardises the advantages.
    """

    max_kl: Positive = 0.01
    baseline: Literal["critic", "group"] = "critic"
    gamma: Share = 1.0
    gae_lambda: Share = 1.0
    whiten: bool = True
    cg_iterations: Count = 10
    damping: NotNegative = 0.1
    backtracks: Count = 10
    fisher_rows: CountOrAll = 0
    critic_updates: Count = 8

    advantage: ClassVar[str] = "GAE over a critic, or group mean"
    surrogate: ClassVar[str] = "ratio, under KL(old, new) <= max_kl"
    aggregation: ClassVar[Literal["sequence_sum"]] = "sequence_sum"
    paper: ClassVar[str] = "https://arxiv.org/abs/1502.05477"
    step_kind: ClassVar[Literal["adam", "natural"]] = "natural"

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"old_logprobs", "kl_old"} | ({"values"} if self.baseline == "critic" else set()))

    @property
    def trust_region(self) -> TrustRegion:
        return TrustRegion(
            max_kl=self.max_kl,
            damping=self.damping,
            cg_iterations=self.cg_iterations,
            backtracks=self.backtracks,
            fisher_rows=self.fisher_rows,
            critic_updates=self.critic_updates,
        )

    def credit(self, batch: Batch, state: State) -> Batch:
        if self.baseline == "group":
            centered = F.center(batch.by_group(batch.returns), batch.by_group(batch.judged)).flatten()
            batch = batch.with_advantages(centered)
        else:
            advantages = F.gae(batch.token_rewards, batch.values, batch.mask, self.gamma, self.gae_lambda)
            targets = (advantages + batch.values).masked_fill(~batch.mask, 0.0)
            batch = replace(batch, advantages=advantages, value_targets=targets)
        if self.whiten:
            batch = replace(batch, advantages=F.whiten(batch.advantages, batch.mask, batch.reduce))
        return batch

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        log_ratio = (outputs.logprobs - batch.old_logprobs).masked_fill(~batch.mask, 0.0)
        value = batch.aggregate(F.unclipped(log_ratio, batch.advantages), self.aggregation)
        loss = Loss(value, {"policy/ratio": log_ratio.detach().exp()})
        return value_in_loss(loss, outputs, batch, coef=1.0)
