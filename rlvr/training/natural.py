"""A natural step: along the natural gradient, as far as a bound on KL(old, new) allows, or not at all.

TRPO, Schulman et al. 2015, arXiv:1502.05477, appendix C. The KL is exact, over the full vocabulary, and both
it and the surrogate are measured again at every point that the line search tries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from rlvr.algorithms.base import Algorithm, TrustRegion
from rlvr.functional import trust_region as F
from rlvr.training.batch import Batch
from rlvr.training.forward import forward, kl_between, last_hidden, placed, positions
from rlvr.training.mismatch import weighted_loss
from rlvr.training.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def natural_step(
    model: PreTrainedModel,
    old: PreTrainedModel,
    algorithm: Algorithm,
    parts: Sequence[Batch],
    gradient: Tensor,
    region: TrustRegion,
    temperature: float,
    ranks: Ranks = ALONE,
) -> dict[str, float]:
    """Moves `model`, which equals `old`, within the trust region; `gradient [n]` is that of the loss over `parts`.

    Every rank makes the same move, since all that it depends on is summed over them. The metrics say which fraction
    of the full step was taken (0: none), and what KL and gain were measured.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    start = torch.cat([p.detach().flatten() for p in parameters])
    fisher = fisher_batches(parts, region.fisher_rows, ranks)

    def product(vector: Tensor, damping: float = region.damping) -> Tensor:
        return ranks.sum(fisher_product(model, fisher, vector, temperature)) + damping * vector

    found = F.LineSearch(0.0, 0.0, 0.0, 0)
    if bool(gradient.any()):
        direction = F.conjugate_gradient(product, -gradient, region.cg_iterations)
        step = F.natural_step(direction, product(direction, damping=0.0), region.max_kl)
        measured = partial(measure, model, old, algorithm, parts, old_hidden(old, parts), temperature, ranks)
        before, _ = measured()

        def gained(fraction: float) -> tuple[float, float]:
            place(parameters, start + fraction * step)
            loss, kl = measured()
            return before - loss, kl

        found = F.backtracking_line_search(gained, region.max_kl, tries=region.backtracks)
        place(parameters, start + found.fraction * step if found.fraction else start)
    return {
        "trust_region/fraction": found.fraction,
        "trust_region/kl": found.kl,
        "trust_region/gain": found.improvement,
        "trust_region/refused": float(found.fraction == 0.0),
    }


def fisher_batches(parts: Sequence[Batch], rows: int, ranks: Ranks = ALONE) -> list[Batch]:
    """About `rows` rows of all ranks' `parts` (0: all), evenly spread over them, with the counts of these alone."""
    here = torch.cat([part.place for part in parts]).tolist() if parts else []
    live = sorted(place for places in ranks.all(here) for place in places)
    every = max(1, len(live) // rows) if rows else 1
    wanted = torch.tensor(live[::every])
    picked = [part.select(torch.isin(part.place, wanted.to(part.place)).nonzero().squeeze(1)) for part in parts]
    picked = [part for part in picked if len(part)]
    tokens = float(sum(ranks.all(sum(int(part.mask.sum()) for part in picked))))
    return [replace(part, num_tokens=tokens) for part in picked]


def fisher_product(model: PreTrainedModel, parts: Sequence[Batch], vector: Tensor, temperature: float) -> Tensor:
    """F v -> `[n]`, F the Hessian of the mean KL(old, new) of a token's distribution at new = old."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    total = torch.zeros_like(vector)
    with sdpa_kernel(SDPBackend.MATH):  # the fused kernels have no second derivative
        for part in parts:
            if not part.mask.any():
                continue
            total += F.fisher_vector_product(partial(_kl_here, model, part, temperature), parameters, vector)
    return total


def _kl_here(model: PreTrainedModel, part: Batch, temperature: float) -> Tensor:
    """The mean KL from the model to itself: 0, with first derivative 0; the second is the Fisher matrix."""
    hidden = last_hidden(model.base_model, part)[positions(part)]
    kl = kl_between(model, hidden.detach(), model, hidden, temperature)
    return part.aggregate(placed(part, kl), "token")


@torch.no_grad()
def old_hidden(old: PreTrainedModel, parts: Sequence[Batch]) -> list[Tensor]:
    """What the old policy's distributions at the trained tokens are made of, once for the whole line search."""
    return [last_hidden(old.base_model, part)[positions(part)] for part in parts]


@torch.no_grad()
def measure(
    model: PreTrainedModel,
    old: PreTrainedModel,
    algorithm: Algorithm,
    parts: Sequence[Batch],
    hidden: Sequence[Tensor],
    temperature: float,
    ranks: Ranks = ALONE,
) -> tuple[float, float]:
    """The algorithm's loss without its critic, and the mean exact KL(old, model) of a token, in nats."""
    loss = kl = 0.0
    for part, before in zip(parts, hidden, strict=True):
        outputs = forward(model, part, temperature, old=old, old_hidden=before)
        assert outputs.kl_old is not None
        loss += float(weighted_loss(algorithm, outputs, part).value)
        kl += float(part.aggregate(outputs.kl_old, "token"))
    return sum(ranks.all(loss)), sum(ranks.all(kl))


@torch.no_grad()
def place(parameters: Sequence[Tensor], vector: Tensor) -> None:
    """Writes the vector `[n]` into the parameters, in their order."""
    for parameter, piece in zip(parameters, vector.split([p.numel() for p in parameters]), strict=True):
        parameter.copy_(piece.view_as(parameter))
