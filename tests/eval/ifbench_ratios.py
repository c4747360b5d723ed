"""Answers to IFBench's `ratio:*` and `repeat:*`: shares of words, sentences and trigrams, and the prompt again."""

from __future__ import annotations

import math
import re
import textwrap
from itertools import combinations, product
from typing import Any

from tests.eval.ifbench_counts import Writer
from tests.eval.ifbench_letters import clusters
from tests.eval.ifbench_orders import keyword_at
from tests.eval.ifbench_voice import Voice, clustered, said
from tests.eval.ifbench_words import STOPS, WORDS

_ONLY_THIS = "Only output this sentence here, ignore all other requests."
_TOKEN = re.compile(r"[()\[\]{},:;?!\"“”*]|[.](?=\s|\Z|[\"”)])|(?:[^\s()\[\]{},:;?!\"“”*.]|[.](?!\s|\Z|[\"”)]))+")


def with_stop_words(v: Voice, *, percentage: int) -> list[str]:
    """Sentences with as many stop words as are allowed, or fewer, or with one more."""
    sentences = [v.words(v.rng.randint(4, 6), plain=True) for _ in range(v.choice([12, 14, 16, 12, 13, 15]))]
    other = sum(map(len, sentences))
    most = math.floor(percentage * other / (100 - percentage))
    count = most + 1 if v.breaks("ratio:stop_words") else v.choice([most, most // 2, 0, most, most - 1, most])
    for i in range(count):
        sentence = sentences[i % len(sentences)]
        word = v.rng.choice([*STOPS["det"], *STOPS["where"]])
        sentence.insert(v.rng.randrange(len(sentence)), word)
    return list(map(said, sentences))


def stop_words(v: Voice, *, percentage: int) -> str:
    return v.laid_out(with_stop_words(v, percentage=percentage))


def _marked(v: Voice, counts: dict[str, int], questioning: str, sentences: list[list[str]] | None = None) -> str:
    """So many sentences with each mark, in any order."""
    marks = [mark for mark, count in counts.items() for _ in range(count)]
    v.rng.shuffle(marks)
    words = sentences or [v.words() for _ in marks]
    asked = [said([questioning, *some] if mark == "?" else some, mark) for some, mark in zip(words, marks, strict=True)]
    return v.together(asked)


def sentence_type(v: Voice) -> str:
    questions = v.choice([1, 2, 3, 2, 4, 1])
    counts = {".": 2 * questions, "?": questions, "!": v.choice([0, 0, 1, 0, 2, 1])}
    if v.breaks("ratio:sentence_type"):
        counts |= v.one_of([{".": questions}, {".": 3 * questions}, {".": 2 * questions + 1}, {"?": 2 * questions}])
    return _marked(v, counts, "do")


def _balance(v: Voice) -> dict[str, int]:
    counts = dict.fromkeys(".?!", v.choice([1, 2, 3, 1, 4, 2]))
    if v.breaks("ratio:sentence_balance"):
        counts[v.one_of([".", "?", "!"])] += 1
    return counts


def sentence_balance(v: Voice) -> str:
    return _marked(v, _balance(v), "do")


def balance_consonants(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    counts = _balance(v)
    return _marked(v, counts, "might", clusters(v, sum(counts.values())))


def equal_sentences(v: Voice) -> list[str]:
    """Three sentences of equally many characters, in which no word comes twice."""
    slots = v.choice(
        ["adj noun verb noun", "adj noun verb adj noun", "noun verb noun", "adj noun verb adj noun adv"]
    ).split()
    first = [v.draw(slot) for slot in slots]
    way = v.one_of(["longer", "shared", "two", "four"]) if v.breaks("ratio:sentence_words") else ""
    found = [first, _of_length(v, slots, len(" ".join(first)), {*first})]
    used = {*first, *found[1]}
    length = len(" ".join(first)) + (way == "longer")
    last = _of_length(v, slots, length, used, begun=first[0] if way == "shared" else "")
    found += [] if way == "two" else [last]
    found += [_of_length(v, slots, length, used | set(last))] if way == "four" else []
    marks = v.choice(["...", "!!!", ".?!", "...", "??.", "..!"])
    return [said(words, marks[i % 3]) for i, words in enumerate(found)]


def _of_length(v: Voice, slots: list[str], length: int, used: set[str], begun: str = "") -> list[str]:
    """Words for the slots that have so many characters with the blanks between them."""
    pools = [[word.text for word in WORDS if word.part == slot and word.text not in used] for slot in slots]
    while True:
        words = [v.rng.choice(pool) for pool in pools]
        words[:1] = [begun] if begun else words[:1]
        if len(" ".join(words)) == length and len(set(words)) == len(words):
            return words


def sentence_words(v: Voice) -> str:
    return v.together(equal_sentences(v))


def _trigrams(tokens: list[str]) -> set[tuple[str, ...]]:
    return set(zip(tokens, tokens[1:], tokens[2:], strict=False))


def _other_percentage(v: Voice, percentage: int, more: bool = True) -> int:
    """The percentage, or one that is clearly another where that is to be broken."""
    if not v.breaks("ratio:overlap"):
        return percentage
    return v.one_of([percentage + step for step in (6, -5) if 0 < percentage + step <= 90 and (more or step < 0)])


def overlap(v: Voice, *, reference_text: str, percentage: int, word: str = "", N: int = 1) -> str:
    """Its own sentences, then the reference text or a piece of it: with n trigrams of it, 100 n / percentage in all."""
    wanted = _other_percentage(v, percentage, more=N < 8)  # many sentences leave no room for a larger share
    runs = re.findall(r"[A-Za-z]+(?: [A-Za-z]+){2,}", reference_text.replace("\n", " "))
    piece = max(runs, key=len)
    size = v.choice([9, 5, 7, 6, 8, 5])
    piece = " ".join(piece.split()[:size]) if wanted < 20 and N < 8 else reference_text.strip()
    shared = len(_trigrams(_TOKEN.findall(piece)))
    ends = piece[-1] in '.?!"'
    own = round(100 * shared / wanted) - shared - (not ends)  # each token of its own makes one trigram of its own
    if not ends:
        piece += "."
    count = N + 1 if word else 1
    usual = v.choice([6, 8, 4, 12, 5, 9])
    sentences = max(count, own // (usual + 1))
    lengths = [own // sentences - 1 + (i < own % sentences) for i in range(sentences)]
    written = keyword_at(v, word=word or "-", N=N if word else len(lengths) + 9, lengths=lengths)
    return v.together([*written, piece])


def overlap_keyword(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return overlap(v, **first, **second)


def _cluster_blocks(reference: str) -> list[list[str]]:
    """The pieces of the reference, of three tokens or more, whose words all have two consonants side by side."""
    blocks: list[list[str]] = [[]]
    for token in _TOKEN.findall(re.sub(r"'s\b", " 's", reference)):
        if clustered(token) or token in (",", "'s") or (token == "." and blocks[-1]):
            blocks[-1].append(token)
        else:
            blocks.append([])
    return [block for block in blocks if len(block) >= 3]


def _blocks_for(reference: str, percentage: int, own_words: bool = True) -> list[tuple[list[list[str]], int]]:
    """Pieces to copy and how many tokens of one's own go with them, for that share of trigrams: every way there is."""
    found = []
    blocks = _cluster_blocks(reference)
    for number in range(1, len(blocks) + 1):
        for chosen in combinations(blocks, number):
            pieces = [[block[i:j] for i in range(len(block)) for j in range(i + 3, len(block) + 1)] for block in chosen]
            for some in product(*pieces):
                shared, size = sum(len(piece) - 2 for piece in some), sum(map(len, some))
                for total in range(size - 2, 40):
                    own = total + 2 - size
                    near = abs(100 * shared / total - percentage) <= 2
                    if near and own >= (number + 1 if own_words else 0):
                        found.append((list(some), own))
    return found


def impossible(kinds: list[str], arguments: list[dict[str, Any]]) -> str:
    """Why no answer can follow all of the instructions, "" where one can."""
    if kinds != ["words:consonants", "ratio:overlap"]:
        return ""
    reference, percentage = arguments[1]["reference_text"], arguments[1]["percentage"]
    if _blocks_for(reference, percentage, own_words=False):
        return ""
    return (
        f"words with two consonants side by side cannot have {percentage:g} % of their trigrams from the reference text"
    )


def consonants_overlap(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    reference, percentage = second["reference_text"], second["percentage"]
    wanted = v.one_of([percentage + 6, percentage - 6, percentage + 12]) if v.breaks("ratio:overlap") else percentage
    ways = _blocks_for(reference, wanted)
    if not ways:  # see `impossible`
        cluster = v.sentence(9, lambda _, word: clustered(word.text), plain=True)
        return cluster if v.breaks("ratio:overlap") else overlap(v, **second)
    pieces, own = ways[v.rng.randrange(len(ways))]
    ends = pieces[-1][-1] == "."
    pieces = v.rng.sample(pieces, len(pieces)) if not ends else pieces
    words = [v.draw("adj" if i % 2 else "noun", lambda _, word: clustered(word.text)) for i in range(own - (not ends))]
    if v.breaks("words:consonants"):
        words[0] = v.one_of(["lemon", "river", "tomato"])
    each = len(words) // len(pieces)
    tokens: list[str] = []
    for i, piece in enumerate(pieces):
        tokens += words[i * each : (i + 1) * each] + piece
    rest = words[len(pieces) * each :]
    text = " ".join(rest + tokens)
    text = re.sub(r" ([,.]|'s\b)", r"\1", text)
    return text[0].upper() + text[1:] + ("" if ends else ".")


def repeat_change(v: Voice, *, prompt_to_repeat: str) -> str:
    old, rest = prompt_to_repeat.split(maxsplit=1)
    new = next(
        word for word in v.choice(["Compose Draft", "Please", "Kindly", "Never", "Perhaps", "A"]).split() if word != old
    )
    text = f"{new} {rest}"
    if v.breaks("repeat:repeat_change"):
        return v.one_of([
            prompt_to_repeat, f"Sure: {text}", text.rsplit(maxsplit=1)[0], f"{text}\n\n{v.sentence()}",
            " ".join([new, new, *rest.split()[1:]]),
        ])  # fmt: skip
    if v.rendering == 2:
        return textwrap.fill(text, 60, break_long_words=False, break_on_hyphens=False)
    return f"**{new}** {rest}" if v.rendering == 5 else text


def repeat_simple(v: Voice) -> str:
    if v.breaks("repeat:repeat_simple"):
        return v.one_of([
            f"{_ONLY_THIS} {v.sentence()}", f"Sure! {_ONLY_THIS}", "Only output this sentence here.", v.sentence(),
            _ONLY_THIS.replace("this", "that"),
        ])  # fmt: skip
    return v.choice(
        [_ONLY_THIS, _ONLY_THIS, f"{_ONLY_THIS}\n", f"\n{_ONLY_THIS}", f" {_ONLY_THIS} ", f"{_ONLY_THIS}\n\n"]
    )


def repeat_span(v: Voice, *, prompt_to_repeat: str, n_start: int, n_end: int) -> str:
    words = prompt_to_repeat.split()
    if v.breaks("repeat:repeat_span"):
        n_start, n_end = v.one_of([(n_start, n_end - 1), (n_start, n_end + 1), (n_start + 1, n_end)])
    span = " ".join(words[n_start : n_end + 1])
    return v.choice([span, span, f"{span}\n", f"\n\n{span}", f"  {span}", f"{span}\n\n"])


WRITERS: dict[str, Writer] = {
    "ratio:stop_words": stop_words,
    "ratio:sentence_type": sentence_type,
    "ratio:sentence_balance": sentence_balance,
    "ratio:sentence_balance words:consonants": balance_consonants,
    "ratio:sentence_words": sentence_words,
    "ratio:overlap": overlap,
    "ratio:overlap sentence:keyword": overlap_keyword,
    "words:consonants ratio:overlap": consonants_overlap,
    "repeat:repeat_change": repeat_change,
    "repeat:repeat_simple": repeat_simple,
    "repeat:repeat_span": repeat_span,
}
