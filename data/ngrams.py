"""Texts as words and 8-grams, in numbers: what duplicates and contamination are found by.

A text is normalised first: NFKC, lower case, without LaTeX's commands for spacing, sizing and text; its words are runs
of `a-z0-9`, and each other letter (Chinese, Greek, ...) is a word of its own. Hashes depend on the words alone, so that
what is found is the same in every process. Everything after that is done for a thousand texts at once.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")
#: Words of one n-gram.
N = 8
#: What is taken at once: so many texts, or about so many letters, for each of which some 40 bytes are in use.
TEXTS, LETTERS = 1000, 2_000_000
#: Odd, and otherwise without meaning: places in a word, in a gram and in a text weigh its powers, modulo 2^64.
_BASE = 0x9E3779B97F4A7C15
_SPACING = re.compile(r"\\(?:(?:left|right|text|quad|qquad|displaystyle)(?![a-zA-Z])|[,;:! ])")
_WORDS = re.compile(r"[a-z0-9]+|[^\W\d_]")
#: Bytes other than letters and digits as blanks, capitals as small letters: the whole of it for a text of ASCII.
_ASCII = bytes(c + 32 if 65 <= c <= 90 else c if 48 <= c <= 57 or 97 <= c <= 122 else 32 for c in range(256))


def normalised(text: str) -> bytes:
    """The words of a text with blanks between them."""
    if "\\" in text:
        text = _SPACING.sub(" ", text)
    if text.isascii():
        return text.encode().translate(_ASCII)
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", text).lower())).encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Grams:
    """The 8-grams of several texts, one after another: text i has those from `ends[i - 1]` to `ends[i]`."""

    hashes: NDArray[Any]  # [all grams], uint64
    ends: NDArray[Any]  # [texts], int64
    keys: NDArray[Any]  # [texts], uint64, equal where the texts' words are
    sizes: NDArray[Any]  # [texts], words

    @property
    def owners(self) -> NDArray[Any]:
        """Which text each gram is of."""
        import numpy as np

        return np.repeat(np.arange(len(self.ends)), np.diff(self.ends, prepend=0))


def grams(texts: Sequence[str]) -> Grams:
    """The 8-grams of `texts`; a text of fewer words has none."""
    import numpy as np

    words, sizes = _words(texts)
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    # A text's key is the sum of word[i] * BASE^i; without a word, what it is equal to is the text itself.
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(words * _powers(_within(sizes)))])
    keys = mixed(sums[bounds[1:]] - sums[bounds[:-1]])
    for place in np.flatnonzero(sizes == 0).tolist():
        whole = hashlib.blake2b(texts[place].encode("utf-8", "replace"), digest_size=8)
        keys[place] = int.from_bytes(whole.digest(), "little")
    counts = np.maximum(sizes - (N - 1), 0)
    ends = np.cumsum(counts)
    if not len(ends) or not ends[-1]:
        return Grams(np.zeros(0, np.uint64), ends, keys, sizes)
    rolled = np.zeros(len(words) - (N - 1), np.uint64)
    for place in range(N):
        rolled = rolled * np.uint64(_BASE) + words[place : place + len(rolled)]
    return Grams(mixed(rolled[np.repeat(bounds[:-1], counts) + _within(counts)]), ends, keys, sizes)


def _words(texts: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The hashes of the words of all texts, one after another, and how many words each text has.

    A word's hash is the sum of letter[i] * BASE^i, then mixed.
    """
    import numpy as np

    parts = [normalised(text) for text in texts]
    letters = np.frombuffer(b" ".join([b"", *parts, b""]), np.uint8)
    solid = letters != 32
    edges = np.flatnonzero(solid[1:] != solid[:-1]) + 1  # where a word begins, where it ends, where the next begins
    first, lengths = edges[::2], edges[1::2] - edges[::2]
    lines = np.cumsum([len(part) + 1 for part in parts])  # where each text ends
    sizes = np.diff(np.searchsorted(first, lines), prepend=0)
    if not len(first):
        return np.zeros(0, np.uint64), sizes
    weighted = letters[solid] * _powers(_within(lengths))
    return mixed(np.add.reduceat(weighted, np.cumsum(lengths) - lengths)), sizes


def _within(counts: NDArray[Any]) -> NDArray[Any]:
    """0, 1, ... within each of several runs: of (3, 2) it is 0, 1, 2, 0, 1."""
    import numpy as np

    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _powers(exponents: NDArray[Any]) -> NDArray[Any]:
    """BASE to each exponent, modulo 2^64."""
    import numpy as np

    factors = np.full(exponents.max(initial=0) + 1, _BASE, np.uint64)
    factors[0] = 1
    return np.cumprod(factors)[exponents]


def batched(items: Iterable[T], text: Callable[[T], str]) -> Iterator[list[T]]:
    """Lists of items whose texts are together of a size that `grams` may take at once."""
    some: list[T] = []
    size = 0
    for item in items:
        some.append(item)
        size += len(text(item))
        if len(some) == TEXTS or size > LETTERS:
            yield some
            some, size = [], 0
    if some:
        yield some


def mixed(values: NDArray[Any]) -> NDArray[Any]:
    """Each 64-bit number as another that looks random: the end of SplitMix64 (Steele et al., 2014)."""
    import numpy as np

    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
