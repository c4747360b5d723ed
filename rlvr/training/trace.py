"""What an iteration's passes left behind: values of each token for the records, means for the metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from rlvr.training.batch import Batch, Outputs
from rlvr.training.ranks import ALONE, Ranks


@dataclass(slots=True)
class Trace:
    """What the model said of each token of an iteration when it first saw it; NaN where it never did."""

    logprobs: Tensor  # [B, T], the old_logprobs
    entropy: Tensor  # [B, T]
    ref_logprobs: Tensor | None = None  # [B, T]
    values: Tensor | None = None  # [B, T]
    scores: Tensor | None = None  # [B], of a reward model
    token_rewards: Tensor | None = None  # [B, T], before the algorithm took anything off them

    @classmethod
    def of(cls, batch: Batch) -> Trace:
        """The trace of an iteration of which nothing was seen yet."""
        unknown = torch.full(batch.token_ids.shape, float("nan"))
        return cls(unknown, unknown.clone(), ref_logprobs=batch.ref_logprobs, token_rewards=batch.token_rewards)

    def tensors(self) -> dict[str, Tensor | None]:
        """What the records keep, by their names."""
        return {
            "old_logprobs": self.logprobs,
            "entropy": self.entropy,
            "ref_logprobs": self.ref_logprobs,
            "values": self.values,
            "token_rewards": self.token_rewards,
            **({} if self.scores is None else {"scores": self.scores}),
        }

    def note(self, batch: Batch, outputs: Outputs) -> None:
        """Fills the tokens in that have no value yet."""
        rows, mask, width = batch.row.cpu(), batch.mask.cpu(), batch.token_ids.shape[1]
        if outputs.scores is not None:
            if self.scores is None:
                self.scores = torch.full((len(self.logprobs),), float("nan"))
            new = outputs.scores.detach().to(self.scores)
            self.scores[rows] = torch.where(self.scores[rows].isnan(), new, self.scores[rows])
            return
        for kept, new in ((self.logprobs, outputs.logprobs), (self.entropy, outputs.entropy)):
            old = kept[rows, :width]
            kept[rows, :width] = torch.where(old.isnan() & mask, new.detach().to(kept), old)


class Sums:
    """Means over an update of what its micro-batches report."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = defaultdict(float)
        self.counts: dict[str, float] = defaultdict(float)

    def add(self, metrics: Mapping[str, Tensor], mask: Tensor) -> None:
        """Values per token `[B, T]`, of which those in `mask` count, or per row or pair `[N]`."""
        for name, values in metrics.items():
            values = values.detach().double()
            per_token = values.dim() == 2
            self.totals[name] += float((values.masked_fill(~mask, 0.0) if per_token else values).sum())
            self.counts[name] += float(mask.sum()) if per_token else len(values)

    def means(self, ranks: Ranks = ALONE) -> dict[str, float]:
        """The means over all ranks. A rank that had nothing to add names nothing, and gets the same."""
        totals: dict[str, float] = defaultdict(float)
        counts: dict[str, float] = defaultdict(float)
        for more, of in ranks.all((dict(self.totals), dict(self.counts))):
            for name, total in more.items():
                totals[name] += total
                counts[name] += of[name]
        # One division: a mean of ratios that are all 1 is 1, however they were split.
        return {name: total / max(counts[name], 1.0) for name, total in totals.items()}
