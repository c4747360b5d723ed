"""How far the trainer's log-probs are from the engine's on the tokens that were sampled, and what is made of it.

Engine and trainer speak of the same weights and the same distribution, so before the first update they must agree up
to rounding. Where they do not, every ratio is wrong and training quietly goes nowhere; so a run refuses to start. What
rounding leaves, and what the age of completions adds that older weights sampled, is weighted away (`Correction`).
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss
from rlvr.errors import UserError
from rlvr.functional.importance import Correction
from rlvr.training.batch import Batch, Outputs
from rlvr.training.ranks import Ranks

#: Largest mean absolute difference, in nats, at which a run starts.
LIMITS = {"float32": 1e-3, "float64": 1e-3, "bfloat16": 0.05, "float16": 0.05}
QUANTILES = {"mismatch/logprob_p50": 0.5, "mismatch/logprob_p95": 0.95, "mismatch/logprob_p99": 0.99}


def weighted_loss(algorithm: Algorithm, outputs: Outputs, batch: Batch) -> Loss:
    """The algorithm's loss with each token's surrogate weighted by `batch.correction`; the only place that does so.

    Every surrogate is proportional to the advantage, so weighting that with w >= 0 is weighting the surrogate:
    w min(rho A, clip(rho) A). As in the literature (TIS, IcePop; decoupled PPO, Hilton et al. 2021, arXiv:2110.00641)
    nothing else is weighted: advantages and the critic's targets are made of the rewards as they came, and KL and
    entropy terms are penalties at the states that were visited. The loss's denominator counts every sampled token.
    """
    if batch.correction is None or batch.advantages is None:
        return algorithm.loss(outputs, batch)
    log_weights = F.log_weights(batch.old_logprobs, batch.sampler_logprobs, batch.mask)
    weights, _ = batch.correction.weights(log_weights, batch.mask)
    return algorithm.loss(outputs, replace(batch, advantages=batch.advantages * weights))


def mismatch_metrics(trainer: Tensor, sampler: Tensor, correction: Correction | None = None) -> dict[str, float]:
    """Statistics of trainer - sampler before any bound; `[B, T]` each, NaN where either is unknown."""
    difference = (trainer - sampler).double()
    known = ~difference.isnan()
    tokens = difference[known]
    if not len(tokens):
        return {}
    distance, weights = tokens.abs(), tokens.exp()
    rows = difference.masked_fill(~known, 0.0).sum(dim=1)[known.any(dim=1)]
    metrics = {
        "mismatch/logprob_mean": float(distance.mean()),
        "mismatch/logprob_max": float(distance.max()),
        **{name: float(quantile(distance, share)) for name, share in QUANTILES.items()},
        "mismatch/kl": float((weights - 1 - tokens).mean()),
        "mismatch/ratio_max": float(weights.max()),
        "mismatch/ess": float(F.effective_sample_share(tokens)),
        "mismatch/ess_sequence": float(F.effective_sample_share(rows)),
    }
    if correction is not None:
        _, bounded = correction.weights(difference.masked_fill(~known, 0.0), known)
        metrics["mismatch/bounded_rate"] = float(bounded[known].double().mean())
    return metrics


def everywhere(ranks: Ranks, *tensors: Tensor) -> list[Tensor]:
    """Tensors `[B, T]` of this rank's rows -> those of all ranks' rows, padded with NaN."""
    if ranks.alone:
        return list(tensors)
    parts = ranks.all([tensor.cpu() for tensor in tensors])
    width = max(tensor.shape[1] for part in parts for tensor in part)
    return [
        torch.cat([nn.functional.pad(tensor, (0, width - tensor.shape[1]), value=math.nan) for tensor in column])
        for column in zip(*parts, strict=True)
    ]


def quantile(values: Tensor, share: float) -> Tensor:
    """The smallest of `values [n]` that at least `share` of them do not exceed."""
    rank = max(1, math.ceil(share * len(values)))
    return torch.kthvalue(values, rank).values


def refuse_mismatch(metrics: dict[str, float], dtype: str) -> None:
    """Raises `UserError` when the two disagree by more than rounding, naming the likely cause."""
    mean = metrics.get("mismatch/logprob_mean", 0.0)
    if mean <= LIMITS[dtype]:
        return
    cause = (
        "another temperature in the engine than in the recipe's sampling section, or other weights than the trainer's"
    )
    if metrics["mismatch/ratio_max"] < 1 + LIMITS[dtype]:
        # What truncation leaves is scaled up: each sampled token is likelier to the engine, none less likely.
        cause = (
            "top_p or top_k in the engine, since it finds every token that it sampled likelier than the trainer does"
        )
    raise UserError(
        f"the trainer's log-probs are {mean:.3g} nats from the engine's on average (at most {LIMITS[dtype]:g} in "
        f"{dtype}), before the first update. Training on them would optimise the wrong policy. Likely cause: {cause}; "
        "next, a prompt that was tokenised differently, or a dtype in which the engine's kernels differ. "
        "Run with model.dtype=float32 to see whether it is only rounding."
    )
