"""Episodes, as the `[B, T]` tensors that `rlvr.functional` takes."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy
import torch
from gymnasium import spaces
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

Act: TypeAlias = Callable[[Any, random.Random], Any]  # observation, noise -> action


class Episodes(NamedTuple):
    """`states [B, T]` (or `[B, T, F]`), `actions [B, T]` (or `[B, T, A]`), `rewards`, `mask [B, T]`.

    `final [B]` is the state after the last step; where it was not `terminated [B]`, it has a value.
    """

    states: Tensor
    actions: Tensor
    rewards: Tensor
    mask: Tensor
    final: Tensor
    terminated: Tensor

    def transitions(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """(s, a, r, s', whether that ended it) of every step, in a row -> five of `[N]`."""
        following = torch.cat([self.states[:, 1:], self.states[:, :1]], dim=1)
        last = self.mask.sum(dim=1, keepdim=True) - 1
        following = following.scatter(1, last, self.final.unsqueeze(1))
        over = torch.zeros_like(self.mask).scatter(1, last, self.terminated.unsqueeze(1))
        m = self.mask
        return self.states[m], self.actions[m], self.rewards[m], following[m], over[m]


def sampling(policy: Tensor) -> Act:
    """Acts by a table of probabilities `[S, A]`."""
    sums, last = policy.cumsum(dim=1).tolist(), policy.shape[1] - 1

    def act(state: int, rng: random.Random) -> int:
        u, row = rng.random(), sums[state]
        return next((a for a in range(last) if u < row[a]), last)

    return act


def play(env: Any, act: Act, count: int, seed: int) -> Episodes:
    """`count` episodes of any environment with Gymnasium's interface; the same for the same seed."""
    rng, rows, ends = random.Random(seed), [], []
    for episode in range(count):
        state, _ = env.reset(seed=seed if episode == 0 else None)
        steps, terminated, truncated = [], False, False
        while not (terminated or truncated):
            following, reward, terminated, truncated, _ = env.step(action := act(state, rng))
            steps.append((state, action, float(reward)))
            state = following
        rows.append(steps)
        ends.append((numpy.array(state), terminated))
    columns = [[torch.from_numpy(numpy.array(column)) for column in zip(*row, strict=True)] for row in rows]
    states, actions, rewards = (pad_sequence(list(parts), batch_first=True) for parts in zip(*columns, strict=True))
    mask = torch.arange(rewards.shape[1]) < torch.tensor([[len(row)] for row in rows])
    final, terminated = zip(*ends, strict=True)
    return Episodes(states, actions, rewards, mask, torch.from_numpy(numpy.stack(final)), torch.tensor(terminated))


def encoder(space: spaces.Space) -> Callable[[Any], Tensor]:
    """Observations or actions as vectors for a network: one-hot where the space is discrete -> `[..., F]`."""
    if isinstance(space, spaces.Discrete):
        return lambda x: torch.nn.functional.one_hot(torch.as_tensor(x), int(space.n)).float()
    return lambda x: torch.as_tensor(x, dtype=torch.float32)
