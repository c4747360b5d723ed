"""Pure functions of tensors: the mathematics of rlvr, one topic a module.

Shapes: `B` rows, `T` positions, `P` prompts, `G` completions of each, `V` vocabulary, `H` hidden.
The functions are loaded on first use, so that reading an algorithm's options loads no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlvr.functional.advantages import (
        RunningMean,
        center,
        dead_groups,
        leave_one_out,
        standardize,
        total_and_count,
        whiten,
    )
    from rlvr.functional.aggregate import aggregation_weights
    from rlvr.functional.divergence import entropy, exact_kl, k1, k2, k3, token_kl
    from rlvr.functional.importance import (
        Correction,
        effective_sample_share,
        log_weights,
        masked_tokens,
        truncated_sequences,
        truncated_tokens,
    )
    from rlvr.functional.preference import bradley_terry, dpo
    from rlvr.functional.returns import gae, lambda_returns, n_step_returns, returns_to_go
    from rlvr.functional.surrogates import (
        cispo,
        clipped,
        dual_clip,
        kl_penalty,
        reinforce,
        sequence_log_ratio,
        unclipped,
        value_loss,
    )
    from rlvr.functional.tokens import masked_mean, token_logprobs
    from rlvr.functional.trust_region import (
        LineSearch,
        backtracking_line_search,
        conjugate_gradient,
        fisher_vector_product,
        natural_step,
    )

_HOME = {
    "Correction": "importance",
    "RunningMean": "advantages",
    "center": "advantages",
    "dead_groups": "advantages",
    "leave_one_out": "advantages",
    "standardize": "advantages",
    "total_and_count": "advantages",
    "whiten": "advantages",
    "aggregation_weights": "aggregate",
    "entropy": "divergence",
    "exact_kl": "divergence",
    "k1": "divergence",
    "k2": "divergence",
    "k3": "divergence",
    "token_kl": "divergence",
    "effective_sample_share": "importance",
    "log_weights": "importance",
    "masked_tokens": "importance",
    "truncated_sequences": "importance",
    "truncated_tokens": "importance",
    "bradley_terry": "preference",
    "dpo": "preference",
    "gae": "returns",
    "lambda_returns": "returns",
    "n_step_returns": "returns",
    "returns_to_go": "returns",
    "cispo": "surrogates",
    "clipped": "surrogates",
    "dual_clip": "surrogates",
    "kl_penalty": "surrogates",
    "reinforce": "surrogates",
    "sequence_log_ratio": "surrogates",
    "unclipped": "surrogates",
    "value_loss": "surrogates",
    "masked_mean": "tokens",
    "token_logprobs": "tokens",
    "LineSearch": "trust_region",
    "backtracking_line_search": "trust_region",
    "conjugate_gradient": "trust_region",
    "fisher_vector_product": "trust_region",
    "natural_step": "trust_region",
}

__all__ = [
    "Correction",
    "LineSearch",
    "RunningMean",
    "aggregation_weights",
    "backtracking_line_search",
    "bradley_terry",
    "center",
    "cispo",
    "clipped",
    "conjugate_gradient",
    "dead_groups",
    "dpo",
    "dual_clip",
    "effective_sample_share",
    "entropy",
    "exact_kl",
    "fisher_vector_product",
    "gae",
    "k1",
    "k2",
    "k3",
    "kl_penalty",
    "lambda_returns",
    "leave_one_out",
    "log_weights",
    "masked_mean",
    "masked_tokens",
    "n_step_returns",
    "natural_step",
    "reinforce",
    "returns_to_go",
    "sequence_log_ratio",
    "standardize",
    "token_kl",
    "token_logprobs",
    "total_and_count",
    "truncated_sequences",
    "truncated_tokens",
    "unclipped",
    "value_loss",
    "whiten",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"rlvr.functional has no {name!r}")
    return getattr(importlib.import_module(f"rlvr.functional.{_HOME[name]}"), name)
