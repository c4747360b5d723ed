"""Estimators of KL(pi || ref) from tokens that were sampled from pi, per token `[B, T]`, in nats.

With d = log pi - log ref at the sampled token. John Schulman, "Approximating KL divergence", 2020.
"""

from __future__ import annotations

from torch import Tensor


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
