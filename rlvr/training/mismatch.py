"""How far the trainer's log-probs are from the engine's on the tokens that were sampled.

Both speak of the same weights and the same distribution, so before the first update they must agree.
Where they do not, every ratio is wrong and training quietly goes nowhere; so a run refuses to start.
"""

from __future__ import annotations

from torch import Tensor

from rlvr.errors import UserError

#: Largest mean absolute difference, in nats, at which a run starts.
LIMITS = {"float32": 1e-3, "float64": 1e-3, "bfloat16": 0.05, "float16": 0.05}


def mismatch_metrics(trainer: Tensor, sampler: Tensor) -> dict[str, float]:
    """Untruncated statistics of trainer - sampler; `[B, T]` each, NaN where either is unknown."""
    difference = (trainer - sampler).double()
    difference = difference[~difference.isnan()]
    if not len(difference):
        return {}
    return {
        "mismatch/logprob_mean": float(difference.abs().mean()),
        "mismatch/logprob_max": float(difference.abs().max()),
        "mismatch/kl": float((difference.exp() - 1 - difference).mean()),
        "mismatch/ratio_max": float(difference.exp().max()),
    }


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
