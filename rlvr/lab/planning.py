"""The truth, by dynamic programming: Bellman's equations solved with the world's own table."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Model(NamedTuple):
    """`transition [S, A, S]`, the chance to be there next and to go on, and `rewards [S, A]`, expected."""

    transition: Tensor
    rewards: Tensor


def read_model(env: Any) -> Model:
    """The table `P` of a world, or of a toy_text environment of Gymnasium."""
    table, states, actions = env.unwrapped.P, int(env.observation_space.n), int(env.action_space.n)
    transition = torch.zeros(states, actions, states, dtype=torch.float64)
    rewards = torch.zeros(states, actions, dtype=torch.float64)
    for s in range(states):
        for a in range(actions):
            for probability, following, reward, terminated in table[s][a]:
                rewards[s, a] += probability * reward
                transition[s, a, following] += 0.0 if terminated else probability
    return Model(transition, rewards)


def action_values(model: Model, values: Tensor, gamma: float) -> Tensor:
    """Q(s, a) = r(s, a) + gamma sum over s' of P(s' | s, a) V(s') -> `[S, A]`, for `values [S]`."""
    return model.rewards + gamma * model.transition @ values


def greedy(action_values: Tensor, epsilon: float = 0.0) -> Tensor:
    """The policy that takes the best action, and with chance `epsilon` any -> `[S, A]` of probabilities."""
    best = torch.zeros_like(action_values).scatter(1, action_values.argmax(dim=1, keepdim=True), 1.0)
    return (1 - epsilon) * best + epsilon / action_values.shape[1]


def uniform(model: Model) -> Tensor:
    """Every action with the same chance -> `[S, A]`."""
    return torch.full_like(model.rewards, 1 / model.rewards.shape[1])


def evaluate_policy(model: Model, policy: Tensor, gamma: float) -> Tensor:
    """V of `policy [S, A]` -> `[S]`: Bellman's equation V = r_pi + gamma P_pi V, solved as the linear system it is."""
    transition = torch.einsum("sa,sat->st", policy, model.transition)
    rewards = (policy * model.rewards).sum(dim=1)
    return torch.linalg.solve(torch.eye(len(rewards), dtype=torch.float64) - gamma * transition, rewards)


def settled(better: Callable[[Tensor], Tensor], states: int, tolerance: float) -> Tensor:
    """Values `[S]` from 0 on, replaced by `better(values)` until nothing moves."""
    values, old = torch.zeros(states, dtype=torch.float64), None
    while old is None or float((values - old).abs().max()) >= tolerance:
        values, old = better(values), values
    return values


def value_iteration(model: Model, gamma: float, epsilon: float = 0.0, tolerance: float = 1e-12) -> Tensor:
    """V* -> `[S]`: V(s) <- max over a of Q(s, a), until nothing moves.

    With `epsilon` the best that a policy can do which takes any action with that chance: what SARSA learns.
    """

    def better(values: Tensor) -> Tensor:
        q = action_values(model, values, gamma)
        return (1 - epsilon) * q.amax(dim=1) + epsilon * q.mean(dim=1)

    return settled(better, len(model.rewards), tolerance)


def policy_iteration(model: Model, gamma: float) -> tuple[Tensor, Tensor]:
    """V* and a best policy -> `[S]`, `[S, A]`: evaluate, act greedily, until the policy stays."""
    values = evaluate_policy(model, uniform(model), gamma)
    while True:
        policy = greedy(action_values(model, values, gamma).round(decimals=10))  # ties must not flip on rounding
        better = evaluate_policy(model, policy, gamma)
        if torch.allclose(better, values, rtol=0, atol=1e-12):
            return better, policy
        values = better
