"""Numbers in English words: `forty-two`, `three hundred and five`, `two thirds`, `one half`."""

from __future__ import annotations

import re
from fractions import Fraction

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
#: Words that multiply the number before them: 1.5 million, 3 dozen.
COUNTS = {**SCALES, "trillion": 10**12, "hundred": 100, "dozen": 12}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10,
}  # fmt: skip
_SMALL = {word: n for n, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}


def number_of_words(text: str) -> Fraction | None:
    """The number that a text spells out, None where it spells none."""
    words = re.split(r"[\s-]+", text.strip().lower())
    if not words or len(words) > 20:
        return None
    sign = -1 if words[0] in ("minus", "negative") else 1
    words = words[1:] if sign < 0 else words
    if len(words) > 1 and (part := _PARTS.get(words[-1].removesuffix("s"), _PARTS.get(words[-1]))):
        count = Fraction(1) if words[:-1] in (["a"], ["an"]) else number_of_words(" ".join(words[:-1]))
        return sign * count / part if count is not None and count > 0 else None
    return None if (whole := _whole(words)) is None else Fraction(sign * whole)


def _whole(words: list[str]) -> int | None:
    total = group = 0
    last = ""
    for word in words:
        if word in _SMALL:
            if last in _SMALL and not (last in _TENS and 0 < _SMALL[word] < 10):
                return None
            group += _SMALL[word]
        elif word == "hundred" and 0 < group < 100:
            group *= 100
        elif word in SCALES and 0 < group < 1_000:
            total, group = total + group * SCALES[word], 0
        elif not (word == "and" and last in ("hundred", *SCALES)):
            return None
        last = word
    return None if not words or last == "and" else total + group
