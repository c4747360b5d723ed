"""Where batches come from. The loop never asks which: it only takes the next one.

`OnPolicy` samples completions of prompts and has them judged; `Corpus` reads demonstrations. Which
prompts an iteration sees follows from (seed, iteration) alone, so a source has no state to save.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rlvr.core import Completion, Engine, Group, Prompt, Rollout, Sampling, Span, Verdict
from rlvr.errors import UserError
from rlvr.rollout import chat
from rlvr.training.batch import Batch, collate

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Judge(Protocol):
    """The worker pool of `rlvr.rewards`, as the sources use it."""

    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]: ...

    def metrics(self) -> Mapping[str, float]: ...


class Source(Protocol):
    """An iterator of batches that hears of each new policy."""

    @property
    def groups(self) -> Sequence[Group]: ...

    def batches(self, start: int) -> Iterator[tuple[int, Batch]]: ...

    def policy_changed(self, weights: Iterable[tuple[str, Any]], version: int) -> None: ...

    def metrics(self) -> dict[str, float]: ...


def epoch_order(count: int, seed: int, first: int, size: int, shuffle: bool = True) -> list[int]:
    """Items `first .. first + size` of the endless stream of epochs over `count` items, each epoch in a new order."""
    picked: list[int] = []
    while len(picked) < size:
        epoch, offset = divmod(first + len(picked), count)
        order = np.random.default_rng([seed, epoch]).permutation(count) if shuffle else np.arange(count)
        picked.extend(order[offset : offset + size - len(picked)].tolist())
    return picked


class OnPolicy:
    """Samples groups of completions from the current policy and judges them while the next are sampled."""

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
    ) -> None:
        self.prompts, self.engine, self.judge, self.sampling = prompts, engine, judge, sampling
        self.tokenizer = tokenizer
        self.iterations = iterations
        self.prompts_per_iteration = prompts_per_iteration
        self.prompts_per_chunk = prompts_per_chunk
        self.shuffle = shuffle
        self.groups: list[Group] = []
        self._times = {"time/rollout": 0.0, "time/judge_wait": 0.0}

    def batches(self, start: int = 0) -> Iterator[tuple[int, Batch]]:
        pad = self.tokenizer.pad_token_id or 0
        for iteration in range(start, self.iterations):
            size = self.prompts_per_iteration
            order = epoch_order(len(self.prompts), self.sampling.seed, iteration * size, size, self.shuffle)
            self.groups = self.collect([self.prompts[i] for i in order], iteration)
            yield iteration, collate(self.groups, pad, self._token_at)

    def collect(self, prompts: Sequence[Prompt], iteration: int) -> list[Group]:
        """The groups of `prompts`: sampled a chunk at a time, each chunk judged while the next is sampled."""
        began = time.perf_counter()
        pending: list[tuple[Prompt, list[Completion], list[Future[Verdict]]]] = []
        for first in range(0, len(prompts), self.prompts_per_chunk):
            chunk = prompts[first : first + self.prompts_per_chunk]
            for prompt, completions in zip(
                chunk, self.engine.generate(chunk, self.sampling, iteration=iteration), strict=True
            ):
                pending.append((prompt, completions, [self.judge.submit(prompt, c) for c in completions]))
        sampled = time.perf_counter()
        groups = [
            Group(prompt, tuple(_rollout(c, f.result()) for c, f in zip(completions, futures, strict=True)))
            for prompt, completions, futures in pending
        ]
        self._times = {"time/rollout": sampled - began, "time/judge_wait": time.perf_counter() - sampled}
        return groups

    def policy_changed(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        self.engine.load_policy(weights, version)

    def metrics(self) -> dict[str, float]:
        return {**self._times, **self.engine.metrics(), **self.judge.metrics()}

    def _token_at(self, completion: Completion, char_end: int) -> int:
        """The first token with which the decoded text reaches `char_end` characters."""
        low, high = 0, completion.num_tokens - 1
        while low < high:
            middle = (low + high) // 2
            text = self.tokenizer.decode(list(completion.token_ids[: middle + 1]), skip_special_tokens=True)
            low, high = (low, middle) if len(text) >= char_end else (middle + 1, high)
        return low


def _rollout(completion: Completion, verdict: Verdict) -> Rollout:
    if completion.finish_reason == "aborted":
        verdict = Verdict(None, "error", reason="the prompt fills the model's context: nothing could be sampled")
    return Rollout(completion, verdict, shaped=verdict.reward)


class Corpus:
    """Demonstrations as batches: the tokens of `prompt.meta["demonstration"]` are trained, the prompt's are not."""

    def __init__(
        self,
        prompts: Sequence[Prompt],
        *,
        tokenizer: PreTrainedTokenizerBase,
        iterations: int,
        rows_per_iteration: int,
        seed: int,
        shuffle: bool = True,
    ) -> None:
        self.tokenizer = tokenizer
        self.iterations, self.rows_per_iteration, self.seed, self.shuffle = (
            iterations,
            rows_per_iteration,
            seed,
            shuffle,
        )
        self.groups: list[Group] = []
        self.rows = [self._demonstrated(p) for p in prompts]

    def batches(self, start: int = 0) -> Iterator[tuple[int, Batch]]:
        size = self.rows_per_iteration
        for iteration in range(start, self.iterations):
            order = epoch_order(len(self.rows), self.seed, iteration * size, size, self.shuffle)
            yield iteration, collate([self.rows[i] for i in order], self.tokenizer.pad_token_id or 0)

    def policy_changed(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        """Demonstrations do not depend on the policy."""

    def metrics(self) -> dict[str, float]:
        return {}

    def _demonstrated(self, prompt: Prompt) -> Group:
        text = prompt.meta.get("demonstration")
        if not text:
            raise UserError(
                f"prompt {prompt.id!r} has no demonstration to learn from. Supervised fine-tuning needs a data set "
                "whose rows carry one (meta['demonstration']); choose another data set or another algorithm."
            )
        end = self.tokenizer.eos_token_id
        ids = [*self.tokenizer(text, add_special_tokens=False)["input_ids"], *([] if end is None else [end])]
        completion = Completion(
            spans=(Span("sampled", tuple(ids)),),
            text=text,
            prompt_ids=tuple(chat.prompt_ids(self.tokenizer, prompt.messages)),
        )
        return Group(prompt, (_rollout(completion, Verdict(1.0, "correct")),))
