"""SARSA and Q-learning: act mostly greedily and learn Q(s, a) step by step; only the value of what follows differs."""

import random
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor


def learn_q(
    env: Any, method: Literal["sarsa", "q_learning"], *, gamma: float, episodes: int, epsilon: float = 0.1,
    rate: Callable[[int], float] = lambda visits: visits**-0.7, seed: int = 0,
) -> tuple[Tensor, list[float]]:  # fmt: skip
    """Q `[S, A]` and the return of each episode. Q(s, a) <- Q(s, a) + rate(visits) (r + gamma next - Q(s, a)).

    next is Q(s', a') of the action that is taken there (SARSA: the value of the policy that explores), or max over a of
    Q(s', a) (Q-learning: of the one that would not). Sutton and Barto, 2nd edition, sections 6.4 and 6.5.
    """
    rng, actions = random.Random(seed), int(env.action_space.n)
    q = [[0.0] * actions for _ in range(int(env.observation_space.n))]
    visits = [[0] * actions for _ in q]
    returns = []

    def choose(row: list[float]) -> int:
        if rng.random() < epsilon:
            return rng.randrange(actions)
        best = max(row)
        return rng.choice([a for a in range(actions) if row[a] == best])

    for episode in range(episodes):
        state, _ = env.reset(seed=seed if episode == 0 else None)
        action, earned, over = choose(q[state]), 0.0, False
        while not over:
            following, reward, terminated, truncated, _ = env.step(action)
            taken = choose(q[following])
            after = q[following][taken] if method == "sarsa" else max(q[following])
            target = reward + (0.0 if terminated else gamma * after)
            visits[state][action] += 1
            q[state][action] += rate(visits[state][action]) * (target - q[state][action])
            state, action, earned, over = following, taken, earned + reward, terminated or truncated
        returns.append(earned)
    return torch.tensor(q, dtype=torch.float64), returns
