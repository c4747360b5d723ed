"""Batches of preferences: two answers to one prompt, the chosen row and then the rejected one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rlvr.core import Group, Prompt, Rollout, Verdict
from rlvr.errors import UserError
from rlvr.training.batch import Batch, collate
from rlvr.training.ranks import ALONE, Ranks
from rlvr.training.sources import epoch_order, written

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Pairs in one pass of the reference: the size is part of the numbers, since it sets how rows are padded.
_REFERENCE_PAIRS = 256


class Pairs:
    """Rows of `meta["chosen"]` and `meta["rejected"]`, with `meta["margin"]`, how much better the chosen one is.

    `reference` gives the log-probs of a batch under the reference policy. It is asked once, for the pairs that
    the run will see, before the first update.
    """

    def __init__(
        self,
        prompts: Sequence[Prompt],
        *,
        tokenizer: PreTrainedTokenizerBase,
        iterations: int,
        pairs_per_iteration: int,
        seed: int,
        shuffle: bool = True,
        ranks: Ranks = ALONE,
        reference: Callable[[Batch], Tensor] | None = None,
    ) -> None:
        self.tokenizer, self.ranks = tokenizer, ranks
        self.iterations = iterations
        self.pairs_per_iteration = pairs_per_iteration
        self.seed, self.shuffle = seed, shuffle
        self.groups: list[Group] = []
        self.given: list[Group] = []
        self.rows = [pair_of(tokenizer, prompt) for prompt in prompts]
        self.margins = [margin_of(prompt) for prompt in prompts]
        self.ref_logprobs: dict[int, tuple[Tensor, Tensor]] = {}
        if reference is not None:
            self._ask(reference)

    def batches(self, start: int = 0) -> Iterator[tuple[int, Batch]]:
        for iteration in range(start, self.iterations):
            order = self._order(iteration)
            places = self.ranks.share(range(len(order)))
            self.given = [self.rows[order[i]] for i in places]
            rows = torch.tensor([row for i in places for row in (2 * i, 2 * i + 1)], dtype=torch.int64)
            yield iteration, self.batch([order[i] for i in places]).spread(rows, 2 * len(order), self.ranks.sum)

    def batch(self, numbers: Sequence[int] | None = None) -> Batch:
        """The pairs with these numbers, by default all."""
        numbers = range(len(self.rows)) if numbers is None else numbers
        batch = collate([self.rows[i] for i in numbers], self.tokenizer.pad_token_id or 0)
        margins = torch.tensor([self.margins[i] for i in numbers]).repeat_interleave(2)
        batch = replace(batch, margins=margins, together=2)
        if not self.ref_logprobs:
            return batch
        ref = torch.zeros(batch.token_ids.shape)
        for b, values in enumerate(row for i in numbers for row in self.ref_logprobs[i]):
            ref[b, : len(values)] = values
        return replace(batch, ref_logprobs=ref)

    def policy_changed(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        """Preferences do not depend on the policy."""

    def probe(self) -> None:
        """No engine samples here."""

    def metrics(self) -> dict[str, float]:
        return {}

    def _order(self, iteration: int) -> list[int]:
        size = self.pairs_per_iteration
        return epoch_order(len(self.rows), self.seed, iteration * size, size, self.shuffle)

    def _ask(self, reference: Callable[[Batch], Tensor]) -> None:
        """Fills `ref_logprobs`. All of them before the first update, in one order: a resumed run gets the same bits."""
        seen = sorted({number for iteration in range(self.iterations) for number in self._order(iteration)})
        found: dict[int, tuple[Tensor, Tensor]] = {}
        for start in range(0, len(seen), _REFERENCE_PAIRS):
            numbers = seen[start : start + _REFERENCE_PAIRS]
            batch = self.batch(numbers)
            values = reference(batch)
            rows = [values[b, : int(length)].clone() for b, length in enumerate(batch.lengths)]
            found |= {number: (rows[2 * k], rows[2 * k + 1]) for k, number in enumerate(numbers)}
        self.ref_logprobs = found


def pair_of(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> Group:
    """The two answers in tokens. Raises `UserError` where the prompt carries no pair."""
    answers = [prompt.meta.get(key) for key in ("chosen", "rejected")]
    if not all(isinstance(answer, str) and answer for answer in answers):
        raise UserError(
            f"prompt {prompt.id!r} has no chosen and rejected answer to learn from. Preferences need a data set whose "
            "rows carry both, such as {name: preferences, path: pairs.jsonl}; `rlvr pairs RUN` makes such a file."
        )
    # Neither was sampled by the policy, and there is no outcome: 1 and 0 only tell them apart in a record.
    rollouts = (
        Rollout(written(tokenizer, prompt.messages, str(answer)), Verdict.of(reward), reward)
        for answer, reward in zip(answers, (1.0, 0.0), strict=True)
    )
    return Group(prompt, tuple(rollouts))


def margin_of(prompt: Prompt) -> float:
    """By how much the chosen answer is better; 0 where the data does not say."""
    return float(prompt.meta.get("margin") or 0.0)
