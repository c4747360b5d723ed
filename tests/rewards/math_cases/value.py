"""What a family of cases produces: one value in several notations, and notations of near misses."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Value:
    """One value. Every notation in `same` states it, each in `other` states another value (with the reason).

    `references` are the notations that may be the reference answer, where not all of `same` may (a percentage
    matches 50 and 0.5, which do not match each other). `prose` holds whole completions that give the value,
    `prose_other` those that give another.
    """

    same: tuple[str, ...]
    other: tuple[tuple[str, str], ...]
    references: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    prose_other: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A reference answer, a completion, and whether the completion's answer is the reference."""

    kind: str
    gold: str
    pred: str
    text: str
    equal: bool
    why: str


class Draw(random.Random):
    """Seeded choices."""

    def one(self, items: Sequence[T]) -> T:
        return items[self.randrange(len(items))]

    def coin(self, chance: float = 0.5) -> bool:
        return self.random() < chance

    def whole(self, low: int, high: int, *but: int) -> int:
        """An integer of [low, high] that is none of `but`."""
        while (number := self.randint(low, high)) in but:
            pass
        return number

    def few(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different items, in random order."""
        return self.sample(list(items), count)


def distinct(*notations: str) -> tuple[str, ...]:
    """The notations, each once, in order."""
    return tuple(dict.fromkeys(notations))
