"""Answers in words: sets by name, counted things, and what is nothing but words."""

from __future__ import annotations

import re

from . import expression as ex
from . import units
from .expression import Number
from .number_words import number_of_words
from .values import NamedSet, Quantity, Value, Words
from .vocabulary import GREEK

MAX_CHARACTERS = 400  # of an answer in words

#: Nothing but words, one of them longer than a product of a few variables would be, or a word and then a number.
_PROSE = re.compile(r"(?:[^\W\d_]{1,2}[ '-]+)*(?:[^\W\d_]{3,}(?:[ ',-]+[^\W\d_]+)*|[^\W\d_]{3,} [^=]{0,80})", re.DOTALL)

_EMPTY = frozenset(
    "no solution|no solutions|none|no real solution|no real solutions|no such|empty set|the empty set"
    "|there is no solution|there are no solutions|no roots".split("|")
)
_NAMED = {
    "all real numbers": "R", "all reals": "R", "real numbers": "R", "reals": "R", "any real number": "R",
    "every real number": "R", "all integers": "Z", "integers": "Z", "any integer": "Z", "all natural numbers": "N",
    "natural numbers": "N", "all rational numbers": "Q", "rational numbers": "Q", "all complex numbers": "C",
    "complex numbers": "C",
}  # fmt: skip
_SHORT_WORDS = frozenset("yes no true false odd even none both all".split())
_UNDEFINED = frozenset(["undefined", "dne", "does not exist", "not defined", "doesn't exist"])


def is_prose(text: str) -> bool:
    """Whether nothing but words stands in a text, which the grammar need not see."""
    return (
        len(text) <= MAX_CHARACTERS
        and text not in GREEK
        and (_PROSE.fullmatch(text) is not None or text.lower() in _SHORT_WORDS)
    )


def in_words(text: str) -> Value | None:
    """A short text as words, normalised; None for what has no letters."""
    if len(text) > MAX_CHARACTERS:
        return None
    plain = re.sub(r"\\(?:text|textbf|textit|mathrm|mbox|textrm|emph)\b|\\[,;:! ]|[{}$~*`]", " ", text)
    plain = re.sub(r"\s+", " ", plain).strip(" .,;:!?\"'").casefold()
    plain = re.sub(r"^(?:the|an?) ", "", plain)
    if plain in _EMPTY:
        return NamedSet("empty")
    if plain in ("infinity", "infty", "inf"):
        return ex.INFINITY
    if plain in _NAMED:
        return NamedSet(_NAMED[plain])
    if plain in _UNDEFINED:
        return Words("undefined")
    if (counted := _counted(plain)) is not None:
        return counted
    return Words(plain) if re.search(r"[^\W\d_]", plain) else None


def _counted(words: str) -> Value | None:
    """`forty-two` and `five red apples`: a number in words, with a unit or without."""
    parts = words.split(" ")
    for length in range(min(len(parts), 12), 0, -1):
        if (value := number_of_words(" ".join(parts[:length]))) is not None:
            unit = units.read(" ".join(parts[length:])) if length < len(parts) else None
            if length == len(parts):
                return Number(value)
            return Quantity(Number(value), unit) if unit is not None else None
    return None
