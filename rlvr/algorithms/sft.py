"""Supervised fine-tuning: the log-likelihood of given answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr.algorithms.base import Algorithm, Loss
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("sft")
@dataclass(frozen=True, slots=True)
class SFT(Algorithm):
    """Maximum likelihood of the demonstrations: loss = mean over trained tokens of -log pi(token).

    REINFORCE with advantage 1 on completions that somebody else wrote. Options: `aggregation`:
    `token` (each token counts the same) or `sequence` (each demonstration counts the same).
    """

    aggregation: Literal["token", "sequence"] = "token"

    advantage: ClassVar[str] = "-"
    surrogate: ClassVar[str] = "token log-likelihood"
    paper: ClassVar[str] = "https://arxiv.org/abs/2203.02155"
    source: ClassVar[Literal["on_policy", "corpus"]] = "corpus"

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        return Loss(batch.aggregate(-outputs.logprobs, self.aggregation))
