"""A reward model: a score for a whole answer, learned from which of two was preferred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, NotNegative
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("reward_model")
@dataclass(frozen=True, slots=True)
class RewardModel(Algorithm):
    """The Bradley-Terry model of preferences, as in InstructGPT, Ouyang et al. 2022, arXiv:2203.02155, eq. 1.

    loss = mean over pairs of -log sigmoid(s_chosen - s_rejected - margin_coef * margin) + center_coef *
    (s_chosen + s_rejected)^2. The score is a linear head on the last token's hidden state; a checkpoint is a
    plain sequence classifier with one label. Options: `margin_coef` weighs the margin that a pair came
    with, how much better the chosen one is (Llama 2, arXiv:2307.09288, eq. 2); `center_coef` keeps the
    scores, of which the loss sees only differences, near 0 (arXiv:2312.09244).
    """

    margin_coef: NotNegative = 1.0
    center_coef: NotNegative = 0.0

    advantage: ClassVar[str] = "-"
    surrogate: ClassVar[str] = "score margin"
    aggregation: ClassVar[str] = "pairs"
    paper: ClassVar[str] = "https://arxiv.org/abs/2203.02155"
    source: ClassVar[Literal["pairs"]] = "pairs"
    head: ClassVar[Literal["score"]] = "score"

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        assert outputs.scores is not None, "the run loads a model with a score head for this algorithm"
        chosen, rejected = batch.pairs(outputs.scores)
        losses = F.bradley_terry(chosen, rejected, self.margin_coef * batch.pairs(batch.margins)[0])
        if self.center_coef:
            losses = losses + self.center_coef * (chosen + rejected).square()
        gap = (chosen - rejected).detach()
        metrics = {
            "pairs/accuracy": gap.sign() / 2 + 0.5,  # a tie is half right
            "pairs/margin": gap,
            "pairs/score": outputs.scores.detach(),
        }
        return Loss(losses.sum() / max(batch.num_prompts, 1.0), metrics)
