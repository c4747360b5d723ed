"""The value of a policy, from its episodes: V(s) moves towards a target, and only the target differs.

The targets are the trainer's own returns (`rlvr.functional`). Sutton and Barto, 2nd edition, chapters 5 to 7 and 12.1.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

from rlvr.functional import lambda_returns, n_step_returns
from rlvr.lab.episodes import Episodes
from rlvr.lab.planning import settled

#: episodes, values `[S]`, gamma -> `[B, T]`
Target: TypeAlias = Callable[[Episodes, Tensor, float], Tensor]


def monte_carlo(episodes: Episodes, values: Tensor, gamma: float) -> Tensor:
    """G_t, what was really earned; for what an episode that was cut off did not see stands V of its last state."""
    return td_lambda(1.0)(episodes, values, gamma)


def n_step(n: int) -> Target:
    """n rewards, and V of what follows. `n_step(1)` is TD(0): r + gamma V(s')."""
    return lambda e, v, gamma: n_step_returns(e.rewards, v[e.states], e.mask, n, gamma, **_after(e, v))


def td_lambda(decay: float) -> Target:
    """The forward view of TD(lambda): all n-step returns, weighted with (1 - lambda) lambda^(n-1)."""
    return lambda e, v, gamma: lambda_returns(e.rewards, v[e.states], e.mask, gamma, decay, **_after(e, v))


def _after(episodes: Episodes, values: Tensor) -> dict[str, Any]:
    return {"bootstrap": values[episodes.final], "terminated": episodes.terminated}


def sweep(values: Tensor, episodes: Episodes, target: Target, gamma: float, alpha: float | None = None) -> Tensor:
    """V(s) <- V(s) + alpha sum over visits of (target - V(s)), all targets from the values before -> `[S]`.

    Without `alpha` the step is 1 / visits: V(s) becomes the mean of its targets.
    """
    errors = (target(episodes, values, gamma) - values[episodes.states])[episodes.mask]
    visited = episodes.states[episodes.mask]
    moved = torch.zeros_like(values).index_add(0, visited, errors)
    visits = torch.bincount(visited, minlength=len(values)).clamp(min=1)
    return values + (moved / visits if alpha is None else alpha * moved)


def predict(target: Target, episodes: Episodes, states: int, gamma: float, tolerance: float = 1e-5) -> Tensor:
    """V of the policy that played `episodes` -> `[S]`: sweeps until nothing moves any more."""
    return settled(lambda values: sweep(values, episodes, target, gamma), states, tolerance)
