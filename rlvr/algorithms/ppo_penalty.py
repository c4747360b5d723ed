"""PPO with a penalty instead of a clip: the exact KL to the old policy, with a coefficient that follows a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative, Positive, Share, State
from rlvr.algorithms.critic import value_in_loss
from rlvr.algorithms.kl import Control, next_coef
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("ppo_penalty")
@dataclass(frozen=True, slots=True)
class PPOPenalty(Algorithm):
    """PPO with an adaptive KL penalty, Schulman et al. 2017, arXiv:1707.06347, section 4, eq. 8.

    loss = mean over tokens of -rho A + kl_coef * KL(old, new) + value_coef * value loss - entropy_coef H.
    The KL is exact, over the full vocabulary, and from the old policy to the new one, as in the paper.

    After an iteration the coefficient doubles where the KL is above 1.5 `kl_target`, and halves where it is below
    `kl_target` / 1.5 (nats a token); `kl_control` may also be `proportional` or `fixed`. Measured is what the last
    update saw before its step, so it takes several (`train.epochs`, `train.minibatch`). Options else as PPO's.
    """

    gamma: Share = 1.0
    gae_lambda: Share = 1.0
    kl_coef: NotNegative = 1.0
    kl_target: Positive = 0.01
    kl_control: Control = "doubling"
    value_coef: NotNegative = 0.5
    value_clip: NotNegative = 0.2
    entropy_coef: NotNegative = 0.0
    whiten: bool = True

    advantage: ClassVar[str] = "GAE over a critic"
    surrogate: ClassVar[str] = "ratio, minus adaptive KL(old, new)"
    aggregation: ClassVar[Literal["token"]] = "token"
    paper: ClassVar[str] = "https://arxiv.org/abs/1707.06347"

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"old_logprobs", "values", "kl_old"})

    def init_state(self) -> State:
        return {"kl_coef": self.kl_coef}

    def credit(self, batch: Batch, state: State) -> Batch:
        advantages = F.gae(batch.token_rewards, batch.values, batch.mask, self.gamma, self.gae_lambda)
        targets = (advantages + batch.values).masked_fill(~batch.mask, 0.0)
        if self.whiten:
            advantages = F.whiten(advantages, batch.mask, batch.reduce)
        return replace(batch, advantages=advantages, value_targets=targets, kl_coef=state["kl_coef"])

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        assert outputs.kl_old is not None and batch.kl_coef is not None, "needs kl_old, and the coefficient of credit"
        log_ratio = (outputs.logprobs - batch.old_logprobs).masked_fill(~batch.mask, 0.0)
        tokens = F.unclipped(log_ratio, batch.advantages) + batch.kl_coef * outputs.kl_old
        value = batch.aggregate(tokens, self.aggregation)
        if self.entropy_coef:
            value = value - self.entropy_coef * batch.aggregate(outputs.entropy, "token")
        loss = Loss(value, {"policy/ratio": log_ratio.detach().exp()})
        return value_in_loss(loss, outputs, batch, self.value_coef, self.value_clip)

    def after_iteration(self, metrics: Mapping[str, float], state: State) -> State:
        if "policy/kl_old" not in metrics:  # the update had nothing to train
            return state
        coef = next_coef(state["kl_coef"], metrics["policy/kl_old"], control=self.kl_control, target=self.kl_target)
        return {**state, "kl_coef": coef}
