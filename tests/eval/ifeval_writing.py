"""Responses that are made to be what is asked for, without asking the verifier about any of them.

What is fixed comes first: titles, keywords, letters, placeholders. Then as many sentences and words are added as are
missing, of a vocabulary that holds nothing that is counted or forbidden.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice, pairwise

from tests.eval.ifeval_asked import CONSTRAINED, MANY, Asked, Range
from tests.eval.ifeval_languages import SENTENCES
from tests.eval.ifeval_words import LETTERED, Vocabulary, words

SIGNS = "OPEN STOP LEFT RIGHT NORTH SOUTH EXIT ENTER PUSH PULL"
BLANKS = "[name] [date] [Your Address] [city] [phone number] [item 1] [item 2]"


@dataclass(frozen=True)
class Look:
    """How a rendering looks where a prompt leaves it free."""

    name: str
    theme: str
    speakers: tuple[str, ...] = ()  # one sentence a line, each with one of these before it
    plain: str = ""  # what stands there instead where words are counted
    head: str = ""
    tail: str = ""
    bullet: str = "-"
    mark: str = "*"
    heading: str = "{}"
    gap: str = "\n\n"
    commas: bool = False
    edge: bool = True  # counts are just what is asked for
    near: bool = False  # words that only hold a forbidden one are used


class Foreign:
    """Sentences of one language, in the place of a vocabulary."""

    def __init__(self, language: str, draw: random.Random) -> None:
        bank = list(SENTENCES[language])
        draw.shuffle(bank)
        self._left = cycle(bank)

    def allows(self, text: str) -> bool:
        return False

    def sentence(self, words: int) -> str:
        return next(self._left)

    def phrase(self) -> str:
        return " ".join(next(self._left).rstrip(".।۔").split()[:2])

    def listing(self, items: Sequence[str]) -> str:
        return f"{' '.join(items)}."


def settled(wanted: Range, usual: int, edge: bool) -> int:
    """One number of a range: at its edge, or not."""
    low, high = wanted
    if high < MANY:
        return (low if low and not edge else high) if edge or low else min(usual, high)
    return low + (0 if edge else 3) if low else usual


class Response:
    """One response: `text` is all of it, before quotes and capitals."""

    def __init__(self, asked: Asked, look: Look, draw: random.Random) -> None:
        self.asked, self.look, self.draw = asked, look, draw
        self.counted = [word for word, wanted in asked.keywords.items() if wanted != (1, MANY)]
        self.vocabulary: Vocabulary | Foreign = (
            Foreign(asked.language, draw) if asked.language != "en" else self._english()
        )
        self.before, self.after, self.bullets = self._before(), self._after(), self._bullets()
        self.headings = self._headings()
        self.fixed = self._fixed()
        self.filler = self._filler()

    def _english(self) -> Vocabulary:
        asked = self.asked
        out = {"letters": tuple(asked.letters), "parts": self.counted, "words": asked.forbidden}
        return Vocabulary(self.look.theme, self.draw, capitals=asked.case == "upper", **out)

    def _before(self) -> list[str]:
        """What stands before the first sentence."""
        title = self.vocabulary.phrase().title()
        forms = {"yes": f"<<{title}>>", "single": f"<{title}>", "blank": "<< >>", "lines": f"<<{title}\n{title}>>",
                 "french": f"« {title} »", "": ""}  # fmt: skip
        early = self.asked.end if self.asked.end_first else ""
        return [self.asked.repeat, self._free(self.look.head), forms[self.asked.title], early]

    def _after(self) -> list[str]:
        """What stands after the last sentence."""
        postscript = f"{self.asked.postscript} {self.vocabulary.sentence(5)}" if self.asked.postscript else ""
        answer = CONSTRAINED[len(self.look.name) % 3]
        forms = {"yes": answer, "short": "Yes.", "other": "My answer is perhaps.", "small": answer.lower(),
                 "mark": answer.replace("is", "is:"), "": ""}  # fmt: skip
        end = "" if self.asked.end_first else self.asked.end
        return [self._free(self.look.tail), postscript, forms[self.asked.constrained], end]

    def _free(self, text: str) -> str:
        """A text that nobody asked for, where nothing speaks against it."""
        asked = self.asked
        counted = asked.sentences != (0, MANY) or asked.words[1] < 100 or asked.words[0] == asked.words[1] < 100
        strict = asked.opening or asked.capitals or asked.repeat or asked.language != "en" or asked.case
        return text if not counted and not strict and self.vocabulary.allows(text) else ""

    def _bullets(self) -> list[str]:
        count = self.asked.bullets[0] if self.asked.bullets else 0
        return [f"{self.look.bullet} {self.vocabulary.phrase()}" for _ in range(count)]

    def _headings(self) -> list[str]:
        name, count = self.asked.sections or ("", 0)
        return [self.look.heading.format(f"{name} {i + 1}") for i in range(count)]

    def _fixed(self) -> list[str]:
        """The sentences that say what must be said."""
        asked, edge = self.asked, self.look.edge
        found: list[str] = []

        def say(items: Sequence[str], at_once: int = 7) -> None:
            found.extend(self.vocabulary.listing(items[i : i + at_once]) for i in range(0, len(items), at_once))

        def seen(part: str) -> int:
            return "\n".join([*self.before, *self.after, *self.bullets, *self.headings, *found]).lower().count(part)

        for word, wanted in sorted(asked.keywords.items(), key=lambda item: -len(item[0])):
            say([word] * (settled(wanted, 0, edge) - seen(word)))
        if asked.mentioned:
            say([asked.mentioned])
        elif self.look.near and asked.forbidden and asked.sentences == (0, MANY) and asked.words == (0, MANY):
            near = [f"{word.lower()}ish" for word in asked.forbidden]
            say([word for word in near if self.vocabulary.allows(word)])
        for wanted_items, items in (
            (asked.capitals, SIGNS.split()),
            (asked.placeholders, BLANKS.replace("] [", "]|[").split("|")),
            (asked.highlights, [f"{self.look.mark}{self.vocabulary.phrase()}{self.look.mark}" for _ in range(7)]),
        ):
            say(list(islice(cycle(items), settled(wanted_items, 0, edge) if wanted_items else 0)))
        for letter, wanted in asked.letters.items():
            need = settled(wanted, 0, edge) - seen(letter)
            assert need >= 0, f"{letter} is there {-need} times too often"
            say(list(islice(cycle(LETTERED[letter].split()), need)))
        return found

    def _groups(self) -> int:
        """How many paragraphs or sections there are to be."""
        asked = self.asked
        return asked.paragraphs or (asked.opening[0] if asked.opening else 0) or len(self.headings) or 1

    def _filler(self) -> list[str]:
        asked, look = self.asked, self.look
        usual = 4 + len(look.name) % 4
        if asked.case:  # few letters of a text in capitals tell its language: it needs more of them
            usual = 10 + 3 * len(self.fixed)
        ends = len(re.findall(r"[.!?]", asked.end))
        count = max(usual, self._groups() - len(self.fixed))
        if asked.sentences != (0, MANY):
            wanted = settled(asked.sentences, usual, look.edge) - ends
            self._merge(max(1, wanted))
            count = wanted - len(self.fixed)
        if asked.words == (0, MANY):
            return self._ensured([self.vocabulary.sentence(self.draw.randint(4, 9)) for _ in range(count)])
        outer = [*self.before, *self.after, *self.bullets, *self.headings, *self.fixed]
        left = settled(asked.words, 80, look.edge) - words(" ".join(outer))
        if asked.sentences == (0, MANY):
            left = max(left, 0) if asked.words[0] < asked.words[1] else left
            count = max(min(self._groups() - len(self.fixed), left // 3), math.ceil(left / 11))
        assert left >= 0 and (count > 0 or not left), f"{left} words are left for {count} sentences"
        lengths = [left // count + (i < left % count) for i in range(count)]
        return [self.vocabulary.sentence(length) for length in lengths]

    def _merge(self, most: int) -> None:
        """Makes no more than so many sentences of the fixed ones."""
        while len(self.fixed) > most:
            last = self.fixed.pop()
            self.fixed[-1] = f"{self.fixed[-1][:-1]} and {last[0].lower()}{last[1:]}"

    def _ensured(self, sentences: list[str]) -> list[str]:
        """With so many more that the language is plain beside what stands there in another script."""
        fixed = "".join([*self.before, *self.after, *self.fixed])
        latin = sum(char.isascii() and char.isalpha() for char in fixed)
        if self.asked.language not in ("en", "de", "it", "pt", "fi", "sw", "vi"):
            while sum(len(sentence) for sentence in sentences) < 6 * latin:
                sentences.append(self.vocabulary.sentence(0))
        return sentences

    def sentences(self) -> list[str]:
        """All of them, in their order."""
        asked, filler = self.asked, list(self.filler)
        if asked.comma == "one":
            of = filler or self.fixed
            of[-1] = of[-1].replace(" ", ", ", 1)
        elif asked.comma == "free" and self.look.commas:
            filler = [sentence.replace(" and ", ", and ") for sentence in filler]
        found = [*self.fixed, *filler]
        self.draw.shuffle(found)
        return found

    @property
    def text(self) -> str:
        asked, found = self.asked, self.sentences()
        count = self._groups()
        assert len(found) >= count, f"{len(found)} sentences for {count} paragraphs"
        cuts = [len(found) * i // count for i in range(count + 1)]
        groups = [found[a:b] for a, b in pairwise(cuts)]
        if asked.opening:
            nth = groups[asked.opening[1] - 1]
            nth[0] = f"{asked.opening[2].capitalize()}{'' if self.look.edge else '!'} {nth[0]}"
        blocks = [self._lines(group) for group in groups]
        if self.headings:
            blocks = [f"{head}\n{block}" for head, block in zip(self.headings, blocks, strict=True)]
        if self.bullets:  # after a sentence where there are two: a quote might stand before the first bullet
            last, half = groups[-1], len(groups[-1]) // 2
            listed = "\n".join([self._lines(last[:half]), *self.bullets, "", self._lines(last[half:])]).lstrip("\n")
            blocks[-1] = blocks[-1].replace(self._lines(last), listed)
        between = f"{self.look.gap}{asked.divider}{self.look.gap}" if asked.paragraphs else "\n\n"
        apart = "\n" if asked.opening else "\n\n"
        return apart.join([*filter(None, self.before), between.join(blocks), *filter(None, self.after)])

    def _lines(self, sentences: Sequence[str]) -> str:
        asked, look = self.asked, self.look
        if not look.speakers or asked.opening:
            return " ".join(sentences)
        named = asked.words == (0, MANY) and all(map(self.vocabulary.allows, look.speakers))
        named = named and asked.sentences == (0, MANY) and not asked.case
        before = look.speakers if named else (look.plain,)
        return "\n".join(f"{name} {sentence}" for name, sentence in zip(cycle(before), sentences, strict=False))


def written(asked: Asked, look: Look, key: str) -> str:
    """The whole response, which differs from key to key."""
    draw = random.Random(f"{key} {look.name}")
    text = _two(asked, look, draw) if asked.two else Response(asked, look, draw).text
    if asked.case:
        text = text.upper() if asked.case == "upper" else text.lower()
    if asked.small:
        *_, last = re.finditer(r"[^\W\d_]{2,}", text)
        text = text[: last.start()] + last[0].capitalize() + text[last.end() :]
    quotes = {"yes": '""', "curly": "“”", "first": ('"', ""), "last": ("", '"'), "single": "''", "": ("", "")}
    opening, closing = quotes[asked.quoted]
    return f"{opening}{text}{closing}"


def _half(number: int, first: bool) -> Range:
    half = number // 2 if first else number - number // 2
    return half, half


def _two(asked: Asked, look: Look, draw: random.Random) -> str:
    """Two responses, which share out what is counted over both."""
    total = settled(asked.words, 80, look.edge)
    parts = []
    for first in (True, False):
        half = asked if asked.words == (0, MANY) else replace(asked, words=_half(total, first))
        letters = {letter: _half(settled(wanted, 0, look.edge), first) for letter, wanted in asked.letters.items()}
        half = replace(half, letters=letters)
        if asked.sections and asked.sections_in_all:
            half = replace(half, sections=(asked.sections[0], asked.sections[1] // 2))
        if parts:
            half = replace(half, mentioned="", comma="none" if asked.comma == "one" else asked.comma)
        parts.append(Response(half, look, draw).text)
    if asked.two == "same":
        parts[1] = parts[0]
    return f"\n\n{'*' * (5 if asked.two == 'five' else 6)}\n\n".join(parts)
