"""Q from a data set that somebody else collected: the slides' tabular learning by counts."""

import torch
from torch import Tensor

from rlvr.lab.episodes import Episodes
from rlvr.lab.planning import settled


def fitted_q(episodes: Episodes, states: int, actions: int, gamma: float, tolerance: float = 1e-12) -> Tensor:
    """Q(s, a) <- mean over the data's (s, a) of r + gamma V(s'), V(s) <- max over a of Q(s, a), to the end -> `[S, A]`.

    An action that nobody took in a state is not worth 0 but unknown: -inf, so that no maximum picks it.
    """
    s, a, rewards, following, over = episodes.transitions()
    pairs = s * actions + a
    counts = torch.bincount(pairs, minlength=states * actions)

    def mean_target(values: Tensor) -> Tensor:
        targets = rewards + gamma * values[following].masked_fill(over, 0.0)
        q = torch.zeros(states * actions, dtype=torch.float64).index_add(0, pairs, targets) / counts.clamp(min=1)
        return q.masked_fill(counts == 0, -float("inf")).view(states, actions)

    return mean_target(settled(lambda v: mean_target(v).amax(dim=1).nan_to_num(neginf=0.0), states, tolerance))
