"""Batches of completions with the returns that they earned, each return written in front of its completion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rlvr.core import Group, Prompt
from rlvr.data import asking_for
from rlvr.errors import UserError
from rlvr.training.batch import Batch
from rlvr.training.corpus import given_batch, given_rows, group_of
from rlvr.training.ranks import ALONE, Ranks
from rlvr.training.sources import epoch_order, written

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Trajectories:
    """Rows of `meta["demonstration"]` and `meta["return"]`, and as many rows of plain text for the auxiliary loss."""

    def __init__(
        self,
        prompts: Sequence[Prompt],
        texts: Sequence[Prompt],
        *,
        tokenizer: PreTrainedTokenizerBase,
        iterations: int,
        rows_per_iteration: int,
        seed: int,
        max_tokens: int,
        shuffle: bool = True,
        ranks: Ranks = ALONE,
    ) -> None:
        self.tokenizer, self.ranks = tokenizer, ranks
        self.iterations = iterations
        self.rows_per_iteration = rows_per_iteration
        self.seed, self.shuffle = seed, shuffle
        self.groups: list[Group] = []
        self.given: list[Group] = []
        self.rows = [self._row(prompt) for prompt in prompts]
        self.texts = [row for prompt in texts for row in given_rows(tokenizer, prompt, max_tokens)]

    def batches(self, start: int = 0) -> Iterator[tuple[int, Batch]]:
        for iteration in range(start, self.iterations):
            rows, texts = (self._picked(kind, iteration) for kind in (self.rows, self.texts))
            both = [*rows, *texts]
            self.given = list(self.ranks.share(both))
            batch = given_batch(both, self.tokenizer, self.ranks)
            yield iteration, replace(batch, language=batch.place >= len(rows)).recount()

    def policy_changed(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        """Trajectories were collected before."""

    def probe(self) -> None:
        """No engine samples here."""

    def metrics(self) -> dict[str, float]:
        return {}

    def _picked(self, kind: Sequence[Group], iteration: int) -> list[Group]:
        if not kind:
            return []
        size = self.rows_per_iteration
        return [kind[i] for i in epoch_order(len(kind), self.seed, iteration * size, size, self.shuffle)]

    def _row(self, prompt: Prompt) -> Group:
        text, earned = prompt.meta.get("demonstration"), prompt.meta.get("return")
        if not isinstance(text, str) or not text or not isinstance(earned, (int, float)):
            raise UserError(
                f"prompt {prompt.id!r} is no trajectory: it has no completion (meta['demonstration']) or no return "
                "(meta['return']). Train on a run's rollouts: {name: rollouts, path: runs/NAME/rollouts.jsonl}."
            )
        ended = prompt.meta.get("finish_reason", "stop") == "stop"
        asked = asking_for(prompt, earned)
        return group_of(prompt, written(self.tokenizer, asked.messages, text, ended=ended), float(earned))
