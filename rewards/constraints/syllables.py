"""Syllables of English words as IFBench counts them: by syllapy's table, and by vowels where a word is not in it."""

from __future__ import annotations

from syllapy import count


def count_syllables(word: str) -> int:
    """How many syllables the word has; 0 where it holds a digit."""
    # syllapy divides compounds at their hyphens by recursion; nothing that long is a word.
    return count(word[:100])
