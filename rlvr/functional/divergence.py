"""How far two policies are apart, in nats: exactly, and from sampled tokens alone.

The estimators k1, k2, k3 of KL(pi || ref) take tokens that were sampled from pi, per token `[B, T]`, with
d = log pi - log ref at the sampled token. John Schulman, "Approximating KL divergence", 2020. The exact
ones take all logits of a position.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from rlvr.functional.tokens import at_least_fp32, output_logits, row_chunks


def k1(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    """d: unbiased, may be negative, high variance. As a *reward* its policy gradient is that of the KL."""
    return logprobs - ref_logprobs


def k2(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    """d^2 / 2: biased as a value, but its gradient on policy is the KL's exactly."""
    return (logprobs - ref_logprobs).square() / 2


def k3(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    """exp(-d) - 1 + d: unbiased, never negative. The penalty of GRPO, arXiv:2402.03300, eq. 4."""
    difference = ref_logprobs - logprobs
    return difference.exp() - 1.0 - difference


def exact_kl(logits: Tensor, other_logits: Tensor) -> Tensor:
    """KL(p || q) = sum over v of p_v (log p_v - log q_v) at each position; logits `[..., V]` -> `[...]`.

    Differentiable in both, twice.
    """
    log_p, log_q = logits.log_softmax(dim=-1), other_logits.log_softmax(dim=-1)
    return (log_p.exp() * (log_p - log_q)).sum(dim=-1)


def entropy(logits: Tensor) -> Tensor:
    """H(p) = -sum over v of p_v log p_v at each position; logits `[..., V]` -> `[...]`.

    Of a whole batch: `token_logprobs`, which holds no logits.
    """
    log_p = logits.log_softmax(dim=-1)
    return -(log_p.exp() * log_p).sum(dim=-1)


def token_kl(
    old_hidden: Tensor,
    old_weight: Tensor,
    hidden: Tensor,
    weight: Tensor,
    old_bias: Tensor | None = None,
    bias: Tensor | None = None,
    temperature: float = 1.0,
) -> Tensor:
    """KL(old || new) over the full vocabulary, a chunk of positions at a time -> `[N]`.

    `old_hidden`, `hidden [N, H]`, `old_weight`, `weight [V, H]`, the biases `[V]`. The logits of a chunk
    are made again in the backward pass. Differentiable twice (TRPO's Fisher-vector product).
    """

    old_weight, weight = at_least_fp32(old_weight), at_least_fp32(weight)

    def of(part: slice) -> Tensor:
        old = output_logits(old_hidden[part], old_weight, old_bias, temperature)
        return exact_kl(old, output_logits(hidden[part], weight, bias, temperature))

    pieces = [
        checkpoint(of, part, use_reentrant=False, preserve_rng_state=False) if torch.is_grad_enabled() else of(part)
        for part in row_chunks(hidden.shape[0], weight.shape[0])
    ]
    return torch.cat(pieces) if pieces else hidden.new_zeros(0)
