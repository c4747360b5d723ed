"""A2C: advantage actor-critic, with a choice of how far a return looks before it trusts the critic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Count, Loss, NotNegative, Share, State
from rlvr.algorithms.critic import value_in_loss
from rlvr.algorithms.kl import kl_in_reward
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("a2c")
@dataclass(frozen=True, slots=True)
class A2C(Algorithm):
    """Advantage actor-critic, Mnih et al. 2016, arXiv:1602.01783, on whole batches instead of asynchronous workers.

    A_t = G_t - V(s_t), loss = mean over tokens of -A_t log pi + value_coef (V - G_t)^2 / 2 - entropy_coef H.

    Options: `estimator` of G_t: `n_step` (n rewards, then the critic), `td_lambda` (the lambda-return) or
    `gae` (the same, written as a sum of TD errors); `n`, `gamma`, `gae_lambda` (1 and 1: the full return, and
    an unbiased gradient under `aggregation: sequence_sum`); `value_coef`, `entropy_coef`; `kl_coef` takes k1 to the
    reference off each token's reward (0 loads no reference); `whiten` standardises the advantages over the
    iteration; `aggregation`.
    """

    estimator: Literal["n_step", "td_lambda", "gae"] = "gae"
    n: Count = 8
    gamma: Share = 1.0
    gae_lambda: Share = 1.0
    value_coef: NotNegative = 0.5
    entropy_coef: NotNegative = 0.0
    kl_coef: NotNegative = 0.0
    whiten: bool = False
    aggregation: Literal["token", "sequence", "sequence_sum"] = "token"

    advantage: ClassVar[str] = "n-step, TD(lambda) or GAE over a critic"
    surrogate: ClassVar[str] = "log-prob"
    paper: ClassVar[str] = "https://arxiv.org/abs/1602.01783"

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"values"} | ({"old_logprobs", "ref_logprobs"} if self.kl_coef else set()))

    def credit(self, batch: Batch, state: State) -> Batch:
        if self.kl_coef:
            batch = kl_in_reward(batch, self.kl_coef)
        rewards, values, mask = batch.token_rewards, batch.values, batch.mask
        if self.estimator == "n_step":
            returns = F.n_step_returns(rewards, values, mask, self.n, self.gamma)
        elif self.estimator == "td_lambda":
            returns = F.lambda_returns(rewards, values, mask, self.gamma, self.gae_lambda)
        else:
            returns = F.gae(rewards, values, mask, self.gamma, self.gae_lambda) + values
        advantages = (returns - values).masked_fill(~mask, 0.0)
        if self.whiten:
            advantages = F.whiten(advantages, mask, batch.reduce)
        return replace(batch, advantages=advantages, value_targets=returns)

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        value = batch.aggregate(F.reinforce(outputs.logprobs, batch.advantages), self.aggregation)
        if self.entropy_coef:
            value = value - self.entropy_coef * batch.aggregate(outputs.entropy, "token")
        return value_in_loss(Loss(value), outputs, batch, self.value_coef)
