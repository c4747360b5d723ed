"""Texts as words and 8-grams, in numbers: what duplicates and contamination are found by.

A text is normalised first: NFKC, lower case, without LaTeX's commands for spacing, sizing and text; its words are runs
of `a-z0-9`, and each other letter (Chinese, Greek, ...) is a word of its own. Hashes depend on the words alone, so that
what is found is the same in every process.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Words of one n-gram.
N = 8
_SPACING = re.compile(r"\\(?:(?:left|right|text|quad|qquad|displaystyle)(?![a-zA-Z])|[,;:! ])")
_WORDS = re.compile(r"[a-z0-9]+|[^\W\d_]")
#: Bytes other than letters and digits as blanks, capitals as small letters: the whole of it for a text of ASCII.
_ASCII = bytes(c + 32 if 65 <= c <= 90 else c if 48 <= c <= 57 or 97 <= c <= 122 else 32 for c in range(256))
#: So many words are remembered with their hashes; then it is begun anew, since a hash depends on the word only.
_REMEMBERED = 300_000


def words(text: str) -> list[bytes]:
    """The words of a text after normalisation."""
    if "\\" in text:
        text = _SPACING.sub(" ", text)
    if text.isascii():
        return text.encode().translate(_ASCII).split()
    return [word.encode("utf-8", "replace") for word in _WORDS.findall(unicodedata.normalize("NFKC", text).lower())]


@dataclass(frozen=True, slots=True)
class Grams:
    """The 8-grams of several texts, one after another: text i has those from `ends[i - 1]` to `ends[i]`."""

    hashes: NDArray[Any]  # [all grams], uint64
    ends: NDArray[Any]  # [texts], int64
    keys: tuple[bytes, ...]  # [texts], equal where the texts' words are
    sizes: tuple[int, ...]  # [texts], words

    @property
    def owners(self) -> NDArray[Any]:
        """Which text each gram is of."""
        import numpy as np

        return np.repeat(np.arange(len(self.ends)), np.diff(self.ends, prepend=0))


class Hasher(dict[bytes, int]):
    """Word -> 64-bit hash, remembered."""

    def __missing__(self, word: bytes) -> int:
        if len(self) > _REMEMBERED:
            self.clear()
        value = int.from_bytes(hashlib.blake2b(word, digest_size=8).digest(), "little")
        self[word] = value
        return value

    def grams(self, texts: Sequence[str]) -> Grams:
        """The 8-grams of `texts`; a text of fewer words has none."""
        import numpy as np

        split = [words(text) for text in texts]
        sizes = tuple(map(len, split))
        keys = tuple(hashlib.blake2b(b" ".join(some), digest_size=12).digest() for some in split)
        flat = np.fromiter((self[word] for some in split for word in some), np.uint64, sum(sizes))
        counts = np.maximum(np.asarray(sizes, np.int64) - (N - 1), 0)
        ends = np.cumsum(counts)
        if not len(ends) or not ends[-1]:
            return Grams(np.zeros(0, np.uint64), ends, keys, sizes)
        rolled = np.zeros(len(flat) - (N - 1), np.uint64)
        for place in range(N):  # sum of word[i + k] * M^k, modulo 2^64
            rolled = rolled * np.uint64(0x9E3779B97F4A7C15) + flat[place : place + len(rolled)]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        # Where each text's grams begin among all, minus how many came before: then + 0, 1, 2, ... within the text.
        places = np.arange(ends[-1]) + np.repeat(starts - (ends - counts), counts)
        return Grams(mixed(rolled[places]), ends, keys, sizes)


def mixed(values: NDArray[Any]) -> NDArray[Any]:
    """Each 64-bit number as another that looks random: the end of SplitMix64 (Steele et al., 2014)."""
    import numpy as np

    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
