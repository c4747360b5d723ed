"""REINFORCE++: PPO's clipped ratio on advantages that are whitened over the whole batch, without a critic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative, Share, State
from rlvr.algorithms.kl import kl_in_loss, kl_in_reward
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("reinforce_pp")
@dataclass(frozen=True, slots=True)
class ReinforcePP(Algorithm):
    """REINFORCE++, Hu et al. 2025, arXiv:2501.03262.

    `baseline: none`        A_t = r - kl_coef * sum over s >= t of k1_s, whitened: (A - mean) / std over all
                            trained tokens of the batch, on all ranks
    `baseline: group_mean`  (REINFORCE++-baseline) A = r - mean of the group, over the std of the whole batch;
                            the KL stands in the loss, as k2, whose gradient is the KL's at each state

    loss = the mean over all tokens of -min(rho A, clip(rho) A). Where we differ: with the group's mean we
    do not subtract the batch's mean again, which would push the rows of groups that say nothing.
    Options: `baseline`; `kl_coef` (0 loads no reference); `clip_low`, `clip_high`;
    `mask_truncated` trains no completion that was cut off.
    """

    baseline: Literal["none", "group_mean"] = "none"
    kl_coef: NotNegative = 0.0
    clip_low: Share = 0.2
    clip_high: NotNegative = 0.2
    mask_truncated: bool = False

    advantage: ClassVar[str] = "return (k1 KL in it) or reward minus group mean, whitened over the batch"
    surrogate: ClassVar[str] = "clipped ratio"
    aggregation: ClassVar[Literal["token"]] = "token"
    paper: ClassVar[str] = "https://arxiv.org/abs/2501.03262"

    @property
    def needs(self) -> frozenset[str]:
        if not self.kl_coef:
            return frozenset()
        return frozenset({"ref_logprobs"} | ({"old_logprobs"} if self.baseline == "none" else set()))

    @property
    def dead_rows_are_free(self) -> bool:
        # Whitening moves every row: only where the group's mean alone is subtracted does a dead one stay at 0.
        return self.baseline == "group_mean" and self.kl_coef == 0.0

    def credit(self, batch: Batch, state: State) -> Batch:
        if self.mask_truncated:
            batch = batch.without(batch.truncated)
        if self.baseline == "group_mean":
            centered = F.center(batch.by_group(batch.returns), batch.by_group(batch.judged)).flatten()
            batch = batch.with_advantages(centered)
            return replace(batch, advantages=F.whiten(batch.advantages, batch.mask, batch.reduce, center=False))
        if self.kl_coef:
            batch = kl_in_reward(batch, self.kl_coef)
        returns = F.returns_to_go(batch.token_rewards, batch.mask)
        return replace(batch, advantages=F.whiten(returns, batch.mask, batch.reduce))

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        log_ratio = (outputs.logprobs - batch.old_logprobs).masked_fill(~batch.mask, 0.0)
        tokens, held = F.clipped(log_ratio, batch.advantages, self.clip_low, self.clip_high)
        metrics = {"policy/clip_rate": held.float(), "policy/ratio": log_ratio.detach().exp()}
        loss = Loss(batch.aggregate(tokens, self.aggregation), metrics)
        coef = self.kl_coef if self.baseline == "group_mean" else 0.0
        return kl_in_loss(loss, outputs, batch, coef, self.aggregation, estimator="k2")
