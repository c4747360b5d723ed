"""Batches of completions that the current policy sampled, judged while the next ones are sampled."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import torch

from rlvr.core import Completion, Engine, Group, Message, Prompt, Rollout, Sampling, Scorer, Verdict
from rlvr.functional.advantages import DEAD_SPREAD
from rlvr.training.batch import Batch, collate
from rlvr.training.ranks import ALONE, Ranks
from rlvr.training.selection import Selection, outcome
from rlvr.training.shaping import Shaping, overlong

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from rlvr.functional import Correction

#: Sets the order of dynamic sampling's further prompts apart from every other use of the run's seed.
_FURTHER = 0xDA90


class Judge(Protocol):
    """The worker pool of `rlvr.rewards`, as it is used here."""

    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]: ...

    def metrics(self) -> Mapping[str, float]: ...


class Sampled(NamedTuple):
    """Groups of an iteration, and the place of each among those of all ranks."""

    groups: list[Group]
    places: list[int]


class OnPolicy:
    """Samples groups of completions from the current policy, has them judged and shapes their rewards.

    `scorer` is a reward model beside the judge. `dynamic_rounds` is how often further prompts are sampled
    while fewer groups than wanted have different outcomes. `correction` is what its batches carry.
    """

    def __init__(
        self,
        prompts: Sequence[Prompt],
        engine: Engine,
        judge: Judge,
        sampling: Sampling,
        *,
        tokenizer: PreTrainedTokenizerBase,
        iterations: int,
        prompts_per_iteration: int,
        prompts_per_chunk: int,
        shuffle: bool = True,
        selection: Selection | None = None,
        shaping: Shaping | None = None,
        scorer: Scorer | None = None,
        dynamic_rounds: int = 0,
        ranks: Ranks = ALONE,
        correction: Correction | None = None,
    ) -> None:
        self.prompts, self.engine, self.judge, self.sampling = prompts, engine, judge, sampling
        self.tokenizer = tokenizer
        self.iterations = iterations
        self.prompts_per_iteration = prompts_per_iteration
        self.prompts_per_chunk = prompts_per_chunk
        self.selection = selection or Selection(len(prompts), sampling.seed, shuffle)
        self.shaping = shaping or Shaping()
        self.scorer = scorer
        self.dynamic_rounds = dynamic_rounds
        self.ranks = ranks
        self.correction = correction
        self.groups: list[Group] = []
        self.given: tuple[Group, ...] = ()
        self._seen: dict[str, float] = {}
        self._scored: list[float] = []

    def batches(self, start: int = 0) -> Iterator[tuple[int, Batch]]:
        for iteration in range(start, self.iterations):
            sampled = self.sample(iteration)
            if rest := getattr(self.engine, "sleep", None):  # an engine on the trainer's own device makes room
                rest()
            yield iteration, self.batch(sampled)

    def sample(self, iteration: int) -> Sampled:
        """This rank's part of what the iteration trains on; `groups` and `metrics()` speak of it from now on."""
        size = self.prompts_per_iteration
        order = self.selection.take(iteration, size)
        self._seen, self._scored = {}, []
        self.engine.metrics()  # what an evaluation has left there is not the iteration's
        places = list(self.ranks.share(range(size)))
        self.groups = self.collect([self.prompts[order[i]] for i in places], iteration)
        if self.selection.filter is not None:
            mine = [(order[place], outcome(group)) for place, group in zip(places, self.groups, strict=True)]
            self.selection.observe(iteration, [pair for some in self.ranks.all(mine) for pair in some])
            self._seen["data/left_out"] = float(self.selection.left_out(iteration + 1))
        if self.dynamic_rounds:
            self.groups, places = self._with_different_outcomes(self.groups, places, order, iteration)
        return Sampled(self.groups, places)

    def batch(self, sampled: Sampled) -> Batch:
        """What was sampled, in tensors."""
        batch = collate(sampled.groups, self.tokenizer.pad_token_id or 0, partial(token_at, self.tokenizer))
        group = self.sampling.group_size
        rows = torch.tensor([group * place + sample for place in sampled.places for sample in range(group)])
        spread = batch.spread(rows, group * self.prompts_per_iteration, self.ranks.sum)
        return replace(spread, correction=self.correction)

    def collect(self, prompts: Sequence[Prompt], iteration: int) -> list[Group]:
        """The groups of `prompts`: sampled a chunk at a time, each chunk judged while the next is sampled."""
        began = time.perf_counter()
        pending: list[tuple[Prompt, list[Completion], list[Future[Verdict]]]] = []
        # At least once, without a prompt: an engine over several ranks wants them all.
        for first in range(0, max(len(prompts), 1), self.prompts_per_chunk):
            chunk = prompts[first : first + self.prompts_per_chunk]
            for prompt, completions in zip(
                chunk, self.engine.generate(chunk, self.sampling, iteration=iteration), strict=True
            ):
                pending.append((prompt, completions, [self.judge.submit(prompt, c) for c in completions]))
        sampled = time.perf_counter()
        self._count("time/rollout", sampled - began)
        scores = iter(self._scores([(prompt, c) for prompt, completions, _ in pending for c in completions]))
        scored = time.perf_counter()
        groups = [
            Group(prompt, self._rollouts(completions, [f.result() for f in futures], [next(scores) for _ in futures]))
            for prompt, completions, futures in pending
        ]
        self._count("time/judge_wait", time.perf_counter() - scored)
        return groups

    def _scores(self, answers: Sequence[tuple[Prompt, Completion]]) -> Sequence[float | None]:
        """The reward model's scores; None for each where the run has no reward model."""
        if self.scorer is None:
            return [None] * len(answers)
        began = time.perf_counter()
        scores = self.scorer([conversation(prompt, completion) for prompt, completion in answers])
        self._count("time/scoring", time.perf_counter() - began)
        self._scored += [score for score in scores if math.isfinite(score)]
        return scores

    def _rollouts(
        self, completions: Sequence[Completion], verdicts: Sequence[Verdict], scores: Sequence[float | None]
    ) -> tuple[Rollout, ...]:
        reason = "nothing could be sampled: the prompt fills the model's context, or the request failed"
        aborted = Verdict(None, "error", reason=reason)
        known = [aborted if c.finish_reason == "aborted" else v for c, v in zip(completions, verdicts, strict=True)]
        return self.shaping.rollouts(completions, known, scores, self.sampling.max_tokens)

    def _with_different_outcomes(
        self, groups: list[Group], places: list[int], order: Sequence[int], iteration: int
    ) -> tuple[list[Group], list[int]]:
        """Dynamic sampling: as many groups, of which as many as can be had have different outcomes, and their places.

        Further prompts are sampled in rounds, at most `dynamic_rounds`, in an order that follows from seed and
        iteration. What is still missing then is filled with groups that teach nothing: a batch that is too
        hard or too easy costs time and never the run. All ranks decide alike, on the outcomes of all of them.
        DAPO, arXiv:2503.14476, eq. 11.
        """
        wanted, rounds = len(order), 0
        sampled = dict(zip(places, groups, strict=True))  # by the place in the order of all that were sampled
        live, dead = self._by_outcome(sampled)
        further = self._further(order, iteration)
        while len(live) < wanted and rounds < self.dynamic_rounds:
            # As many as should do at the share of useful ones so far, and never more than the iteration began with.
            seen = len(live) + len(dead)
            count = math.ceil((wanted - len(live)) * seen / max(len(live), 1))
            prompts = list(itertools.islice(further, min(count, wanted)))
            if not prompts:
                break
            rounds += 1
            mine = self.ranks.share(range(len(prompts)))
            more = self.collect([prompts[i] for i in mine], iteration)
            sampled |= {seen + i: group for i, group in zip(mine, more, strict=True)}
            live, dead = self._by_outcome(sampled)
        rewards = [r.verdict.reward for g in sampled.values() for r in g.rollouts if r.verdict.reward is not None]
        rewards = [reward for some in self.ranks.all(rewards) for reward in some]
        self._seen |= {
            "dynamic/rounds": float(rounds),
            "dynamic/sampled_groups": float(len(live) + len(dead)),
            "dynamic/missing_groups": float(max(wanted - len(live), 0)),
            "dynamic/sampled_reward_mean": fmean(rewards) if rewards else 0.0,
        }
        chosen = {place: number for number, place in enumerate([*live, *dead][:wanted])}
        kept = [place for place in chosen if place in sampled]
        return [sampled[place] for place in kept], [chosen[place] for place in kept]

    def _by_outcome(self, sampled: Mapping[int, Group]) -> tuple[list[int], list[int]]:
        """The places of all ranks' groups that have different outcomes, and of those that do not."""
        outcomes = [(place, different_outcomes(group)) for place, group in sampled.items()]
        known = sorted(pair for some in self.ranks.all(outcomes) for pair in some)
        return [place for place, live in known if live], [place for place, live in known if not live]

    def _further(self, used: Sequence[int], iteration: int) -> Iterator[Prompt]:
        """Prompts that the iteration has not sampled yet: the same one again would get the same noise."""
        ids = {self.prompts[i].id for i in used}
        order = np.random.default_rng([self.sampling.seed, iteration, _FURTHER]).permutation(len(self.prompts))
        return (self.prompts[i] for i in order.tolist() if self.prompts[i].id not in ids)

    def policy_changed(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        self.engine.load_policy(weights, version)

    def probe(self) -> Batch | None:
        sample = getattr(self.engine, "probe", None)
        if sample is None:  # the engine samples from the trainer's own weights
            return None
        rollout = Rollout(sample(self.sampling.temperature), Verdict.of(0.0), 0.0)
        probed = Group(Prompt("probe", (), None), (rollout,))
        return collate([probed], self.tokenizer.pad_token_id or 0)

    def metrics(self) -> dict[str, float]:
        return {**self._seen, **self._shaping_metrics(), **self.engine.metrics(), **self.judge.metrics()}

    def _shaping_metrics(self) -> dict[str, float]:
        completions = [r.completion for g in self.groups for r in g.rollouts]
        found: dict[str, float] = {}
        if not completions:
            return found
        if self._scored:
            found["reward/model_mean"] = fmean(self._scored)
        if buffer := self.shaping.overlong_buffer:
            penalties = [overlong(c.num_tokens, self.sampling.max_tokens, buffer) for c in completions]
            found["reward/overlong_rate"] = fmean(float(p < 0) for p in penalties)
        return found

    def _count(self, name: str, seconds: float) -> None:
        self._seen[name] = self._seen.get(name, 0.0) + seconds


def token_at(tokenizer: PreTrainedTokenizerBase, completion: Completion, char_end: int) -> int:
    """The first token, by its place in the completion, with which the decoded text reaches `char_end` characters."""
    low, high = 0, completion.num_tokens - 1
    while low < high:
        middle = (low + high) // 2
        text = tokenizer.decode(list(completion.token_ids[: middle + 1]), skip_special_tokens=True)
        low, high = (low, middle) if len(text) >= char_end else (middle + 1, high)
    return low


def conversation(prompt: Prompt, completion: Completion) -> tuple[Message, ...]:
    """Prompt and answer as messages, as a `Scorer` reads them."""
    return (*prompt.messages, {"role": "assistant", "content": completion.text})


def different_outcomes(group: Group) -> bool:
    """The verifier's rewards differ, whatever shaping made of them: the group can teach which answer was better."""
    rewards = [r.verdict.reward for r in group.rollouts if r.verdict.reward is not None]
    return len(rewards) > 1 and max(rewards) - min(rewards) >= DEAD_SPREAD
