"""What a data set declares about itself, and what loading one returns.

A data set is one function with the `@dataset` decorator, of one of two kinds:

    @dataset("mine", source=Hosted(hub="me/mine", files={"train": "mine_train.jsonl"}))
    def mine(row, index):                 # one row -> one Prompt; raise BadRow where it has none
        return Prompt(str(index), user_turn(row["question"]), row["answer"], "math")

    @dataset("puzzle", source=Generated())
    def puzzle(split, *, count=1000, seed=0):   # no rows: yields Prompts, keyword-only options
        ...

The loader puts `mine/train/` before the ids, so that they are unique across data sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rlvr.core import Message, Prompt
from rlvr.errors import did_you_mean


class BadRow(Exception):
    """A row that yields no prompt; the message is the reason that the user reads."""


class Row(dict[str, Any]):
    """One row of a file or of the hub. A column that it lacks is a `BadRow` with a suggestion."""

    def __missing__(self, column: str) -> Any:
        raise BadRow(
            f"there is no column {column!r}{did_you_mean(column, self)} (there are: {', '.join(self) or 'none'})"
        )


@dataclass(frozen=True, slots=True)
class Hosted:
    """Where the rows of a data set are: `hub` (at `revision`), or a file of `--data-dir` named by split.

    The keys of `files` are the data set's splits. A pinned `revision` keeps ids and answers fixed.
    """

    hub: str
    files: Mapping[str, str]
    config: str | None = None
    revision: str = "main"
    licence: str = ""
    url: str = ""

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.files)


@dataclass(frozen=True, slots=True)
class Generated:
    """A data set that is computed, not stored."""

    splits: tuple[str, ...] = ("train", "test")
    licence: str = "generated"
    url: str = ""


@dataclass(frozen=True, slots=True)
class LoadedPrompts:
    """The prompts of one split, and what was left out.

    `skipped` has one reason for each bad row, with the number it has in its file or hub split
    (files count from 1 as editors do). `fingerprint` hashes ids, messages and answers: two runs
    with equal fingerprints saw the same problems in the same order.
    """

    prompts: tuple[Prompt, ...]
    skipped: tuple[str, ...] = ()
    source: str = ""
    fingerprint: str = field(default="")


def user_turn(text: str) -> tuple[Message, ...]:
    """A conversation of one user message."""
    return ({"role": "user", "content": text},)
