"""What a data set declares about itself, and what loading one returns.

A data set is one function with the `@dataset` decorator, of one of two kinds:

    @dataset("mine", source=Hosted(hub="me/mine", files={"train": "mine_train.jsonl"}, template="boxed"))
    def mine(row, index):                 # one row -> one Prompt; raise BadRow where it has none
        return Prompt(str(index), user_turn(row["question"]), row["answer"], "math")

    @dataset("puzzle", source=Generated())
    def puzzle(split, *, count=1000, seed=0):   # no rows: yields Prompts, keyword-only options
        ...

The loader puts `mine/train/` before the ids, so that they are unique across data sets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rlvr.core import Message, Prompt
from rlvr.errors import did_you_mean


class BadRow(Exception):
    """A row that yields no prompt; the message is the reason that the user reads."""


class LeftOut(BadRow):
    """A row that is known to hold no usable problem, such as the two of MATH without an answer.

    It is skipped and counted whatever `on_bad_row` says: nobody could mend it.
    """


class Row(dict[str, Any]):
    """One row of a file or of the hub. A column that it lacks is a `BadRow` with a suggestion."""

    def __missing__(self, column: str) -> Any:
        raise BadRow(
            f"there is no column {column!r}{did_you_mean(column, self)} (there are: {', '.join(self) or 'none'})"
        )


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for prompts: messages name a setting as it is written there, in a recipe or in a suite's file."""

    setting: str = "data.train.{key}={value}"
    data_dir: str = "data.data_dir=FOLDER"

    def write(self, key: str, value: str) -> str:
        """How a setting is given a value."""
        return self.setting.format(key=key, value=value)


#: A recipe's training data.
TRAINING = Asker()


#: One row and its number -> one prompt; raises `BadRow` where there is none.
Adapter: TypeAlias = Callable[[Row, int], Prompt]


@dataclass(frozen=True, slots=True)
class Hosted:
    """Where the rows of a data set are, and what a reader wants to know before loading it.

    The keys of `files` are the data set's splits, its values the names of their files in `--data-dir`. A pinned
    `revision` keeps ids and answers fixed; None stands for the newest, because no revision could be confirmed.
    """

    hub: str
    files: Mapping[str, str]
    #: A configuration's name, several of them in order, or "*" for all that the hub has.
    config: str | tuple[str, ...] | None = None
    revision: str | None = None
    licence: str = ""
    url: str = ""
    rows: str = ""  # how many, as it was published: "7,473 + 1,319"
    verifier: str = ""  # what judges its rows
    template: str = "none"  # the wording that is put around its problems, see `templates`
    hub_splits: Mapping[str, str] = field(default_factory=dict)  # our split -> the hub's, where the names differ
    streamed: bool = False  # too big to download whole: rows are read from the hub as they come
    example: Mapping[str, Any] = field(default_factory=dict)  # a row of ours in its shape: `rlvr show NAME` reads it
    #: Which rows of a file that holds all splits belong to one: (row, split) -> bool.
    belongs: Callable[[Mapping[str, Any], str], bool] | None = None

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.files)


@dataclass(frozen=True, slots=True)
class Generated:
    """A data set that is computed, not stored."""

    splits: tuple[str, ...] = ("train", "test")
    licence: str = "generated"
    url: str = ""
    template: str = "none"


@dataclass(frozen=True, slots=True)
class LoadedPrompts:
    """The prompts of one split, and what was left out.

    `skipped` has one reason for each bad row, with the number it has in its file or hub split
    (files count from 1 as editors do). `fingerprint` hashes ids, messages and answers: two runs
    with equal fingerprints saw the same problems in the same order; `contents` hashes all of each prompt.
    Many prompts are not held in memory: `prompts` then reads each from disk when it is asked for.
    """

    prompts: Sequence[Prompt]
    skipped: tuple[str, ...] = ()
    source: str = ""
    fingerprint: str = ""
    contents: str = ""


def messages_of(value: Any) -> tuple[Message, ...] | None:
    """A list of `{role, content}` as messages, None for anything else. Of a turn that only calls tools the content may
    be null: it says nothing."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return None
    if not all(isinstance(turn, Mapping) and {"role", "content"} <= turn.keys() for turn in value):
        return None
    if not all(isinstance(turn["content"], str | None) for turn in value):
        return None
    return tuple({"role": str(turn["role"]), "content": turn["content"] or ""} for turn in value)


def user_turn(text: str) -> tuple[Message, ...]:
    """A conversation of one user message."""
    return ({"role": "user", "content": text},)
