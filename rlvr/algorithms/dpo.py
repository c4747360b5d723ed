"""DPO: preferences without a reward model and without sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, Positive, Share
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from torch import Tensor

    from rlvr.training.batch import Batch, Outputs


@algorithm("dpo")
@dataclass(frozen=True, slots=True)
class DPO(Algorithm):
    """Direct preference optimization, Rafailov et al. 2023, arXiv:2305.18290, eq. 7.

    loss = mean over pairs of -log sigmoid(m), m = beta * (log pi/ref(chosen) - log pi/ref(rejected)): the
    Bradley-Terry loss of the reward beta * log pi/ref, whose optimal policy under a KL penalty is pi
    itself. Log-probs are sums over the completion. Options: `beta`; `kind`: `sigmoid`, or `ipo`, which
    aims at a gap of 1 / (2 beta) instead of an infinite one (Azar et al. 2023, arXiv:2310.12036);
    `label_smoothing`, the rate at which labels are thought to be wrong.
    """

    beta: Positive = 0.1
    kind: Literal["sigmoid", "ipo"] = "sigmoid"
    label_smoothing: Share = 0.0

    advantage: ClassVar[str] = "-"
    surrogate: ClassVar[str] = "preference margin"
    aggregation: ClassVar[str] = "pairs"
    paper: ClassVar[str] = "https://arxiv.org/abs/2305.18290"
    source: ClassVar[Literal["pairs"]] = "pairs"

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"ref_logprobs"})

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        def of_rows(logprobs: Tensor) -> tuple[Tensor, Tensor]:
            return batch.pairs(logprobs.masked_fill(~batch.mask, 0.0).sum(dim=1))

        losses, margin = F.dpo(
            *of_rows(outputs.logprobs), *of_rows(batch.ref_logprobs), self.beta, self.label_smoothing, self.kind
        )
        # A tie, such as every pair before the first update, is half right.
        metrics = {"pairs/accuracy": margin.detach().sign() / 2 + 0.5, "pairs/margin": margin.detach()}
        return Loss(losses.sum() / max(batch.num_prompts, 1.0), metrics)
