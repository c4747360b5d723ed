"""Voices: each rendering's own words, length of sentences and layout, and sentences of any exact number of words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeVar
from zlib import crc32

from tests.eval.ifbench_words import FIELDS, WORDS, Word

RENDERINGS = (
    "one paragraph",
    "after reasoning",
    "short sentences, one a line",
    "long sentences, quoted in Markdown",
    "code",
    "paragraphs with words in bold",
)
#: Words of a sentence where nothing asks for another number.
_LENGTHS = ((5, 7), (6, 9), (2, 4), (10, 15), (4, 6), (7, 11))

Fits = Callable[[Word | None, Word], bool]
T = TypeVar("T")


def vowels(text: str) -> set[str]:
    """The vowels of a text, without y."""
    return set(text.lower()) & set("aeiou")


def clustered(text: str) -> bool:
    """Whether two consonants stand together, y not counted for one."""
    return re.search(r"[b-df-hj-np-tv-xz]{2}", text.lower()) is not None


class Voice:
    """One rendering's words for one prompt. `breaks` is what a wrong answer has to break, `turn` says in which way."""

    def __init__(self, prompt: str, seed: str, rendering: int, breaks: str | None, turn: int) -> None:
        self.prompt = prompt
        self.rendering = rendering
        self.broken = breaks
        self.turn = crc32(seed.encode()) + turn
        self.rng = random.Random(f"{seed}/{rendering}")
        self._decks: dict[str, list[Word]] = {}
        self.last: Word | None = None

    def breaks(self, kind: str) -> bool:
        """Whether that kind of instruction is to be broken."""
        return self.broken == kind

    def one_of(self, ways: Sequence[T]) -> T:
        """One of several ways to break an instruction, another each turn."""
        return ways[self.turn % len(ways)]

    def choice(self, ways: Sequence[T]) -> T:
        """This rendering's choice."""
        return ways[self.rendering % len(ways)]

    def draw(self, part: str, fits: Fits | None = None) -> str:
        """A word that was not drawn yet, of this rendering's field where there is one; none comes twice before all did.

        `fits` has the word before and this one.
        """
        deck = self._decks.setdefault(part, self._shuffled(part))
        for again in range(2):
            for i, word in enumerate(deck):
                if fits is None or fits(self.last, word):
                    self.last = deck.pop(i)
                    return word.text
            if not again:
                deck += [word for word in self._shuffled(part) if word not in deck]
        raise ValueError(f"no {part} fits after {self.last}")

    def _shuffled(self, part: str) -> list[Word]:
        field = FIELDS[self.rendering % len(FIELDS)]
        own = [word for word in WORDS if word.part == part and word.field == field]
        rest = [word for word in WORDS if word.part == part and word.field != field]
        return self.rng.sample(own, len(own)) + self.rng.sample(rest, len(rest))

    def words(self, count: int | None = None, fits: Fits | None = None, plain: bool = False) -> list[str]:
        """The words of one sentence of so many; `plain`: no word but those of the lexicon."""
        count = count or self.rng.randint(*_LENGTHS[self.rendering])
        base = count if count <= 6 else 4 + (count - 4) % 3
        slots = [
            "verb",
            "noun verb",
            "noun verb noun",
            "adj noun verb noun",
            "adj noun verb adj noun",
            "adj noun verb adj noun adv",
        ][base - 1].split()
        more = ["adj", "noun", "adv"] if plain else ["prep", "the", "noun"]
        slots += more * ((count - base) // 3)
        return ["the" if slot == "the" else self.draw(slot, fits) for slot in slots]

    def sentence(self, count: int | None = None, fits: Fits | None = None, mark: str = ".", plain: bool = False) -> str:
        """A sentence of so many words."""
        return said(self.words(count, fits, plain), mark)

    def sentences(self, count: int, fits: Fits | None = None, plain: bool = False) -> list[str]:
        """So many sentences of this rendering's usual length."""
        return [self.sentence(None, fits, plain=plain) for _ in range(count)]

    def exactly(self, count: int) -> list[str]:
        """Sentences of so many words in all."""
        low, high = _LENGTHS[self.rendering]
        found = []
        while count:
            size = count if count <= high else min(self.rng.randint(low, high), count - low)
            found.append(self.sentence(size))
            count -= size
        return found

    def together(self, sentences: Sequence[str]) -> str:
        """The sentences with nothing but blanks between them."""
        return ("\n", "\n\n", " ")[(2, 2, 0, 2, 0, 1)[self.rendering]].join(sentences)

    def laid_out(self, sentences: Sequence[str], glued: bool = False) -> str:
        """The sentences in this rendering's layout, which adds no word.

        `glued`: no mark stands alone either, since the published checks of some kinds take it for a word.
        """
        if self.rendering == 3:
            mark = ">" if glued else "> "
            return mark + f"\n{mark}".join(sentences)
        if self.rendering == 4:
            return "\n".join(f"`{s}`" for s in sentences) if glued else "```\n" + "\n".join(sentences) + "\n```"
        if self.rendering == 5:
            return "\n\n".join(re.sub(r"^(\w+)", r"**\1**", sentence) for sentence in sentences)
        return self.together(sentences)


def said(words: Sequence[str], mark: str = ".") -> str:
    """The words as a sentence."""
    text = " ".join(words)
    return text[:1].upper() + text[1:] + mark
