"""Deep Q-learning: what each part of it changes, and an environment of others."""

from __future__ import annotations

from typing import Any

import gymnasium
import pytest
import torch

from rlvr.lab.dqn import dqn
from rlvr.lab.worlds import grid


def weights(**options: Any) -> torch.Tensor:
    network = dqn(grid(), gamma=0.9, seed=0, **{"steps": 150, "epsilon": 1.0, "copy_every": 20, **options})
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_each_part_changes_the_training_and_the_seed_repeats_it() -> None:
    plain = weights()
    assert torch.equal(plain, weights())
    for options in ({"double": True}, {"copy_every": 1}, {"capacity": 32}, {"update_every": 2}):
        assert not torch.allclose(plain, weights(**options))


def test_the_target_network_stands_still_between_its_copies() -> None:
    """One state, one action, reward 1, never over: with a target Q' = q that is not copied, Q goes to 1 + 0.5 q."""

    class Treadmill(gymnasium.Env):
        observation_space, action_space = gymnasium.spaces.Discrete(1), gymnasium.spaces.Discrete(1)

        def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict]:
            super().reset(seed=seed)
            return 0, {}

        def step(self, action: int) -> tuple[int, float, bool, bool, dict]:
            return 0, 1.0, False, False, {}

    start = dqn(Treadmill(), gamma=0.5, steps=1, rate=0.0)  # the network before any update
    first = float(start(torch.ones(1)).detach())
    still = dqn(Treadmill(), gamma=0.5, steps=600, copy_every=10**9)
    assert float(still(torch.ones(1)).detach()) == pytest.approx(1 + 0.5 * first, abs=1e-2)
    # copied often enough it reaches the fixed point 1 / (1 - 0.5)
    moving = dqn(Treadmill(), gamma=0.5, steps=600, copy_every=10)
    assert float(moving(torch.ones(1)).detach()) == pytest.approx(2.0, abs=1e-2)


def test_without_replay_only_what_just_happened_is_learned() -> None:
    """Every cell of the buffer but the newest is overwritten: a reward of long ago is forgotten by a tiny buffer."""
    small, large = weights(capacity=1, batch=1), weights(capacity=1000, batch=1)
    assert not torch.allclose(small, large)


def test_an_environment_of_others() -> None:
    """CartPole: twice as long as at random, after as many steps as a coffee takes."""
    env = gymnasium.make("CartPole-v1")
    network = dqn(env, gamma=0.95, steps=3000, rate=1e-3, copy_every=50, seed=0)
    lengths = []
    for seed in range(10):
        state, _ = env.reset(seed=seed)
        over, length = False, 0
        while not over:
            state, _, terminated, truncated, _ = env.step(int(network(torch.as_tensor(state)).argmax()))
            over, length = terminated or truncated, length + 1
        lengths.append(length)
    assert sum(lengths) / 10 > 50  # at random: 22
