"""Syllables of English words: by syllapy's table, with which IFBench counts, and by a word's stem where that is better.

The table of 6,400 words counts one too few for many adverbs ("softly" 1, "steadily" 2), and for words that are not in
it syllapy counts groups of vowels ("gracefully" 4, "vines" 2). Adverbs are therefore counted by their adjectives, and
plurals and words with an ending that makes a syllable of its own by their stems.
"""

from __future__ import annotations

import string

from syllapy import WORD_DICT, count

_HISSING = ("s", "x", "z", "ch", "sh", "ce", "ge", "se", "ze")
_ENDINGS = ("ly", "ful", "less", "ness", "ment")
_SHORTEST = 3  # letters of a stem


def count_syllables(word: str) -> int:
    """How many syllables the word has; 0 where it holds a digit."""
    # syllapy divides compounds at their hyphens by recursion; nothing that long is a word.
    word = word[:100].lower().strip(string.punctuation)
    if not word.isalpha():
        return int(count(word))
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        stem = f"{stem[:-1]}y" if stem.endswith("i") else stem
        if len(stem) in (len(word), *range(_SHORTEST)) or (word in WORD_DICT and stem not in WORD_DICT):
            continue
        if word not in WORD_DICT:
            return count_syllables(stem) + 1
        if ending == "ly" and not word.endswith("ically"):  # "typically" is typ-ic-ly
            return max(count_syllables(stem) + 1, int(WORD_DICT[word]))
    if word in WORD_DICT or not word.endswith("s") or word.endswith(("ss", "us", "is")) or len(word) <= _SHORTEST:
        return int(count(word))
    if word.endswith("ies"):
        return count_syllables(f"{word[:-3]}y")
    stem = word[:-2] if word.endswith(("shes", "ches", "sses", "xes", "zzes", "oes")) else word[:-1]
    return count_syllables(stem) + stem.endswith(_HISSING)
