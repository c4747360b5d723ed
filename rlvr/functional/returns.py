"""Returns and advantages over time: what a token earned from where it stands, `[B, T]`.

All take `token_rewards [B, T]`, the reward received *for* the token at t, `values [B, T]`, the critic's
V(s_t) of the state *before* that token, and `mask [B, T]`. Only trained tokens are moments of time: a
span that was given in the middle is skipped, its neighbours follow each other, and neither it nor the
padding is ever read (they may hold anything, also NaN). Results are 0 outside the mask.

What follows the last trained token is worth 0 unless `bootstrap [B]` says otherwise: a completion
that was merely cut off has a future, and one that has `terminated [B]` has none, whatever the critic
says. Source of all four: Sutton and Barto, Reinforcement Learning, 2nd edition, chapters 7 and 12.
"""

from __future__ import annotations

import torch
from torch import Tensor


def returns_to_go(token_rewards: Tensor, mask: Tensor, gamma: float = 1.0) -> Tensor:
    """G_t = sum over k >= 0 of gamma^k r_(t+k) -> `[B, T]`."""
    order, live = _trained_first(mask)
    return _back(_discounted(_packed(token_rewards, order, live), gamma), order, live)


def n_step_returns(
    token_rewards: Tensor,
    values: Tensor,
    mask: Tensor,
    n: int,
    gamma: float = 1.0,
    *,
    bootstrap: Tensor | None = None,
    terminated: Tensor | None = None,
) -> Tensor:
    """G_t = r_t + gamma r_(t+1) + ... + gamma^(n-1) r_(t+n-1) + gamma^n V(s_(t+n)) -> `[B, T]`.

    Where the completion ends earlier, at E < t + n, the sum ends there with gamma^(E-t) times its final value.
    """
    if n < 1:
        raise ValueError(f"n_step_returns looks at least one step ahead; got n={n}")
    order, live = _trained_first(mask)
    rewards = _packed(token_rewards, order, live)
    total = _next_values(_packed(values, order, live), live, _final(bootstrap, terminated, values))
    # From one step to n: what stood at t + 1 is discounted once more behind r_t. At a row's last token
    # nothing is looked up: its successor is already the final value.
    last = _last(live)
    returns = rewards + gamma * total
    for _ in range(min(n, rewards.shape[1]) - 1):
        later = torch.cat([returns[:, 1:], torch.zeros_like(returns[:, :1])], dim=1)
        returns = rewards + gamma * torch.where(last, total, later)
    return _back(returns, order, live)


def lambda_returns(
    token_rewards: Tensor,
    values: Tensor,
    mask: Tensor,
    gamma: float = 1.0,
    gae_lambda: float = 1.0,
    *,
    bootstrap: Tensor | None = None,
    terminated: Tensor | None = None,
) -> Tensor:
    """G_t = (1 - lambda) sum over n of lambda^(n-1) G_t^(n), all remaining weight on the full return -> `[B, T]`.

    The target of TD(lambda). Equal to V(s_t) plus GAE: lambda 0 is the one-step return, lambda 1 the
    discounted sum of all rewards. (So lambda 1 does not weigh the n-step returns equally.)
    """
    advantages = gae(token_rewards, values, mask, gamma, gae_lambda, bootstrap=bootstrap, terminated=terminated)
    return advantages + values.masked_fill(~mask.bool(), 0.0)


def gae(
    token_rewards: Tensor,
    values: Tensor,
    mask: Tensor,
    gamma: float = 1.0,
    gae_lambda: float = 1.0,
    *,
    bootstrap: Tensor | None = None,
    terminated: Tensor | None = None,
) -> Tensor:
    """A_t = sum over l >= 0 of (gamma lambda)^l delta_(t+l), delta_t = r_t + gamma V(s_(t+1)) - V(s_t) -> `[B, T]`.

    Schulman et al. 2016, arXiv:1506.02438, eq. 16. Unbiased only where lambda is 1 (or the critic exact).
    """
    order, live = _trained_first(mask)
    rewards, known = _packed(token_rewards, order, live), _packed(values, order, live)
    following = _next_values(known, live, _final(bootstrap, terminated, values))
    errors = (rewards + gamma * following - known).masked_fill(~live, 0.0)
    return _back(_discounted(errors, gamma * gae_lambda), order, live)


def _trained_first(mask: Tensor) -> tuple[Tensor, Tensor]:
    """The order that moves each row's trained tokens to its front, and which places they then fill."""
    order = (~mask.bool()).to(torch.int8).argsort(dim=1, stable=True)
    return order, mask.bool().gather(1, order)


def _packed(tensor: Tensor, order: Tensor, live: Tensor) -> Tensor:
    return tensor.gather(1, order).masked_fill(~live, 0.0)


def _back(packed: Tensor, order: Tensor, live: Tensor) -> Tensor:
    return torch.zeros_like(packed).scatter(1, order, packed.masked_fill(~live, 0.0))


def _final(bootstrap: Tensor | None, terminated: Tensor | None, values: Tensor) -> Tensor:
    """The value of what follows each row's last trained token -> `[B]`."""
    if bootstrap is None:
        if terminated is not None and not bool(terminated.all()):
            raise ValueError("a row that has not terminated needs a bootstrap: the value of the state after it")
        return values.new_zeros(values.shape[0])
    return bootstrap if terminated is None else bootstrap.masked_fill(terminated.bool(), 0.0)


def _last(live: Tensor) -> Tensor:
    """Each row's last trained token, packed -> `[B, T]` bool."""
    return live & ~torch.cat([live[:, 1:], torch.zeros_like(live[:, :1])], dim=1)


def _next_values(known: Tensor, live: Tensor, final: Tensor) -> Tensor:
    """V(s_(t+1)) for each packed token, the final value after a row's last -> `[B, T]`."""
    shifted = torch.cat([known[:, 1:], torch.zeros_like(known[:, :1])], dim=1)
    return torch.where(_last(live), final.to(known).unsqueeze(1), shifted)


def _discounted(packed: Tensor, factor: float) -> Tensor:
    """x_t + factor x_(t+1) + factor^2 x_(t+2) + ... along each row."""
    if factor == 1.0:
        return packed.flip(1).cumsum(1).flip(1)
    sums = torch.zeros_like(packed)
    following = packed.new_zeros(packed.shape[0])
    for t in range(packed.shape[1] - 1, -1, -1):
        following = packed[:, t] + factor * following
        sums[:, t] = following
    return sums
