"""After each push of weights: does the engine sample from the weights that the trainer has?

A weight that was lost on the way raises no error; the engine goes on with the old one. So an engine with weights of its
own continues a fixed prompt after each push, the trainer scores the same tokens, and beyond rounding the run stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlvr.errors import UserError
from rlvr.training.mismatch import LIMITS

if TYPE_CHECKING:
    from rlvr.training.local_backend import LocalBackend
    from rlvr.training.sources import Source

#: Largest mean absolute difference, in nats. In float32 the two agree to some 1e-6, and an update moves them by more.
BOUNDS = {**LIMITS, "float32": 1e-4, "float64": 1e-4}


def check_engine(source: Source, backend: LocalBackend) -> dict[str, float]:
    """The probe's difference as a metric; nothing where engine and trainer share their weights.

    Raises `UserError` where the engine has other weights. All ranks take part and come to the same number.
    """
    batch = source.probe()
    if batch is None:
        return {}
    gap = backend.mismatch(batch)["mismatch/logprob_mean"]
    if not gap <= BOUNDS[backend.dtype]:  # or not a number
        raise UserError(
            f"after update {backend.updates} the engine's log-probs of the probe are {gap:.3g} nats from the trainer's "
            f"(at most {BOUNDS[backend.dtype]:g} in {backend.dtype}): it does not sample from the weights that were "
            "just pushed. The last checkpoint is sound. Train with engine.name=hf, or with another version of vllm; if "
            "the model's weights have other names in vllm than in transformers, it cannot be trained with this engine."
        )
    return {"mismatch/probe": gap}
