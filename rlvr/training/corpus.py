"""Batches of given text: demonstrations, of which the answer is trained, and plain text, of which all is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from rlvr.core import Completion, Group, Prompt, Rollout, Span, Verdict
from rlvr.errors import UserError
from rlvr.training.batch import Batch, collate
from rlvr.training.ranks import ALONE, Ranks
from rlvr.training.sources import epoch_order, written

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Corpus:
    """Rows of `meta["demonstration"]`, the answer to the prompt, or of `meta["text"]`, a text without any prompt."""

    def __init__(
        self,
        prompts: Sequence[Prompt],
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
        self.rows = [row for prompt in prompts for row in given_rows(tokenizer, prompt, max_tokens)]

    def batches(self, start: int = 0) -> Iterator[tuple[int, Batch]]:
        size = self.rows_per_iteration
        for iteration in range(start, self.iterations):
            order = epoch_order(len(self.rows), self.seed, iteration * size, size, self.shuffle)
            rows = [self.rows[i] for i in order]
            self.given = list(self.ranks.share(rows))
            yield iteration, given_batch(rows, self.tokenizer, self.ranks)

    def policy_changed(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        """Given text does not depend on the policy."""

    def probe(self) -> None:
        """No engine samples here."""

    def metrics(self) -> dict[str, float]:
        return {}


def given_batch(rows: Sequence[Group], tokenizer: PreTrainedTokenizerBase, ranks: Ranks) -> Batch:
    """This rank's part of an iteration that consists of `rows`."""
    places = ranks.share(range(len(rows)))
    batch = collate([rows[i] for i in places], tokenizer.pad_token_id or 0)
    return batch.spread(torch.tensor(places, dtype=torch.int64), len(rows), ranks.sum)


def given_rows(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, max_tokens: int) -> list[Group]:
    """The rows of a prompt that carries a demonstration or a text. Raises `UserError` where it carries neither."""
    if text := prompt.meta.get("text"):
        return [group_of(prompt, piece) for piece in pieces(tokenizer, text, max_tokens)]
    text = prompt.meta.get("demonstration")
    if not text:
        raise UserError(
            f"prompt {prompt.id!r} has no demonstration to learn from. Supervised fine-tuning needs a data set whose "
            "rows carry one (meta['demonstration']) or are plain text (meta['text']); choose another data set or "
            "another algorithm."
        )
    ended = prompt.meta.get("finish_reason", "stop") == "stop"
    return [group_of(prompt, written(tokenizer, prompt.messages, text, ended=ended))]


def group_of(prompt: Prompt, completion: Completion, reward: float = 1.0) -> Group:
    """A given completion as a group of one. Nobody judged it here: the verdict only lets it be trained."""
    return Group(prompt, (Rollout(completion, Verdict(1.0, "correct"), reward),))


def pieces(tokenizer: PreTrainedTokenizerBase, text: str, max_tokens: int) -> Iterator[Completion]:
    """A plain text in pieces of at most `max_tokens` tokens, every one of them trained.

    Each piece follows the token that separates documents (`bos`, or else `eos`), which is what predicts its first
    token; the last one ends with `eos`.
    """
    eos = tokenizer.eos_token_id
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else eos
    ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], *([] if eos is None else [eos])]
    for start in range(0, len(ids), max_tokens):
        span = Span("sampled", tuple(ids[start : start + max_tokens]))
        yield Completion((span,), text, prompt_ids=(first if first is not None else 0,))
