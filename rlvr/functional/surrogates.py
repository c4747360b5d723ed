"""Surrogate objectives, as losses per token `[B, T]` to be averaged by `aggregate`.

Each returns the loss (to be minimised); those that clip also say where that took the gradient away.
`log_ratio` is log pi - log pi_old at the sampled token, and rho its exponential.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from rlvr.functional.divergence import k1, k2, k3


def reinforce(logprobs: Tensor, advantages: Tensor) -> Tensor:
    """loss = -A log pi -> `[B, T]`. Williams 1992: its gradient is the policy gradient on policy."""
    return -advantages * logprobs


def unclipped(log_ratio: Tensor, advantages: Tensor) -> Tensor:
    """loss = -rho A -> `[B, T]`. The surrogate of TRPO (arXiv:1502.05477, eq. 14) and of PPO with a KL penalty."""
    return -log_ratio.exp() * advantages


def clipped(log_ratio: Tensor, advantages: Tensor, clip_low: float, clip_high: float) -> tuple[Tensor, Tensor]:
    """loss = -min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A) -> `[B, T]`, `[B, T]` bool.

    PPO, Schulman et al. 2017, arXiv:1707.06347, eq. 7; separate bounds: DAPO, arXiv:2503.14476, eq. 10.
    The second tensor is True where the clip took the gradient away.
    """
    ratio = log_ratio.exp()
    free = ratio * advantages
    held = ratio.clamp(1.0 - clip_low, 1.0 + clip_high) * advantages
    return -free.minimum(held), held < free


def dual_clip(
    log_ratio: Tensor, advantages: Tensor, clip_low: float, clip_high: float, limit: float = 3.0
) -> tuple[Tensor, Tensor]:
    """`clipped`, and where A < 0 at most -limit A: a bad token that became likely cannot take over -> as `clipped`.

    loss = -max(min(rho A, clip(rho) A), limit A) for A < 0. Ye et al. 2020, arXiv:1912.09729, eq. 5.
    """
    if limit <= 1.0 + clip_high:
        raise ValueError(f"dual_clip's limit must lie above the upper clip bound {1.0 + clip_high}; got {limit}")
    loss, held = clipped(log_ratio, advantages, clip_low, clip_high)
    bound = -limit * advantages
    beyond = (advantages < 0) & (loss > bound)
    return loss.where(~beyond, bound), held | beyond


def sequence_log_ratio(log_ratio: Tensor, mask: Tensor, normalize: bool = False) -> Tensor:
    """Log-ratio of a whole completion at each of its tokens: sum_t, or mean_t if `normalize` -> `[B, T]`.

    The sum is the ratio of DeepSeek-R1's equation (arXiv:2501.12948, eq. 1); the mean is GSPO's
    (Zheng et al. 2025, arXiv:2507.18071, eq. 7).
    """
    total = log_ratio.masked_fill(~mask.bool(), 0.0).sum(dim=1, keepdim=True)
    if normalize:
        total = total / mask.sum(dim=1, keepdim=True).clamp(min=1)
    return total.expand_as(log_ratio)


def cispo(logprobs: Tensor, log_ratio: Tensor, advantages: Tensor, clip_high: float) -> tuple[Tensor, Tensor]:
    """loss = -stop_gradient(min(rho, 1 + clip_high)) A log pi -> `[B, T]`, `[B, T]` bool.

    The weight is held, the gradient never: every token still learns. The second tensor is True where
    the weight was held. MiniMax-M1, 2025, arXiv:2506.13585, eq. 4, with no lower bound as in its runs.
    """
    ratio = log_ratio.detach().exp()
    return -ratio.clamp(max=1.0 + clip_high) * advantages * logprobs, ratio > 1.0 + clip_high


def kl_penalty(
    logprobs: Tensor,
    ref_logprobs: Tensor,
    estimator: Literal["k1", "k2", "k3"] = "k3",
    old_logprobs: Tensor | None = None,
) -> Tensor:
    """The KL to the reference as a loss of its own -> `[B, T]`.

    With `old_logprobs` each token is weighted with rho, through which the gradient passes too
    (DeepSeek-V3.2, arXiv:2512.02556, section 3.1): for k1 and k3 alike its mean is then the gradient of
    KL(pi || ref) at each visited state. Without it, on policy, k2's is that too, k3's is the gradient of
    KL(ref || pi), and k1's is 0.
    """
    penalty = {"k1": k1, "k2": k2, "k3": k3}[estimator](logprobs, ref_logprobs)
    return penalty if old_logprobs is None else (logprobs - old_logprobs).exp() * penalty


def value_loss(
    values: Tensor, returns: Tensor, old_values: Tensor | None = None, clip: float | None = None
) -> tuple[Tensor, Tensor]:
    """loss = (V - R)^2 / 2, or with `clip` max of that and (old + clamp(V - old, -clip, clip) - R)^2 / 2 -> `[B, T]`.

    The second tensor, `[B, T]` bool, is True where the clip took the gradient away. PPO's authors'
    code (openai/baselines); not in the paper.
    """
    free = (values - returns).square() / 2
    if clip is None:
        return free, free > float("inf")
    if old_values is None:
        raise ValueError("value_loss with a clip needs old_values: the critic's before the first update")
    near = (old_values + (values - old_values).clamp(-clip, clip) - returns).square() / 2
    return free.maximum(near), near > free
