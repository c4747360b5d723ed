"""Words and letters that must or must not occur: `keywords:*` and `letters:*`, of IFEval and of IF-RLVR's training set.

IFEval's count a keyword wherever its letters stand, also within other words, as its published verdicts do. IF-RLVR's
ask for a *word* and count whole words only; its reference code counts within words, and lets a forbidden word pass
that a comma follows.
"""

from __future__ import annotations

import re
import string
from itertools import pairwise

from .binding import Count, Letter, Phrase, Phrases, Position, Relation, compare
from .text import Text, stripped, tokenize, words_among

MIN_PALINDROME = 3  # letters: otherwise every "a" were one


def existence(text: Text, *, keywords: Phrases) -> bool:
    """Each keyword occurs, in any case."""
    return all(keyword.lower() in text.lower for keyword in keywords)


def frequency(text: Text, *, keyword: Phrase, frequency: Count, relation: Relation) -> bool:
    """The keyword occurs less than, or at least, so many times."""
    return compare(text.lower.count(keyword.lower()), relation, frequency)


def forbidden_words(text: Text, *, forbidden_words: Phrases) -> bool:
    """None of the words occurs as a whole word."""
    return not any(occurrences(word, text.raw) for word in forbidden_words)


def letter_frequency(text: Text, *, letter: Letter, let_frequency: Count, let_relation: Relation) -> bool:
    """The letter, or another character where one is asked for, occurs less than, or at least, so many times."""
    return compare(text.lower.count(letter.lower()), let_relation, let_frequency)


def word_once(text: Text, *, keyword: Phrase) -> bool:
    """The word occurs exactly once."""
    return occurrences(keyword, text.raw) == 1


def word_count_different_numbers(
    text: Text, *, keyword: Phrase, frequency: Count, relation: Relation | None = None
) -> bool:
    """The word occurs exactly so many times, as prompts ask; the relation in their data is in none of them."""
    return occurrences(keyword, text.raw) == frequency


def exclude_word_harder(text: Text, *, keyword: Phrase) -> bool:
    """The word does not occur."""
    return not occurrences(keyword, text.raw)


def no_adjacent_consecutive(text: Text) -> bool:
    """No word begins with the letter that follows, in the alphabet, the one its neighbour to the left begins with."""
    initials = [word[0] for word in map(stripped, text.raw.split()) if word]
    return bool(initials) and not any(
        a in string.ascii_lowercase and b in string.ascii_lowercase and ord(b) - ord(a) == 1
        for a, b in pairwise(initials)
    )


def palindrome(text: Text) -> bool:
    """A word of three or more letters reads the same backwards."""
    return any(len(word) >= MIN_PALINDROME and word == word[::-1] for word in map(stripped, text.raw.split()))


def keyword_specific_position(text: Text, *, keyword: Phrase, n: Position, m: Position) -> bool:
    """The keyword is the `m`-th word of the `n`-th sentence; marks of punctuation are no words."""
    if len(text.sentences) < n:
        return False
    words = words_among(tokenize(text.sentences[n - 1]))
    return len(words) >= m and words[m - 1].lower() == keyword.lower()


def start_end(text: Text) -> bool:
    """The first word is also the last, and nothing follows it, not even punctuation."""
    tokens = text.tokens
    return len(tokens) > 1 and bool(words_among(tokens[-1:])) and tokens[0].lower() == tokens[-1].lower()


def letter_counting(text: Text, *, N: Count, relation: Relation) -> bool:
    """It has less than, or at least, so many letters from A to Z."""
    return compare(sum(map(text.lower.count, string.ascii_lowercase)), relation, N)


def occurrences(word: str, text: str) -> int:
    """How often a word, or phrase, occurs as a whole, in any case."""
    return sum(1 for _ in re.finditer(rf"\b{re.escape(word)}\b", text, re.IGNORECASE))


CONSTRAINTS = {
    "keywords:existence": existence,
    "keywords:frequency": frequency,
    "keywords:forbidden_words": forbidden_words,
    "keywords:letter_frequency": letter_frequency,
    "keywords:word_once": word_once,
    "keywords:word_count_different_numbers": word_count_different_numbers,
    "keywords:exclude_word_harder": exclude_word_harder,
    "keywords:no_adjacent_consecutive": no_adjacent_consecutive,
    "keywords:palindrome": palindrome,
    "keywords:keyword_specific_position": keyword_specific_position,
    "keywords:start_end": start_end,
    "letters:letter_counting": letter_counting,
    "letters:letter_counting2": letter_frequency,
}
