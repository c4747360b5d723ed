"""Advantages: how much better a completion was than what was to be expected.

Those of a group take `rewards [P, G]`, the rewards of G completions of each of P prompts, and `judged
[P, G]`, True where a reward is known. What could not be judged is left out of every statistic and gets
advantage 0. A *dead* group (all rewards equal, or fewer than two judged) gets exactly 0, so that
its rows can be skipped; arithmetic alone would leave rounding noise that `eps` then magnifies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

#: Rewards closer than this are equal: a float sum of equal parts may differ in its last bits.
DEAD_SPREAD = 1e-6


def dead_groups(rewards: Tensor, judged: Tensor) -> Tensor:
    """Groups that say nothing about which completion was better -> `[P]` bool.

    dead = (max - min < 1e-6) or (number judged < 2)
    """
    high = rewards.masked_fill(~judged, -float("inf")).amax(dim=1)
    low = rewards.masked_fill(~judged, float("inf")).amin(dim=1)
    return (high - low < DEAD_SPREAD) | (judged.sum(dim=1) < 2)


def center(rewards: Tensor, judged: Tensor) -> Tensor:
    """A_i = r_i - mean(r), over the judged of each group -> `[P, G]`. Dr. GRPO, Liu et al. 2025, arXiv:2503.20783."""
    known = rewards.masked_fill(~judged, 0.0)
    mean = known.sum(dim=1, keepdim=True) / judged.sum(dim=1, keepdim=True).clamp(min=1)
    live = judged & ~dead_groups(rewards, judged).unsqueeze(1)
    return (known - mean).masked_fill(~live, 0.0)


def standardize(rewards: Tensor, judged: Tensor, ddof: int = 1, eps: float = 1e-4) -> Tensor:
    """A_i = (r_i - mean(r)) / (std(r) + eps), over the judged of each group -> `[P, G]`.

    std divides by n - ddof. GRPO, Shao et al. 2024, arXiv:2402.03300, section 4.1.2.
    """
    centered = center(rewards, judged)
    count = (judged.sum(dim=1, keepdim=True) - ddof).clamp(min=1)
    std = (centered.square().sum(dim=1, keepdim=True) / count).sqrt()
    scale = std + eps
    return centered / scale.where(scale > 0, 1.0)  # a dead group stays 0 without an eps too


def leave_one_out(rewards: Tensor, judged: Tensor) -> Tensor:
    """A_i = r_i - mean of the *other* judged rewards of the group -> `[P, G]`.

    With n judged this is n / (n - 1) * (r_i - mean(r)). RLOO, Ahmadian et al. 2024, arXiv:2402.14740.
    """
    count = judged.sum(dim=1, keepdim=True)
    return center(rewards, judged) * count / (count - 1).clamp(min=1)


def total_and_count(rewards: Tensor, judged: Tensor, reduce: Callable[[Tensor], Tensor]) -> tuple[float, float]:
    """Sum and number of the judged rewards over all ranks; `rewards [B]`, `judged [B]`."""
    known = rewards.masked_fill(~judged, 0.0).double()
    total, count = reduce(torch.stack([known.sum(), judged.sum().double()])).tolist()
    return total, count


def whiten(
    values: Tensor,
    mask: Tensor,
    reduce: Callable[[Tensor], Tensor] = lambda sums: sums,
    *,
    center: bool = True,
    eps: float = 1e-8,
) -> Tensor:
    """(x - mean) / (std + eps) over all that is trained, on all ranks -> `[B, T]`, 0 outside `mask [B, T]`.

    std divides by the count. `center=False` leaves the mean in: x / (std + eps). `reduce` sums over
    ranks: the result is the same on one as on many.
    """
    known = values.masked_fill(~mask.bool(), 0.0)
    total, count = reduce(torch.stack([known.double().sum(), mask.sum().double()])).tolist()
    mean = total / max(count, 1.0)
    deviations = (known - mean).masked_fill(~mask.bool(), 0.0)
    # In a second pass: a mean of squares minus the square of the mean cancels.
    squares = float(reduce(deviations.double().square().sum()))
    return (deviations if center else known) / ((squares / max(count, 1.0)) ** 0.5 + eps)


@dataclass(frozen=True, slots=True)
class RunningMean:
    """The mean of the rewards of *earlier* batches: a baseline that does not depend on this one.

    A batch's own rewards go in only after its advantages were computed.
    """

    total: float = 0.0
    count: float = 0.0

    @property
    def mean(self) -> float:
        """0 where nothing was seen yet."""
        return self.total / self.count if self.count else 0.0

    def after(self, total: float, count: float) -> RunningMean:
        """The state once a batch of `count` rewards that sum to `total` was seen."""
        return RunningMean(self.total + total, self.count + count)
