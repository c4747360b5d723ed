"""Answers to IFBench's `words:*` and `sentence:*`: which words, and in which order."""

from __future__ import annotations

from typing import Any

from tests.eval.ifbench_counts import Writer, person_names, words_within
from tests.eval.ifbench_voice import Voice, said
from tests.eval.ifbench_words import ALPHABET, WORDS, Word

#: Verbs and nothing else; the tagger of the published verdicts takes "Imagine" and "Write" for names.
_VERBS = "Consider Take Go Let See Try".split()


def keyword_at(v: Voice, *, word: str, N: int, lengths: list[int] | None = None) -> list[str]:
    """Sentences of which the N-th holds the word, in place of another."""
    place, written = N - 1, word
    if v.breaks("sentence:keyword"):
        place, written = v.one_of([(N - 2, word), (N, word), (N - 1, f"{word}ish"), (N - 1, f"un{word}")])
    if lengths is None:
        lengths = [v.rng.randint(*v.choice([(3, 6), (4, 8), (2, 3), (8, 12), (3, 5), (6, 9)])) for _ in range(N)]
        lengths += lengths[: v.choice([1, 3, 1, 2, 4, 1])]
    found = []
    for i, length in enumerate(lengths):
        words = v.words(length, lambda _, drawn: word not in drawn.text)
        if i == place:
            words[v.choice([0, -1, 0, 1, -1, 2]) if len(words) > 2 else 0] = written
        found.append(said(words))
    return found


def sentence_keyword(v: Voice, *, word: str, N: int) -> str:
    return v.together(keyword_at(v, word=word, N=N))


def keyword_words(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    total, count = words_within(v, second["min_words"], second["max_words"]), first["N"] + v.choice([1, 2, 4, 1, 3, 2])
    lengths = [total // count + (i < total % count) for i in range(count)]
    return v.together(keyword_at(v, **first, lengths=lengths))


def keyword_position(v: Voice, *, keyword: str, n: int, m: int) -> str:
    if v.breaks("words:keywords_specific_position"):
        n, m = v.one_of([(n, m - 1), (n, m + 1), (n - 1, m), (n + 1, m)])
    sentences = v.sentences(n - 1)
    words = v.words(m + v.choice([0, 3, 1, 6, 2, 4]))
    words[m - 1] = keyword
    return v.together([*sentences, said(words), *v.sentences(v.choice([1, 3, 2, 1, 4, 2]))])


def words_position(v: Voice, *, keyword: str) -> str:
    sentences = [v.words(6 + v.rendering), *[v.words() for _ in range(v.choice([1, 2, 3, 1, 0, 4]))], v.words(5)]
    front, back = 1, -2
    if v.breaks("words:words_position"):
        front, back = v.one_of([(2, -2), (1, -3), (0, -1), (1, -1)])
    sentences[0][front] = keyword
    sentences[-1][back] = keyword
    return v.together(list(map(said, sentences)))


def last_first(v: Voice) -> str:
    sentences = [v.words(max(4, len(v.words())))]
    for _ in range(v.choice([3, 4, 6, 2, 5, 3])):
        sentences.append([sentences[-1][-1], *v.words(max(3, len(v.words())))[1:]])
    if v.breaks("words:last_first"):
        sentences[v.rng.randrange(1, len(sentences))][0] = v.draw("adj")
    return v.together(list(map(said, sentences)))


def paragraph_last_first(v: Voice) -> str:
    paragraphs = []
    for _ in range(v.choice([3, 2, 5, 2, 4, 3])):
        word = v.draw("noun")
        begun, ended = said([word, *v.words()]), said([*v.words(), word], v.choice([".", "!", "?"]))
        paragraphs.append(" ".join([begun, *v.sentences(v.choice([1, 0, 0, 2, 1, 3])), ended]))
    if v.breaks("words:paragraph_last_first"):
        place = v.rng.randrange(len(paragraphs))
        paragraphs[place] = v.one_of([f"{paragraphs[place][:-1]} {v.draw('adv')}.", f"So {paragraphs[place].lower()}"])
    return v.choice(["\n", "\n\n"]).join(paragraphs)


def after_another_letter(v: Voice) -> list[str]:
    """Sentences in which no word begins with the letter that the word before begins with."""
    v.last = None
    found = []
    for _ in range(v.choice([3, 4, 6, 2, 5, 3])):
        found.append(v.words(None, lambda before, word: before is None or before.text[0] != word.text[0], plain=True))
    if v.breaks("words:no_consecutive"):
        sentence = v.rng.choice(found)
        place = v.rng.randrange(len(sentence))
        letter = sentence[place][0]
        same = v.rng.choice([w.text for w in WORDS if w.text[0] == letter and w.text != sentence[place]])
        sentence.insert(v.one_of([place, place + 1]), same)
    return list(map(said, found))


def no_consecutive(v: Voice) -> str:
    return v.laid_out(after_another_letter(v))


def alliteration(v: Voice) -> str:
    """Each sentence has a run of words with one initial, longer than the sentence before; the first may have two."""
    slots = "adj noun verb adj noun adv".split()
    begin = v.choice([2, 1, 2, 3, 1, 2])
    runs = [size for size in range(begin, 6)][: v.choice([3, 4, 2, 3, 5, 4])]
    if v.breaks("sentence:alliteration_increment"):
        runs = v.one_of([[*runs[:-1], runs[-2]], runs[::-1], [runs[0], *runs[:-1]]])  # as long, or shorter
    found = []
    for size in runs:
        letter = v.rng.choice("bps")

        def alike(_: Word | None, word: Word, letter: str = letter) -> bool:
            return word.text[0] == letter and word.text[:2] not in ("sh", "ph")

        def other(before: Word | None, word: Word) -> bool:
            return before is None or before.text[0] != word.text[0]

        words = []
        if size > 1:
            words = [v.draw(slot, alike) for slot in slots[:size]]
        words += [v.draw(part, other) for part in ("verb", "noun", "adv")]
        found.append(said(words))
    return v.together(found)


def rising(v: Voice, *, small_n: int) -> list[str]:
    """Sentences of which each has so many words more than the one before."""
    start, count = v.choice([3, 4, 1, 6, 2, 5]), v.choice([3, 4, 5, 6, 4, 3])
    lengths = [start + i * small_n for i in range(count)]
    if v.breaks("sentence:increment"):
        place = v.rng.randrange(1, count)
        step = v.one_of([1, -1])
        lengths = v.one_of(
            [[n + step * (i == place) for i, n in enumerate(lengths)], lengths[::-1], [start + 2] * count]
        )
    return [v.sentence(length) for length in lengths]


def increment(v: Voice, *, small_n: int) -> str:
    return v.together(rising(v, small_n=small_n))


def _alphabetical(v: Voice) -> list[str]:
    """Words of which each begins with the letter after the one before, beyond z."""
    start, count = v.choice([0, 3, 13, 20, 7, 24]), v.choice([30, 40, 28, 55, 33, 29])
    places = [(start + i) % 26 for i in range(count)]
    if v.breaks("words:alphabet"):
        at = v.rng.randrange(2, count - 2)
        z = places.index(25)
        places = v.one_of([
            places[:at] + places[at + 1 :], [*places[:at], places[at + 1], places[at], *places[at + 2 :]],
            [*places[: z + 1], 1, 2, 3, 4], places[: at + 1] + places[at:],
        ])  # fmt: skip
    return [alphabet_word(v, place) for place in places]


def alphabet_word(v: Voice, place: int) -> str:
    """A word that begins with the letter at that place of the alphabet, counted from 0."""
    return v.rng.choice(ALPHABET[place].split())


def alphabet(v: Voice) -> str:
    words, size = _alphabetical(v), v.choice([6, 9, 3, 12, 5, 8])
    return v.laid_out([said(words[i : i + size], v.choice([".", "!", ""])) for i in range(0, len(words), size)])


def alphabet_parentheses(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    words = _alphabetical(v)
    depth = 4 if v.breaks("format:parentheses") else v.choice([5, 6, 5, 8, 7, 5])
    pairs = [v.choice([["()", "[]", "{}"], ["()"], ["{}", "()"]])[i % v.choice([3, 1, 2])] for i in range(depth)]
    for i, pair in enumerate(pairs):
        words[3 + i] = pair[0] + words[3 + i]
    words[3 + depth] += "".join(pair[1] for pair in reversed(pairs))
    return said(words)


def repeats(v: Voice, *, small_n: int) -> str:
    word = v.draw("noun")
    times = small_n + 1 if v.breaks("words:repeats") else v.choice([small_n, 1, small_n, small_n - 1])
    found = [v.words(None, plain=True) for _ in range(small_n + 2)]
    for i in range(times):
        found[i].insert(v.choice([0, 1]), word.upper() if i == 1 else word)
    return v.laid_out(list(map(said, found)))


def _opening(v: Voice) -> str:
    if v.breaks("words:start_verb"):
        return v.one_of(
            [f"The {v.draw('noun')}", f"They {v.draw('verb')} {v.draw('noun')}", v.draw("noun").capitalize()]
        )
    return f"{v.choice(_VERBS)} the {v.draw('adj')} {v.draw('noun')}"


def start_verb(v: Voice) -> str:
    return v.together(
        [f"{_opening(v)} {v.draw('prep')} the {v.draw('noun')}.", *v.sentences(v.choice([1, 2, 4, 3, 0]))]
    )


def start_verb_names(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return person_names(v, **second, opening=f"{_opening(v)}.")


WRITERS: dict[str, Writer] = {
    "sentence:keyword": sentence_keyword,
    "sentence:keyword count:word_count_range": keyword_words,
    "words:keywords_specific_position": keyword_position,
    "words:words_position": words_position,
    "words:last_first": last_first,
    "words:paragraph_last_first": paragraph_last_first,
    "words:no_consecutive": no_consecutive,
    "sentence:alliteration_increment": alliteration,
    "sentence:increment": increment,
    "words:alphabet": alphabet,
    "words:alphabet format:parentheses": alphabet_parentheses,
    "words:repeats": repeats,
    "words:start_verb": start_verb,
    "words:start_verb count:person_names": start_verb_names,
}
