"""A language small enough that every completion, and every group of them, can be written down. All in fp64.

The policy is a table of logits for each prompt and prefix (partly shared between the prompts, so that
they pull at the same parameters). Expectations are sums over all groups, each weighted with its
probability and put through the algorithm's own `credit` and `loss` as an update of its own.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Hashable, Iterator, Sequence

import torch
from torch import Tensor

from rlvr.algorithms.base import Algorithm, State
from rlvr.training.batch import Batch, Outputs, collate
from tests.tiny import group, rollout

PROMPTS = 2
Ids = tuple[int, ...]


def spell(symbols: int, longest: int, ends: bool = True) -> list[Ids]:
    """All completions: symbol 0 ends, or (`ends` False) all have `longest` tokens."""
    if not ends:
        return list(itertools.product(range(symbols), repeat=longest))
    done: list[Ids] = []
    for length in range(1, longest + 1):
        for ids in itertools.product(range(symbols), repeat=length):
            if 0 not in ids[:-1] and (ids[-1] == 0 or length == longest):
                done.append(ids)
    return done


class Toy:
    """A tabular policy over `spell`, and rewards for what it says: `rewards [PROMPTS, n]`, `step_rewards` of tokens."""

    def __init__(self, symbols: int = 3, longest: int = 2, ends: bool = True, levels: int = 9, seed: int = 0) -> None:
        """`levels` is the number of different rewards: 2 makes them 0 and 1."""
        self.completions = spell(symbols, longest, ends)
        self.symbols, self.longest = symbols, longest
        self.states = sum(symbols**k for k in range(longest))
        rng = torch.Generator().manual_seed(seed)
        self.own = torch.randn(PROMPTS, self.states, symbols, generator=rng, dtype=torch.float64).requires_grad_()
        self.shared = torch.randn(self.states, symbols, generator=rng, dtype=torch.float64).requires_grad_()
        size = (PROMPTS, len(self.completions))
        # Eighths and the like: exact in fp32, through which rewards pass on their way into a batch.
        self.rewards = torch.randint(levels, size, generator=rng).double() / (levels - 1)
        self.step_rewards = torch.zeros(PROMPTS, self.states, symbols, dtype=torch.float64)
        self.critic = torch.randn(PROMPTS, self.states, generator=rng, dtype=torch.float64)  # a wrong one
        groups = [
            group(p, [rollout(ids, float(self.rewards[p, i]), (p,)) for i, ids in enumerate(self.completions)])
            for p in range(PROMPTS)
        ]
        self.rows = collate(groups, pad_id=0)

    @property
    def parameters(self) -> list[Tensor]:
        return [self.own, self.shared]

    def another(self, seed: int = 7, distance: float = 0.5) -> Toy:
        """The same language with other logits: a policy to sample from, or a reference."""
        other = Toy(self.symbols, self.longest)
        for name in ("completions", "rewards", "step_rewards", "critic", "rows", "states"):
            setattr(other, name, getattr(self, name))
        rng = torch.Generator().manual_seed(seed)
        other.own, other.shared = (
            (x.detach() + distance * torch.randn(x.shape, generator=rng, dtype=torch.float64)).requires_grad_()
            for x in self.parameters
        )
        return other

    def with_step_rewards(self, seed: int = 3) -> Toy:
        """Also rewards for each token, -1 to 1 in quarters."""
        rng = torch.Generator().manual_seed(seed)
        self.step_rewards = torch.randint(-4, 5, self.step_rewards.shape, generator=rng).double() / 4
        return self

    # What is exact, from the table alone.

    def state(self, prefix: Ids) -> int:
        index = 0
        for symbol in prefix:
            index = self.symbols * index + 1 + symbol
        return index

    def log_policy(self, prompt: int, prefix: Ids) -> Tensor:
        """log pi(. | prompt, prefix) `[symbols]`."""
        at = self.state(prefix)
        return (self.own[prompt, at] + self.shared[at]).log_softmax(0)

    def log_probability(self, prompt: int, ids: Ids) -> Tensor:
        return torch.stack([self.log_policy(prompt, ids[:t])[symbol] for t, symbol in enumerate(ids)]).sum()

    def probabilities(self, prompt: int) -> Tensor:
        """Of each completion `[n]`, differentiable."""
        return torch.stack([self.log_probability(prompt, ids) for ids in self.completions]).exp()

    def total_rewards(self, prompt: int) -> Tensor:
        """Outcome and steps of each completion `[n]`."""
        steps = [
            sum(float(self.step_rewards[prompt, self.state(ids[:t]), s]) for t, s in enumerate(ids))
            for ids in self.completions
        ]
        return self.rewards[prompt] + torch.tensor(steps, dtype=torch.float64)

    def objective(self, prompt: int) -> Tensor:
        """The expected return."""
        return (self.probabilities(prompt) * self.total_rewards(prompt)).sum()

    def prefixes(self) -> Iterator[Ids]:
        """Every prefix at which a token is chosen."""
        yield from sorted({ids[:t] for ids in self.completions for t in range(len(ids))})

    def reach(self, prompt: int, prefix: Ids) -> float:
        """The probability that a completion passes through `prefix`."""
        return math.exp(float(self.log_probability(prompt, prefix).detach())) if prefix else 1.0

    def gradient(self, value: Tensor) -> Tensor:
        """Over all parameters `[n]`."""
        grads = torch.autograd.grad(value, self.parameters, allow_unused=True, materialize_grads=True)
        return torch.cat([g.flatten() for g in grads])

    # What the algorithms see.

    def _index(self) -> tuple[Tensor, Tensor]:
        """Prompt `[R, 1]` and state `[R, T]` of every row of `rows`."""
        ids = self.rows.token_ids
        states = torch.zeros_like(ids)
        for t in range(2, ids.shape[1]):
            states[:, t] = self.symbols * states[:, t - 1] + 1 + ids[:, t - 1]
        return ids[:, :1], states.clamp(max=self.states - 1)  # padding has no state of its own

    def logprobs(self) -> Tensor:
        """Of the tokens of every row `[R, T]`, 0 outside the mask as a model's."""
        prompt, states = self._index()
        table = (self.own[prompt, states] + self.shared[states]).log_softmax(-1)
        chosen = table.gather(-1, self.rows.token_ids.clamp(max=self.symbols - 1).unsqueeze(-1)).squeeze(-1)
        return chosen.masked_fill(~self.rows.mask, 0.0)

    def values(self) -> Tensor:
        prompt, states = self._index()
        return self.critic[prompt, states]

    def token_rewards(self) -> Tensor:
        prompt, states = self._index()
        steps = self.step_rewards[prompt, states, self.rows.token_ids.clamp(max=self.symbols - 1)]
        return self.rows.token_rewards.double() + steps.masked_fill(~self.rows.mask, 0.0)

    def expected_loss(
        self,
        algorithm: Algorithm,
        group_size: int,
        *,
        prompts: Sequence[int] = (0,),
        state: State | None = None,
        sampled_from: Toy | None = None,
        reference: Toy | None = None,
        prepare: Callable[[Batch], Batch] = lambda batch: batch,
    ) -> Tensor:
        """The mean of the loss over every update of `prompts` times `group_size` completions.

        Its gradient is the expected gradient: the probabilities of the groups are constants, as for a
        sampler. `sampled_from` is the old policy, by default this one. `prepare` may change a batch before `credit`.
        """
        old = sampled_from or self
        now, before = self.logprobs(), old.logprobs().detach()
        anchor = (reference or self).logprobs().detach()
        values, rewards = self.values(), self.token_rewards()
        chances = [old.probabilities(p).detach() for p in range(PROMPTS)]
        count, total = len(self.completions), torch.zeros((), dtype=torch.float64)
        owner = [p for p in prompts for _ in range(group_size)]
        for choice in itertools.product(range(count), repeat=len(owner)):
            rows = torch.tensor([p * count + c for p, c in zip(owner, choice, strict=True)])
            chance = math.prod(float(chances[p][c]) for p, c in zip(owner, choice, strict=True))
            part = dataclasses.replace(
                self.rows,
                old_logprobs=before,
                ref_logprobs=anchor,
                values=values,
                token_rewards=rewards,
                rewards=self.rows.rewards.double(),
            ).select(rows)
            part = prepare(dataclasses.replace(part, group=torch.tensor(owner)).recount())
            part = algorithm.credit(part, state or algorithm.init_state())
            width = part.mask.shape[1]
            outputs = Outputs(now[rows][:, :width], torch.zeros_like(part.old_logprobs))
            total = total + chance * algorithm.loss(outputs, part).value
        return total


def expectation(
    classes: dict[Hashable, Tensor], size: int, weights: Callable[[tuple[Hashable, ...]], Sequence[float]]
) -> Tensor:
    """A scalar whose gradient is E[sum_i w_i grad log pi(y_i)], where w depends on the classes of y_1 ... y_size alone.

    For a class c of probability q_c, E[grad log pi(y) | c] = grad q_c / q_c. So the mean is the sum over all
    tuples of classes of prod_j q_j times sum_i w_i grad q_i / q_i.
    """
    total = torch.zeros((), dtype=torch.float64)
    for members in itertools.product(classes, repeat=size):
        chance = math.prod(float(classes[c].detach()) for c in members)
        for c, weight in zip(members, weights(members), strict=True):
            total = total + chance * weight * classes[c] / classes[c].detach()
    return total


def by_class(toy: Toy, prompt: int, key: Callable[[int], Hashable]) -> dict[Hashable, Tensor]:
    """The probability of each class of completions, differentiable."""
    chances = toy.probabilities(prompt)
    out: dict[Hashable, Tensor] = {}
    for i in range(len(toy.completions)):
        out[key(i)] = out.get(key(i), torch.zeros((), dtype=torch.float64)) + chances[i]
    return out


def close(actual: Tensor, expected: Tensor, tolerance: float = 1e-9) -> None:
    """Equal to `tolerance` in every component; a gradient of nothing would equal anything."""
    assert float(expected.abs().max()) > 1e-3
    assert float((actual - expected).abs().max()) < tolerance
