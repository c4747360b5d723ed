"""Every method of the lab on one world, each with settings that bring it to the truth of a small one."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rlvr.lab import planning
from rlvr.lab.control import learn_q
from rlvr.lab.dqn import dqn
from rlvr.lab.episodes import Episodes, encoder, play, sampling
from rlvr.lab.fitted_q import fitted_q
from rlvr.lab.policy_gradient import learn_policy
from rlvr.lab.prediction import monte_carlo, n_step, predict, td_lambda
from rlvr.lab.traces import td_traces


class Learned(NamedTuple):
    """`values [S]` and the greedy `policy [S, A]`. The truth is the best with this `epsilon` of exploration left in."""

    values: Tensor
    policy: Tensor
    epsilon: float = 0.0


def _from_q(q: Tensor, epsilon: float = 0.0) -> Learned:
    q = q.double().nan_to_num(neginf=0.0)
    return Learned((planning.greedy(q, epsilon) * q).sum(dim=1), planning.greedy(q), epsilon)


def _planned(world: Any, gamma: float, seed: int) -> Learned:
    model = planning.read_model(world)
    return _from_q(planning.action_values(model, planning.value_iteration(model, gamma), gamma))


def _evaluated(world: Any, gamma: float, seed: int, evaluate: Callable[[Episodes, int, float], Tensor]) -> Learned:
    """Policy iteration whose evaluation sees nothing but episodes."""
    model = planning.read_model(world)
    policy = planning.uniform(model)
    for turn, count in enumerate((1000, 1000, 1000, 10_000)):
        values = evaluate(play(world, sampling(policy), count, seed * 4 + turn), len(policy), gamma)
        policy = planning.greedy(planning.action_values(model, values, gamma))
    return Learned(values, policy)


def _traced(episodes: Episodes, states: int, gamma: float) -> Tensor:
    values = torch.zeros(states, dtype=torch.float64)
    for alpha in (0.1, 0.01, 0.001):
        values = td_traces(values, episodes, gamma, 0.8, alpha, online=True)
    return values


def _controlled(world: Any, gamma: float, seed: int, method: Any, epsilon: float) -> Learned:
    q, _ = learn_q(world, method, gamma=gamma, episodes=50_000, epsilon=epsilon, seed=seed)
    return _from_q(q, epsilon if method == "sarsa" else 0.0)


def _fitted(world: Any, gamma: float, seed: int) -> Learned:
    policy = planning.uniform(planning.read_model(world))
    return _from_q(fitted_q(play(world, sampling(policy), 10_000, seed), len(policy), policy.shape[1], gamma))


def _networked(world: Any, gamma: float, seed: int) -> Learned:
    network = dqn(world, gamma=gamma, epsilon=1.0, seed=seed, steps=100_000, update_every=25, batch=128, copy_every=25)
    return _from_q(network(encoder(world.observation_space)(range(len(world.P)))).detach())


def _climbed(world: Any, gamma: float, seed: int, method: Any) -> Learned:
    """The exact value of the policy that was learned; of actor-critic, what its critic says."""
    policy, critic = learn_policy(world, method, gamma=gamma, seed=seed)
    exact = planning.evaluate_policy(planning.read_model(world), policy, gamma)
    return Learned(critic if method == "actor_critic" else exact, planning.greedy(policy))


#: name -> (world, gamma, seed) -> Learned
METHODS: dict[str, Callable[[Any, float, int], Learned]] = {
    "value iteration": _planned,
    "policy iteration": lambda world, gamma, _: Learned(*planning.policy_iteration(planning.read_model(world), gamma)),
    "Monte Carlo": partial(_evaluated, evaluate=partial(predict, monte_carlo)),
    "TD(0)": partial(_evaluated, evaluate=partial(predict, n_step(1))),
    "3-step TD": partial(_evaluated, evaluate=partial(predict, n_step(3))),
    "TD(0.8), forward": partial(_evaluated, evaluate=partial(predict, td_lambda(0.8))),
    "TD(0.8), traces": partial(_evaluated, evaluate=_traced),
    "SARSA": partial(_controlled, method="sarsa", epsilon=0.1),
    "Q-learning": partial(_controlled, method="q_learning", epsilon=0.5),
    "fitted Q": _fitted,
    "DQN": _networked,
    "REINFORCE": partial(_climbed, method="reinforce"),
    "actor-critic": partial(_climbed, method="actor_critic"),
    "TRPO": partial(_climbed, method="trpo"),
}
