"""PPO: GAE over a critic and a clipped ratio, so that several updates can be made of one iteration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative, Positive, Share, State
from rlvr.algorithms.critic import value_in_loss
from rlvr.algorithms.kl import Control, kl_in_loss, kl_in_reward, next_coef, reference_kl
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("ppo")
@dataclass(frozen=True, slots=True)
class PPO(Algorithm):
    """Proximal policy optimization, Schulman et al. 2017, arXiv:1707.06347, eq. 7 and 9.

    loss = mean over tokens of -min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A)
           + value_coef * value loss - entropy_coef H, with A from GAE (arXiv:1506.02438).

    `train.epochs` and `train.minibatch` make the several updates. Options: `gamma`, `gae_lambda`: 1 and 1, not
    the paper's 0.99 and 0.95, since with one reward at the end of a thousand tokens 0.99^1000 is 4e-5; `whiten`
    standardises the advantages over the iteration; `value_clip` (0: none) holds the critic near its
    values before the iteration; `stop_kl` (0: never) ends an iteration's updates once the KL to the
    policy before it exceeds it, nats a token.

    KL to the reference: `kl_coef` (0 loads none), `kl_in` the `reward` (k1 at each token, as in RLHF) or the
    `loss` (`kl_estimator`, `kl_importance`). `kl_control` lets the coefficient follow `kl_target`, nats a
    token: `doubling` (the paper's section 4) or `proportional` (arXiv:1909.08593, over `kl_horizon` completions).
    """

    gamma: Share = 1.0
    gae_lambda: Share = 1.0
    clip_low: Share = 0.2
    clip_high: NotNegative = 0.2
    value_coef: NotNegative = 0.5
    value_clip: NotNegative = 0.2
    entropy_coef: NotNegative = 0.0
    whiten: bool = True
    stop_kl: NotNegative = 0.0
    kl_coef: NotNegative = 0.0
    kl_in: Literal["reward", "loss"] = "reward"
    kl_estimator: Literal["k1", "k2", "k3"] = "k3"
    kl_importance: bool = False
    kl_control: Control = "fixed"
    kl_target: Positive = 0.01
    kl_horizon: Positive = 10_000.0

    advantage: ClassVar[str] = "GAE over a critic"
    surrogate: ClassVar[str] = "clipped ratio"
    aggregation: ClassVar[Literal["token"]] = "token"
    paper: ClassVar[str] = "https://arxiv.org/abs/1707.06347"

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"values"} | ({"old_logprobs", "ref_logprobs"} if self.kl_coef else set()))

    def init_state(self) -> State:
        return {"kl_coef": self.kl_coef} if self.kl_coef else {}

    def credit(self, batch: Batch, state: State) -> Batch:
        if self.kl_coef:
            batch = replace(batch, kl_coef=state["kl_coef"])
            if self.kl_in == "reward":
                batch = kl_in_reward(batch, state["kl_coef"])
        advantages = F.gae(batch.token_rewards, batch.values, batch.mask, self.gamma, self.gae_lambda)
        targets = (advantages + batch.values).masked_fill(~batch.mask, 0.0)
        if self.whiten:
            advantages = F.whiten(advantages, batch.mask, batch.reduce)
        return replace(batch, advantages=advantages, value_targets=targets)

    def observe(self, batch: Batch, state: State) -> State:
        if not self.kl_coef:
            return state
        kl, count = reference_kl(batch)
        coef = next_coef(
            state["kl_coef"], kl, control=self.kl_control, target=self.kl_target, count=count, horizon=self.kl_horizon
        )
        return {**state, "kl_coef": coef}

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        log_ratio = (outputs.logprobs - batch.old_logprobs).masked_fill(~batch.mask, 0.0)
        tokens, held = F.clipped(log_ratio, batch.advantages, self.clip_low, self.clip_high)
        value = batch.aggregate(tokens, self.aggregation)
        if self.entropy_coef:
            value = value - self.entropy_coef * batch.aggregate(outputs.entropy, "token")
        loss = Loss(value, {"policy/clip_rate": held.float(), "policy/ratio": log_ratio.detach().exp()})
        loss = value_in_loss(loss, outputs, batch, self.value_coef, self.value_clip)
        if self.kl_in == "reward" or not batch.kl_coef:
            return loss
        return kl_in_loss(
            loss,
            outputs,
            batch,
            batch.kl_coef,
            self.aggregation,
            estimator=self.kl_estimator,
            importance=self.kl_importance,
        )

    def after_update(self, metrics: Mapping[str, float], state: State) -> tuple[State, bool]:
        return state, bool(self.stop_kl) and metrics.get("policy/kl", 0.0) > self.stop_kl
