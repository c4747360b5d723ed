"""CISPO: the importance weight is clipped, never the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative, State
from rlvr.algorithms.kl import kl_in_loss
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("cispo")
@dataclass(frozen=True, slots=True)
class CISPO(Algorithm):
    """Clipped importance-sampling policy optimization, MiniMax-M1, 2025, arXiv:2506.13585, eq. 4 and 5.

    loss = the mean over all tokens of -stop_gradient(min(rho, 1 + clip_high)) A log pi, with the group
    z-score as A. Every token learns, also one whose ratio has left the bound; it only weighs no more.

    Options: `clip_high` (the paper's runs have no lower bound and leave the value open; 4 is a weight of
    at most 5); `kl_coef` (0 loads no reference) and `kl_importance`; `ddof` and `eps` of the group's
    standard deviation; `mask_truncated`.
    """

    clip_high: NotNegative = 4.0
    kl_coef: NotNegative = 0.0
    kl_importance: bool = False
    ddof: Literal[0, 1] = 1
    eps: NotNegative = 1e-4
    mask_truncated: bool = False

    advantage: ClassVar[str] = "group z-score"
    surrogate: ClassVar[str] = "clipped weight times log-prob"
    aggregation: ClassVar[Literal["token"]] = "token"
    paper: ClassVar[str] = "https://arxiv.org/abs/2506.13585"
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
        tokens, held = F.cispo(outputs.logprobs, log_ratio, batch.advantages, self.clip_high)
        metrics = {"policy/clip_rate": held.float(), "policy/ratio": log_ratio.detach().exp()}
        loss = Loss(batch.aggregate(tokens, self.aggregation), metrics)
        return kl_in_loss(loss, outputs, batch, self.kl_coef, self.aggregation, importance=self.kl_importance)
