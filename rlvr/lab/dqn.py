"""Deep Q-learning: a network instead of a table. Mnih et al. 2015, doi:10.1038/nature14236."""

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy
import torch
from torch import Tensor, nn

from rlvr.functional import value_loss
from rlvr.lab.episodes import encoder


def dqn(
    env: Any, *, gamma: float, steps: int, update_every: int = 1, epsilon: float = 0.2, capacity: int = 100_000,
    batch: int = 32, copy_every: int = 100, double: bool = False, rate: float = 3e-3, seed: int = 0,
    encode: Callable[[Any], Tensor] | None = None,
    watch: Callable[[int, nn.Module], None] = lambda update, network: None,
) -> nn.Module:  # fmt: skip
    """A network from encoded observations `[B, F]` to Q `[B, A]`, updated every `update_every` of `steps` steps.

    The `batch` is drawn from the last `capacity` transitions (the replay buffer): with capacity == batch there is no
    replay, only what just happened. The target r + gamma max over a of Q'(s', a) uses a copy Q' of the network, made
    every `copy_every` updates (the slides' double network): with 1 there is no target network. `double`: Q chooses the
    action, Q' values it (van Hasselt et al. 2016, arXiv:1509.06461). The learning rate falls to 0 in a line.
    """
    torch.manual_seed(seed)
    rng, encode, actions = random.Random(seed), encode or encoder(env.observation_space), int(env.action_space.n)
    state, _ = env.reset(seed=seed)
    features = len(encode(state))
    network = nn.Sequential(nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, actions))
    target = copy.deepcopy(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda update: 1 - update * update_every / steps)
    buffer: list[tuple[Any, int, float, Any, bool]] = []
    for step in range(steps):
        with torch.no_grad():
            action = rng.randrange(actions) if rng.random() < epsilon else int(network(encode(state)).argmax())
        following, reward, terminated, truncated, _ = env.step(action)
        slot = step % capacity  # appends until the buffer is full, then takes the place of the oldest
        buffer[slot : slot + 1] = [(state, action, float(reward), following, terminated)]
        state = env.reset()[0] if terminated or truncated else following
        if (step + 1) % update_every:
            continue
        update = (step + 1) // update_every
        drawn = rng.sample(buffer, min(batch, len(buffer)))
        before, taken, rewards, after, over = map(numpy.array, zip(*drawn, strict=True))
        with torch.no_grad():
            later = target(encode(after))
            best = (network(encode(after)) if double else later).argmax(dim=1, keepdim=True)
            future = later.gather(1, best).squeeze(1).masked_fill(torch.from_numpy(over), 0.0)
        chosen = network(encode(before)).gather(1, torch.from_numpy(taken).unsqueeze(1)).squeeze(1)
        loss, _ = value_loss(chosen, torch.from_numpy(rewards).float() + gamma * future)
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        schedule.step()
        if update % copy_every == 0:
            target.load_state_dict(network.state_dict())
        watch(update, network)
    return network
