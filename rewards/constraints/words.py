"""Which words, and in which order: IFBench's `words:*` and `sentence:*`."""

from __future__ import annotations

import re
import string
from collections import Counter
from itertools import pairwise

from .binding import Count, Phrase, Position
from .keywords import occurrences
from .text import NO_PUNCTUATION, Text, tokenize, words_among

_PRIMES = frozenset([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97])
_CLUSTER = re.compile(r"[bcdfghjklmnpqrstvwxyz]{2}")
_AROUND = string.punctuation + " "
_ENOUGH_PALINDROMES = 10
_LONG_PALINDROME = 5  # letters


def alphabet(text: Text) -> bool:
    """Each word begins with the letter after the one that the word before begins with, A following Z."""
    initials = [word[0] for word in text.plain_words]
    return bool(initials) and all(
        letter == chr(ord("a") + (ord(initials[0]) - ord("a") + i) % 26)
        for i, letter in enumerate(initials)
    ) and initials[0] in string.ascii_lowercase  # fmt: skip


def vowel(text: Text) -> bool:
    """It is one paragraph with no more than three of the five vowels."""
    line = text.lower.strip()
    return "\n" not in line and sum(1 for letter in "aeiou" if letter in line) <= 3


def consonants(text: Text) -> bool:
    """Each word has two consonants side by side."""
    return all(_CLUSTER.search(word) for word in text.lower.split())


def palindrome(text: Text) -> bool:
    """At least ten words of five or more letters read the same backwards."""
    found = sum(1 for word in text.plain_words if len(word) >= _LONG_PALINDROME and word == word[::-1])
    return found >= _ENOUGH_PALINDROMES


def prime_lengths(text: Text) -> bool:
    """Each word has a prime number of letters."""
    return bool(text.plain_words) and all(len(word) in _PRIMES for word in text.plain_words)


def start_verb(text: Text) -> bool:
    """Its first word is a verb."""
    from .verbs import is_verb

    return bool(text.tokens) and is_verb(text.tokens)


def repeats(text: Text, *, small_n: Count) -> bool:
    """No word occurs more often than that."""
    return max(Counter(text.plain_words).values(), default=0) <= small_n


def odd_even_syllables(text: Text) -> bool:
    """Words with an odd and words with an even number of syllables alternate."""
    from .syllables import count_syllables

    odd = [count_syllables(word) % 2 for word in text.plain_words]
    return bool(odd) and all(a != b for a, b in pairwise(odd))


def last_first(text: Text) -> bool:
    """The last word of each sentence is the first of the next."""
    return all(_meets(a, b) for a, b in pairwise(text.sentences))


def paragraph_last_first(text: Text) -> bool:
    """Each line ends with the word that it begins with."""
    lines = [line.strip().lower().strip(_AROUND).split() for line in text.raw.split("\n")]
    return all(words[0] == words[-1] for words in lines if words)


def no_consecutive(text: Text) -> bool:
    """No word begins with the letter that the one before begins with."""
    return all(a[0] != b[0] for a, b in pairwise(text.plain_words))


def keywords_specific_position(text: Text, *, keyword: Phrase, n: Position, m: Position) -> bool:
    """The keyword is the `m`-th word of the `n`-th sentence."""
    if len(text.sentences) < n:
        return False
    words = words_among(tokenize(text.sentences[n - 1]))
    return len(words) >= m and words[m - 1].lower() == keyword.lower()


def words_position(text: Text, *, keyword: Phrase) -> bool:
    """The keyword is the second word and the last but one."""
    words = [word.lower() for word in text.token_words]
    return len(words) > 1 and words[1] == words[-2] == keyword.lower()


def alliteration_increment(text: Text) -> bool:
    """Each sentence has more words side by side with one initial than the sentence before."""
    before = -1
    for sentence in text.sentences:
        initials = [word[0] for word in (word.lstrip(_AROUND) for word in sentence.lower().split()) if word]
        same = [a == b for a, b in pairwise(initials)]
        # A run of k equal initials counts k: one for each equal pair, and one more where the run begins.
        count = sum(1 + (i == 0 or not same[i - 1]) for i, equal in enumerate(same) if equal)
        if count <= before:
            return False
        before = count
    return True


def increment(text: Text, *, small_n: Count) -> bool:
    """Each sentence has exactly so many words more than the one before."""
    counts = [len(sentence.translate(NO_PUNCTUATION).split()) for sentence in text.sentences]
    return all(b == a + small_n for a, b in pairwise(counts))


def keyword(text: Text, *, word: Phrase, N: Position) -> bool:
    """The word occurs in the N-th sentence."""
    return len(text.sentences) >= N and occurrences(word, text.sentences[N - 1]) > 0


def _meets(sentence: str, following: str) -> bool:
    last, first = sentence.rstrip(_AROUND).split()[-1:], following.lstrip(_AROUND).split()[:1]
    return bool(last) and bool(first) and last[0].lower() == first[0].lower()


CONSTRAINTS = {
    "words:alphabet": alphabet,
    "words:vowel": vowel,
    "words:consonants": consonants,
    "words:palindrome": palindrome,
    "words:prime_lengths": prime_lengths,
    "words:start_verb": start_verb,
    "words:repeats": repeats,
    "words:odd_even_syllables": odd_even_syllables,
    "words:last_first": last_first,
    "words:paragraph_last_first": paragraph_last_first,
    "words:no_consecutive": no_consecutive,
    "words:keywords_specific_position": keywords_specific_position,
    "words:words_position": words_position,
    "sentence:alliteration_increment": alliteration_increment,
    "sentence:increment": increment,
    "sentence:keyword": keyword,
}
