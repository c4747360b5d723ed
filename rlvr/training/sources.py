"""Where batches come from. The loop never asks which: it only takes the next one.

`on_policy` samples completions of prompts and has them judged; `corpus` reads demonstrations and plain text,
`pairs` answers of which one was preferred, `trajectories` completions with their returns. What an iteration
sees follows from (seed, iteration) and the policy alone, so a source has no state to save; but one that samples ahead
of training has (`async_on_policy`), since older weights sampled what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rlvr.core import Completion, Group, Message, Span
from rlvr.rollout import chat
from rlvr.training.batch import Batch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Source(Protocol):
    """An iterator of batches that hears of each new policy."""

    @property
    def groups(self) -> Sequence[Group]:
        """The iteration's groups that the policy sampled; none where the data were given."""
        ...

    @property
    def given(self) -> Sequence[Group]:
        """The iteration's rows that were given: demonstrations, pairs, trajectories."""
        ...

    def batches(self, start: int) -> Iterator[tuple[int, Batch]]: ...

    def policy_changed(self, weights: Iterable[tuple[str, Any]], version: int) -> None: ...

    def probe(self) -> Batch | None:
        """What an engine with weights of its own samples now, for the trainer to compare."""
        ...

    def metrics(self) -> dict[str, float]: ...


def epoch_order(
    count: int, seed: int, first: int, size: int, shuffle: bool = True, difficulty: Sequence[float] | None = None
) -> list[int]:
    """Items `first .. first + size` of the endless stream of epochs over `count` items, each epoch in a new order.

    With each item's `difficulty` an epoch's items come in the order of these numbers, equal ones in that of the seed.
    """
    picked: list[int] = []
    while len(picked) < size:
        epoch, offset = divmod(first + len(picked), count)
        order = np.random.default_rng([seed, epoch]).permutation(count) if shuffle else np.arange(count)
        if difficulty is not None:
            order = order[np.argsort(np.asarray(difficulty)[order], kind="stable")]
        picked.extend(order[offset : offset + size - len(picked)].tolist())
    return picked


def written(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], text: str, *, ended: bool = True
) -> Completion:
    """`text` as the answer to `messages`, in tokens; `ended` adds the token that says that it ends there."""
    ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])
    if ended and tokenizer.eos_token_id is not None:
        ids.append(tokenizer.eos_token_id)
    return Completion(
        spans=(Span("sampled", tuple(ids)),),
        text=text,
        finish_reason="stop" if ended else "length",
        prompt_ids=tuple(chat.prompt_ids(tokenizer, messages)),
    )
