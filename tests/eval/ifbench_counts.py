"""Answers to IFBench's `count:*`: so many of what, and not one more or fewer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.eval.ifbench_voice import Fits, Voice, said
from tests.eval.ifbench_words import JAPANESE, POSSESSIVE, Word

Writer = Callable[..., str]
_TIMES = (1, 2, 3, 5, 7)
_CONJUNCTIONS = "and but or yet so for nor".split()
_NUMBER_FORMS: tuple[Callable[[int], str], ...] = (
    lambda n: str(n),
    lambda n: f"{n * 1000 + 250:,}",
    lambda n: f"{n}.5",
    lambda n: f"({n})",
    lambda n: f"{1900 + n}",
    lambda n: f"{n}%",
)


def keywords_multiple(v: Voice, **keywords: str) -> str:
    words = [keywords[f"keyword{n}"] for n in range(1, 6)]
    times = list(_TIMES)
    if v.breaks("count:keywords_multiple"):
        place, step = v.one_of([(0, 1), (1, -1), (2, 1), (3, -1), (4, 1), (4, -1), (0, -1), (2, -1)])
        times[place] += step

    def fits(before: Word | None, word: Word) -> bool:
        return not any(keyword in word.text for keyword in words)

    sentences = []
    for word, count in zip(words, times, strict=True):
        written = v.choice([word, word, word.upper(), word, word, word.capitalize()])
        for _ in range(count):
            said_so = v.words(None, fits, plain=True)
            said_so.insert(v.rng.choice([0, 1, len(said_so)]), written)
            sentences.append(said(said_so))
    return v.laid_out(v.rng.sample(sentences, len(sentences)))


def _joined(v: Voice, small_n: int, fits: Fits | None = None) -> list[str]:
    """Sentences with so many different coordinating conjunctions, or with one fewer, each then said more often."""
    order = v.rng.sample(_CONJUNCTIONS, len(_CONJUNCTIONS))
    wrong = v.breaks("count:conjunctions")
    chosen = order[: small_n - 1] * 3 if wrong else order[: min(7, small_n + v.choice([0, 1, 0, 2, 0, 1]))]
    sentences = []
    for i, word in enumerate(chosen or ["while"]):
        one, two = v.words(3), v.words(4)
        if (i + v.rendering) % 2 or word == "nor":
            comma = "," if v.rendering != 2 else ""
            sentences.append(said([*one[:-1], one[-1] + comma, word, *(["never"] if word == "nor" else []), *two]))
        else:
            sentences += [said(one), said([word, *two])]
    return sentences


def _numbered(v: Voice, count: int) -> list[str]:
    if v.breaks("count:numbers"):
        count += v.one_of([1, -1])
    form = v.choice(_NUMBER_FORMS)
    return [
        said([v.draw("noun"), v.draw("verb"), form(v.rng.randint(2, 99)), v.draw("adj"), v.draw("noun")])
        for _ in range(count)
    ]


def conjunctions(v: Voice, *, small_n: int) -> str:
    return v.laid_out([*_joined(v, small_n), *v.sentences(2)])


def numbers(v: Voice, *, N: int) -> str:
    sentences = [*v.sentences(2), *_numbered(v, N)]
    return v.laid_out(v.rng.sample(sentences, len(sentences)))


def numbers_conjunctions(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return v.laid_out([*_numbered(v, first["N"]), *_joined(v, second["small_n"])])


def numbers_unique(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    if not v.breaks("count:unique_word_count"):
        return v.laid_out([*_numbered(v, first["N"]), *v.sentences(3)])
    # Every number the same: five different words, said again and again.
    words = [v.draw("noun"), v.draw("verb"), "17", v.draw("adj"), v.draw("noun")]
    return v.laid_out([said(words) for _ in range(first["N"])])


def person_names(v: Voice, *, N: int, opening: str = "") -> str:
    listed = re.search(r"list of person names: ([A-Z][\w, ]+?) ?\.", v.prompt)
    assert listed is not None, v.prompt
    names = listed[1].split(", ")
    chosen = v.rng.sample(names, min(len(names), N + v.choice([0, 2, 0, 5, 1, 0])))
    if v.breaks("count:person_names"):
        few = chosen[: N - 1]
        chosen = few + v.one_of([few[:2], ["Robert", "Fatima"], [few[0].upper(), few[0].lower()]])
    sentences = []
    for i, name in enumerate(chosen):
        written = v.choice([name, name, name, f"{name}'s", name, name])
        place = 1 if i % 2 or written != name else 0
        words = [v.draw("noun"), v.draw("verb"), v.draw("noun")]
        sentences.append(said([*words[: 2 * place], written, *words[2 * place :]]))
    return v.together([opening, *sentences]) if opening else v.laid_out(sentences)


def pronoun_sentences(v: Voice, count: int, fits: Fits | None = None) -> list[str]:
    """Sentences with so many pronouns in all."""

    def some(listed: list[str]) -> str:
        return v.rng.choice([word for word in listed if fits is None or fits(None, Word(word, "", "", 1))])

    sentences = []
    while count:
        here = min(count, v.choice([2, 3, 1, 3, 2, 3]))
        verb, noun = v.draw("verb", fits), v.draw("noun", fits)
        subject, whom = some("i we you they".split()), some("me us you him her it them".split())
        subject = "I" if subject == "i" else subject
        sentences.append(
            said(
                [subject, verb, v.draw("adj", fits), noun]
                if here == 1
                else [subject, verb, whom]
                if here == 2
                else [subject, verb, whom, v.draw("prep", fits), some(POSSESSIVE[:6]), noun]
            )
        )
        count -= here
    return sentences


def pronouns(v: Voice, *, N: int) -> str:
    count = N - 1 if v.breaks("count:pronouns") else N + v.choice([0, 3, 0, 7, 1, 0])
    return v.laid_out([*pronoun_sentences(v, count), *v.sentences(3)])


def punctuation(v: Voice) -> str:
    dot, comma, colon, semicolon, strange = ".", ",", ":", ";", v.choice(["?!", "!?", "‽", "?!", "?!", "!?"])
    if v.breaks("count:punctuation"):
        left_out = v.one_of(["interrobang", ";", ":", ",", "."])
        dot = "!" if left_out == "." else dot
        comma, colon, semicolon = ("" if left_out == mark else mark for mark in ",:;")
        strange = "?" if left_out == "interrobang" else strange
    a, b, c, d = (v.words(3) for _ in range(4))
    sentences = [
        said([*a[:-1], a[-1] + semicolon, *b], dot),
        said([*c[:-1], c[-1] + colon, *d[:-1], f"({d[-1]})"], dot),
        said([*v.words(2), f"{v.draw('noun')}{comma}", v.draw("noun"), f'"{v.draw("noun")}"'], dot),
        v.sentence(4, mark="!"),
        v.sentence(5, mark="?"),
        v.sentence(3, mark=strange),
    ]
    return v.laid_out(v.rng.sample(sentences, len(sentences)))


def word_count_range(v: Voice, *, min_words: int, max_words: int) -> str:
    return v.laid_out(v.exactly(words_within(v, min_words, max_words)))


def words_within(v: Voice, low: int, high: int) -> int:
    """How many words to write: within the bounds, which count too, or just outside them."""
    if v.breaks("count:word_count_range"):
        return v.one_of([low - 1, high + 1])
    return v.choice([low, high, (low + high) // 2])


def words_japanese(v: Voice, *, N: int) -> str:
    japanese = v.choice(JAPANESE)
    length = N * v.rng.randint(2, 4) + v.rng.randint(0, N - 1)
    words: list[str] = []
    while len(words) < length:
        words += v.words()
    places = list(range(N - 1, length, N))
    if v.breaks("count:words_japanese"):
        places = v.one_of([places[:-1], places[1:], [place - 1 for place in places]])
    for place in places:
        words[place] = v.rng.choice(japanese)
    size = max(3, N - 2)
    return v.laid_out([said(words[i : min(i + size, length)]) for i in range(0, length, size)], glued=True)


def unique_word_count(v: Voice, *, N: int) -> str:
    words: list[str] = []
    wanted = N - 1 if v.breaks("count:unique_word_count") else N + v.choice([0, 4, 1, 12, 0, 7])
    while len(set(words)) < wanted:
        for word in v.words():
            words += [word] if len(set(words)) < wanted else []
    if v.breaks("count:unique_word_count"):  # more words than that, of which none is new
        words += v.one_of([[word.upper() for word in words[:12]], [word.capitalize() for word in words[-9:]]])
    size = v.choice([8, 6, 3, 14, 7, 10])
    return v.laid_out([said(words[i : i + size]) for i in range(0, len(words), size)], glued=True)


WRITERS: dict[str, Writer] = {
    "count:keywords_multiple": keywords_multiple,
    "count:conjunctions": conjunctions,
    "count:numbers": numbers,
    "count:numbers count:conjunctions": numbers_conjunctions,
    "count:numbers count:unique_word_count": numbers_unique,
    "count:person_names": person_names,
    "count:pronouns": pronouns,
    "count:punctuation": punctuation,
    "count:word_count_range": word_count_range,
    "count:words_japanese": words_japanese,
    "count:unique_word_count": unique_word_count,
}
