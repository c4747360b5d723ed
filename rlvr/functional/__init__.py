"""Pure functions of tensors: the mathematics of rlvr, one topic a module.

Shapes: `B` rows, `T` positions, `P` prompts, `G` completions of each, `V` vocabulary, `H` hidden.
The functions are loaded on first use, so that reading an algorithm's options loads no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlvr.functional.advantages import center, dead_groups, leave_one_out, standardize, total_and_count
    from rlvr.functional.aggregate import aggregation_weights
    from rlvr.functional.divergence import k1, k2, k3
    from rlvr.functional.surrogates import clipped, reinforce, sequence_log_ratio
    from rlvr.functional.tokens import masked_mean, token_logprobs

_HOME = {
    "center": "advantages",
    "dead_groups": "advantages",
    "leave_one_out": "advantages",
    "standardize": "advantages",
    "total_and_count": "advantages",
    "aggregation_weights": "aggregate",
    "k1": "divergence",
    "k2": "divergence",
    "k3": "divergence",
    "clipped": "surrogates",
    "reinforce": "surrogates",
    "sequence_log_ratio": "surrogates",
    "masked_mean": "tokens",
    "token_logprobs": "tokens",
}

__all__ = [
    "aggregation_weights",
    "center",
    "clipped",
    "dead_groups",
    "k1",
    "k2",
    "k3",
    "leave_one_out",
    "masked_mean",
    "reinforce",
    "sequence_log_ratio",
    "standardize",
    "token_logprobs",
    "total_and_count",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"rlvr.functional has no {name!r}")
    return getattr(importlib.import_module(f"rlvr.functional.{_HOME[name]}"), name)
