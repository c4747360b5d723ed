"""Deep Q-learning: a network instead of a table. Mnih et al. 2015, doi:10.1038/nature14236."""

import copy
from collections.abc import Callable
from typing import Any

import numpy
import torch
from torch import Tensor, nn

from rlvr.functional import value_loss
from rlvr.lab.episodes import encoder


def dqn(
    env: Any,
    *,
    gamma: float,
    steps: int,
    epsilon: float = 0.2,
    capacity: int = 10_000,
    batch: int = 32,
    copy_every: int = 100,
    double: bool = False,
    rate: float = 3e-3,
    width: int = 64,
    encode: Callable[[Any], Tensor] | None = None,
    watch: Callable[[int, nn.Module], None] = lambda step, network: None,
    seed: int = 0,
) -> nn.Module:
    """A network from encoded observations `[B, F]` to Q `[B, A]`, after `steps` steps with an update each.

    The update's `batch` is drawn from the last `capacity` transitions (the replay buffer): with capacity == batch there is
    no replay, only what just happened. The target r + gamma max over a of Q'(s', a) uses a copy Q' of the network, made
    every `copy_every` updates (the slides' double network): with 1 there is no target network. `double`: Q chooses the
    action, Q' values it (van Hasselt et al. 2016, arXiv:1509.06461). The learning rate falls to 0 in a line.
    """
    torch.manual_seed(seed)
    rng, encode, actions = numpy.random.default_rng(seed), encode or encoder(env.observation_space), env.action_space.n
    state = encode(env.reset(seed=seed)[0])
    network = nn.Sequential(
        nn.Linear(len(state), width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, int(actions))
    )
    target = copy.deepcopy(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    befores, afters = torch.zeros(capacity, len(state)), torch.zeros(capacity, len(state))
    taken, rewards, goes_on = torch.zeros(capacity, 1, dtype=torch.long), torch.zeros(capacity), torch.zeros(capacity)

    for step in range(steps):
        with torch.no_grad():
            action = int(rng.integers(actions) if rng.random() < epsilon else network(state).argmax())
        observation, reward, terminated, truncated, _ = env.step(action)
        following, slot = encode(observation), step % capacity
        befores[slot], taken[slot], rewards[slot], afters[slot] = state, action, float(reward), following
        goes_on[slot] = float(not terminated)
        state = encode(env.reset()[0]) if terminated or truncated else following

        rows = torch.from_numpy(rng.choice(min(step + 1, capacity), min(step + 1, batch), replace=False))
        with torch.no_grad():
            later = target(afters[rows])
            best = (network(afters[rows]) if double else later).argmax(dim=1, keepdim=True)
            goal = rewards[rows] + gamma * goes_on[rows] * later.gather(1, best).squeeze(1)
        loss, _ = value_loss(network(befores[rows]).gather(1, taken[rows]).squeeze(1), goal)
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        schedule.step()
        if step % copy_every == 0:
            target.load_state_dict(network.state_dict())
        watch(step, network)
    return network
