"""Importance weights for tokens that another distribution sampled than the one that is trained.

With d = log pi_old - log pi_sampler at a sampled token, w = exp(d) makes what the sampler drew count as if the
trainer's policy had drawn it. Two things make d differ from 0: an engine that computes the same weights otherwise
(mismatch), and completions that older weights sampled (staleness). Each function takes `log_weights [B, T]`, d, and
`mask [B, T]`, and returns the weights `[B, T]`, 1 outside the mask, and `[B, T]` bool, True where a bound changed one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor


def log_weights(old_logprobs: Tensor, sampler_logprobs: Tensor, mask: Tensor) -> Tensor:
    """d = log pi_old - log pi_sampler -> `[B, T]`; 0 outside the mask, and where a log-prob is not known (NaN)."""
    return (old_logprobs - sampler_logprobs).masked_fill(~mask.bool(), 0.0).nan_to_num(nan=0.0)


def truncated_tokens(log_weights: Tensor, mask: Tensor, cap: float = 2.0) -> tuple[Tensor, Tensor]:
    """w_t = min(exp(d_t), cap): truncated importance sampling (TIS) token by token.

    Yao et al. 2025, "On the Rollout-Training Mismatch in Modern RL Systems", openreview.net/forum?id=8MHqvb4lK9;
    the truncation is V-trace's (IMPALA, arXiv:1802.01561, section 4). Its bias: prefixes stay the sampler's.
    """
    weights = log_weights.masked_fill(~mask.bool(), 0.0).exp()
    return weights.clamp(max=cap), weights > cap


def truncated_sequences(log_weights: Tensor, mask: Tensor, cap: float = 2.0) -> tuple[Tensor, Tensor]:
    """w = min(exp(sum over t of d_t), cap) at each token of a row: the weight of the whole completion.

    Unbiased but for the cap, and of a variance that grows with the length: prefixes are corrected too. Liu, Li
    et al. 2025, "When Speed Kills Stability", richardli.xyz/rl-collapse.
    """
    total = log_weights.masked_fill(~mask.bool(), 0.0).sum(dim=1, keepdim=True).expand_as(log_weights)
    weights = total.masked_fill(~mask.bool(), 0.0).exp()
    return weights.clamp(max=cap), weights > cap


def masked_tokens(log_weights: Tensor, mask: Tensor, low: float = 0.5, high: float = 5.0) -> tuple[Tensor, Tensor]:
    """w_t = exp(d_t) where low <= exp(d_t) <= high, else 0: a token on which the two disagree is not trained.

    IcePop, Ling team 2025, arXiv:2510.18855, section on IcePop. As there, such a token stays in the loss's denominator.
    """
    weights = log_weights.masked_fill(~mask.bool(), 0.0).exp()
    outside = (weights < low) | (weights > high)
    return weights.masked_fill(outside, 0.0), outside


def effective_sample_share(log_weights: Tensor) -> Tensor:
    """(sum w)^2 / (n sum w^2) -> scalar: 1 where all weights are equal, 1/n where one is all. Kish 1965.

    It depends on the ratios of the weights only, so `log_weights [n]` are taken from their largest: those of whole
    completions may be thousands of nats from 0.
    """
    weights = (log_weights - log_weights.max()).exp()
    return weights.sum().square() / (len(weights) * weights.square().sum())


@dataclass(frozen=True, slots=True)
class Correction:
    """Which of these weights is wanted: truncated at `cap`, `token` by token or for the whole `sequence`; or `mask`,
    which leaves out tokens whose weight is not within `low` and `high`."""

    kind: Literal["token", "sequence", "mask"] = "token"
    cap: float = 2.0
    low: float = 0.5
    high: float = 5.0

    def weights(self, log_weights: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The weights, and where a bound changed one, of log weights -> `[B, T]`, `[B, T]` bool."""
        if self.kind == "mask":
            return masked_tokens(log_weights, mask, self.low, self.high)
        bounded = truncated_sequences if self.kind == "sequence" else truncated_tokens
        return bounded(log_weights, mask, self.cap)
