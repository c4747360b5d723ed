"""Surrogate objectives, as losses per token `[B, T]` to be averaged by `aggregate`.

Each returns the loss (to be minimised) and, where it has one, the importance ratio.
"""

from __future__ import annotations

from torch import Tensor


def reinforce(logprobs: Tensor, advantages: Tensor) -> Tensor:
    """loss = -A log pi -> `[B, T]`. Williams 1992: its gradient is the policy gradient on policy."""
    return -advantages * logprobs


def sequence_log_ratio(log_ratio: Tensor, mask: Tensor, normalize: bool = False) -> Tensor:
    """Log-ratio of a whole completion at each of its tokens: sum_t, or mean_t if `normalize` -> `[B, T]`.

    The sum is the ratio of DeepSeek-R1's equation (arXiv:2501.12948, eq. 1); the mean is GSPO's
    (Zheng et al. 2025, arXiv:2507.18071, eq. 7).
    """
    total = (log_ratio * mask).sum(dim=1, keepdim=True)
    if normalize:
        total = total / mask.sum(dim=1, keepdim=True).clamp(min=1)
    return total.expand_as(log_ratio)


def clipped(log_ratio: Tensor, advantages: Tensor, clip_low: float, clip_high: float) -> tuple[Tensor, Tensor]:
    """loss = -min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A), rho = exp(log_ratio) -> `[B, T]`, `[B, T]` bool.

    PPO, Schulman et al. 2017, arXiv:1707.06347, eq. 7; separate bounds: DAPO, arXiv:2503.14476, eq. 10.
    The second tensor is True where the clip took the gradient away.
    """
    ratio = log_ratio.exp()
    free = ratio * advantages
    held = ratio.clamp(1.0 - clip_low, 1.0 + clip_high) * advantages
    return -free.minimum(held), held < free
