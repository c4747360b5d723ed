"""Return-conditioned training: learn what leads to which return, then ask for a high one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr.algorithms.base import Algorithm, Loss, NotNegative
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("return_conditioned")
@dataclass(frozen=True, slots=True)
class ReturnConditioned(Algorithm):
    """The Decision Transformer's idea, Chen et al. 2021, arXiv:2106.01345, for completions.

    Each trajectory is the prompt, the return it earned, written `return=0.5` and a newline at the start of
    the answer, and the completion; loss = mean over the completion's tokens of -log pi(token | prompt, return)
    + language_coef * the same over the texts of `data.language`, an auxiliary language-modelling loss that
    keeps what pre-training taught (Reid et al. 2022, arXiv:2201.12122, eq. 3: L_decision + lambda L_language).
    No advantage, no ratio: sampling asks for the return it wants (`wanted_return: 1`). Options: `language_coef`.
    """

    language_coef: NotNegative = 0.0

    advantage: ClassVar[str] = "-"
    surrogate: ClassVar[str] = "token log-likelihood"
    aggregation: ClassVar[str] = "token"
    paper: ClassVar[str] = "https://arxiv.org/abs/2106.01345"
    source: ClassVar[Literal["trajectories"]] = "trajectories"

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        decision, language = batch.by_kind()
        value = decision.aggregate(-outputs.logprobs, "token")
        if self.language_coef:
            value = value + self.language_coef * language.aggregate(-outputs.logprobs, "token")
        return Loss(value)
