"""How many of what: `count:*` of IF-RLVR and IFBench, and IFBench's `ratio:*`."""

from __future__ import annotations

import re
import string

from .binding import Count, Percentage, Phrase, Position
from .keywords import occurrences
from .lengths import parts
from .lists import CONJUNCTIONS, NAMES, PRONOUNS, STOP_WORDS
from .text import NO_PUNCTUATION, Text, split_sentences, tokenize, words_among

_DIVIDER = re.compile(r"\*\*\*|\* \* \*")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_KEYWORD_TIMES = (1, 2, 3, 5, 7)
_MARKS = frozenset(".,!?;:")
_AROUND = string.punctuation + " "


def word_count_range(text: Text, *, min_words: Count, max_words: Count) -> bool:
    """It has no fewer and no more words than that."""
    if min_words > max_words:
        raise ValueError(f"min_words {min_words} is more than max_words {max_words}")
    return min_words <= text.num_words <= max_words


def unique_word_count(text: Text, *, N: Count) -> bool:
    """It has at least so many different words."""
    return len({word.strip(_AROUND) for word in text.lower.split()}) >= N


def numbers(text: Text, *, N: Count) -> bool:
    """It has exactly so many numbers in digits; 1,000.5 is one."""
    return len(re.findall(r"\d+", text.raw.translate(NO_PUNCTUATION))) == N


def conjunctions(text: Text, *, small_n: Count) -> bool:
    """It has at least so many different coordinating conjunctions."""
    return len(CONJUNCTIONS & {word.strip(_AROUND) for word in text.lower.split()}) >= small_n


def person_names(text: Text, *, N: Count) -> bool:
    """It has at least so many different ones of the fifty first names that IFBench lists."""
    if len(NAMES) < N:
        raise ValueError(f"N is {N}, and there are {len(NAMES)} names")
    return len(NAMES & set(re.findall(r"\b[A-Z][a-z]+\b", text.raw))) >= N


def pronouns(text: Text, *, N: Count) -> bool:
    """It has at least so many pronouns; she/her are two."""
    return sum(1 for token in tokenize(text.lower.replace("/", " ")) if token in PRONOUNS) >= N


def punctuation(text: Text) -> bool:
    """It has each of `. , ! ? ; :` besides an interrobang (`?!`, `!?` or `‽`)."""
    for interrobang in ("?!", "!?", "‽"):
        if interrobang in text.raw:
            return set(text.raw.replace(interrobang, "", 1)) >= _MARKS
    return False


def words_japanese(text: Text, *, N: Position) -> bool:
    """Each N-th word holds Japanese characters, unless it is a number or a mark."""
    return all(
        _JAPANESE.search(word) or word.isdigit()
        for word in (word.strip(_AROUND) for word in text.raw.split()[N - 1 :: N])
        if word
    )


def keywords_multiple(
    text: Text, *, keyword1: Phrase, keyword2: Phrase, keyword3: Phrase, keyword4: Phrase, keyword5: Phrase
) -> bool:
    """The five words occur once, twice, three, five and seven times."""
    words = (keyword1, keyword2, keyword3, keyword4, keyword5)
    return all(occurrences(word, text.raw) == times for word, times in zip(words, _KEYWORD_TIMES, strict=True))


def count_increment_word(text: Text, *, keyword1: Phrase, keyword2: Phrase) -> bool:
    """The first word occurs once and the second twice."""
    return occurrences(keyword1, text.raw) == 1 and occurrences(keyword2, text.raw) == 2


def count_unique(text: Text) -> bool:
    """No word occurs twice, in any case."""
    words = [word.lower() for word in text.token_words]
    return bool(words) and len(words) == len(set(words))


def lowercase_counting(text: Text, *, N: Count) -> bool:
    """At most so many words are in small letters."""
    return len(re.findall(r"\b[a-z]+\b", text.raw)) <= N


def counting_composition(text: Text, *, n_sent: Position, n_words: Position) -> bool:
    """Three paragraphs divided by `* * *` (or `***`), each of so many sentences of so many words."""
    paragraphs = _DIVIDER.split(text.raw)
    if parts(paragraphs) != 3:
        return False
    sentences = [split_sentences(paragraph) for paragraph in paragraphs if paragraph.strip()]
    return all(
        len(each) == n_sent and all(len(words_among(tokenize(sentence))) == n_words for sentence in each)
        for each in sentences
    )


def stop_words(text: Text, *, percentage: Percentage) -> bool:
    """At most that share of its words are English stop words."""
    words = re.findall(r"\w+", text.lower)
    return bool(words) and 100 * sum(1 for word in words if word in STOP_WORDS) / len(words) <= percentage


def sentence_type(text: Text) -> bool:
    """Twice as many sentences end with a full stop as with a question mark."""
    ends = _ends(text)
    return ends["."] == 2 * ends["?"] > 0


def sentence_balance(text: Text) -> bool:
    """As many sentences end with a full stop as with a question mark and as with an exclamation mark."""
    ends = _ends(text)
    return ends["."] == ends["?"] == ends["!"] > 0


def overlap(text: Text, *, reference_text: Phrase, percentage: Percentage) -> bool:
    """That share of its different trigrams of tokens, give or take 2, are the reference text's."""
    own, other = _trigrams(text.tokens), _trigrams(tokenize(reference_text))
    return bool(own) and percentage - 2 <= 100 * (len(own & other) / len(own)) <= percentage + 2


def sentence_words(text: Text) -> bool:
    """It is three sentences of equally many characters, in which no word occurs twice."""
    if len(text.sentences) != 3 or len({len(sentence.strip()) for sentence in text.sentences}) != 1:
        return False
    words = " ".join(text.sentences).lower().translate(NO_PUNCTUATION).split()
    return len(words) == len(set(words))


def _ends(text: Text) -> dict[str, int]:
    return {mark: sum(1 for sentence in text.sentences if sentence.endswith(mark)) for mark in ".?!"}


def _trigrams(tokens: list[str]) -> set[tuple[str, ...]]:
    return set(zip(tokens, tokens[1:], tokens[2:], strict=False))


CONSTRAINTS = {
    "count:word_count_range": word_count_range,
    "count:unique_word_count": unique_word_count,
    "count:numbers": numbers,
    "count:conjunctions": conjunctions,
    "count:person_names": person_names,
    "count:pronouns": pronouns,
    "count:punctuation": punctuation,
    "count:words_japanese": words_japanese,
    "count:keywords_multiple": keywords_multiple,
    "count:count_increment_word": count_increment_word,
    "count:count_unique": count_unique,
    "count:lowercase_counting": lowercase_counting,
    "count:counting_composition": counting_composition,
    "ratio:stop_words": stop_words,
    "ratio:sentence_type": sentence_type,
    "ratio:sentence_balance": sentence_balance,
    "ratio:overlap": overlap,
    "ratio:sentence_words": sentence_words,
}
