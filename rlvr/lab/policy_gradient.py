"""REINFORCE, actor-critic and TRPO on a softmax table: the trainer's own formulas where the best policy is known."""

from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from rlvr import functional as F
from rlvr.lab.episodes import Episodes, play, sampling
from rlvr.lab.prediction import sweep, td_lambda


def learn_policy(
    env: Any, method: Literal["reinforce", "actor_critic", "trpo"], *, gamma: float, iterations: int = 300,
    episodes: int = 100, rate: float = 0.1, decay: float = 0.9, max_kl: float = 0.05, seed: int = 0,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """A policy `[S, A]` and a critic `[S]`, after `iterations` of `episodes` each.

    REINFORCE credits an action with what followed it, the other two with GAE(gamma, `decay`) over the critic, which
    itself follows TD(`decay`). The first two take a step of Adam at `rate`, TRPO a natural step within `max_kl`.
    """
    states, actions = int(env.observation_space.n), int(env.action_space.n)
    logits = torch.zeros(states, actions, dtype=torch.float64, requires_grad=True)
    critic = torch.zeros(states, dtype=torch.float64)
    optimizer = torch.optim.Adam([logits], lr=rate)
    for iteration in range(iterations):
        batch = play(env, sampling(logits.detach().softmax(dim=1)), episodes, seed=seed * iterations + iteration)
        if method == "reinforce":
            advantages = F.returns_to_go(batch.rewards, batch.mask, gamma)
        else:
            ends = {"bootstrap": critic[batch.final], "terminated": batch.terminated}
            advantages = F.gae(batch.rewards, critic[batch.states], batch.mask, gamma, decay, **ends)
            critic = critic.lerp(sweep(critic, batch, td_lambda(decay), gamma), 0.1 * (1 - iteration / iterations))
        counts: dict[str, Any] = {"num_tokens": 0, "num_sequences": episodes, "num_prompts": 0}
        weights = F.aggregation_weights(batch.mask, "sequence_sum", **counts)
        if method == "trpo":
            _trust_region_step(logits, batch, advantages, weights, max_kl)
            continue
        logprobs = logits.log_softmax(dim=1)[batch.states, batch.actions]
        optimizer.zero_grad()
        (F.reinforce(logprobs, advantages) * weights).sum().backward()
        optimizer.step()
    return logits.detach().softmax(dim=1), critic


def _trust_region_step(logits: Tensor, batch: Episodes, advantages: Tensor, weights: Tensor, max_kl: float) -> None:
    """One step of TRPO, in place."""
    old = logits.detach().clone()

    def surrogate() -> Tensor:
        log_ratio = (logits.log_softmax(dim=1) - old.log_softmax(dim=1))[batch.states, batch.actions]
        return -(F.unclipped(log_ratio, advantages) * weights).sum()

    def kl() -> Tensor:
        return F.masked_mean(F.exact_kl(old, logits)[batch.states], batch.mask)

    product = partial(F.fisher_vector_product, kl, [logits], damping=1e-3)
    before = surrogate()
    (slope,) = torch.autograd.grad(before, logits)
    direction = F.conjugate_gradient(product, slope.flatten())
    step = F.natural_step(direction, product(direction), max_kl).view_as(logits)

    def measure(fraction: float) -> tuple[float, float]:
        logits.data = old + fraction * step
        return float((surrogate() - before).detach()), float(kl().detach())

    logits.data = old + F.backtracking_line_search(measure, max_kl).fraction * step
