"""The backward view of TD(lambda): each error is sent back at once to the states that led to it, faded by their age."""

import torch
from torch import Tensor

from rlvr.lab.episodes import Episodes


def td_traces(values: Tensor, data: Episodes, gamma: float, decay: float, alpha: float, online: bool = False) -> Tensor:
    """V(s) <- V(s) + alpha delta_t e_t(s), e_t(s) = gamma lambda e_(t-1)(s) + 1[s = s_t] -> `[S]`.

    Offline the values stay as they were until the end, and the result is that of `sweep` with `td_lambda`, which had to
    wait for the future. Sutton and Barto, 2nd edition, section 12.2 (accumulating traces).
    """
    new = values.tolist()  # lists: for so few states they are several times faster than tensors
    for row, mask in enumerate(data.mask):
        states = [*data.states[row][mask].tolist(), int(data.final[row])]
        trace = [0.0] * len(new)
        for t, reward in enumerate(data.rewards[row][mask].tolist()):
            known = new if online else values
            ended = t == len(states) - 2 and bool(data.terminated[row])
            error = reward + (0.0 if ended else gamma * float(known[states[t + 1]])) - float(known[states[t]])
            trace = [gamma * decay * e for e in trace]
            trace[states[t]] += 1.0
            new = [v + alpha * error * e for v, e in zip(new, trace, strict=True)]
    return torch.tensor(new, dtype=values.dtype)
