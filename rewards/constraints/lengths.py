"""How long: IFEval's `length_constraints:*` and IF-RLVR's `paragraphs:*`."""

from __future__ import annotations

import re

from .binding import Count, Phrase, Position, Relation, compare
from .text import Text

_DIVIDER = re.compile(r"\*\*\*")
_BEFORE_MARK = re.compile(r"[^.,?!'\"]*")


def number_words(text: Text, *, num_words: Count, relation: Relation) -> bool:
    """It has less than, or at least, so many words."""
    return compare(text.num_words, relation, num_words)


def number_sentences(text: Text, *, num_sentences: Count, relation: Relation) -> bool:
    """It has less than, or at least, so many sentences."""
    return compare(len(text.sentences), relation, num_sentences)


def number_paragraphs(text: Text, *, num_paragraphs: Count) -> bool:
    """It has exactly so many paragraphs, divided by `***`."""
    return parts(_DIVIDER.split(text.raw)) == num_paragraphs


def nth_paragraph_first_word(text: Text, *, num_paragraphs: Count, nth_paragraph: Position, first_word: Phrase) -> bool:
    """It has exactly so many paragraphs, two line breaks apart, and the `nth_paragraph`-th begins with the word.

    Paragraphs that are not blank are counted, and blank ones are counted too for which is the n-th, as IFEval does.
    """
    if nth_paragraph > num_paragraphs:
        raise ValueError(f"nth_paragraph is {nth_paragraph} of {num_paragraphs} paragraphs")
    paragraphs = text.raw.split("\n\n")
    if sum(1 for paragraph in paragraphs if paragraph.strip()) != num_paragraphs:
        return False
    words = paragraphs[nth_paragraph - 1].split(maxsplit=1)
    if not words:
        return False
    begun = _BEFORE_MARK.match(words[0].lstrip("'").lstrip('"'))
    return begun is not None and begun[0].lower() == first_word.lower()


def paragraphs(text: Text) -> bool:
    """It has two paragraphs, divided by `***`."""
    return parts(_DIVIDER.split(text.raw)) == 2


def paragraphs2(text: Text) -> bool:
    """It has two paragraphs, divided by two line breaks."""
    return parts(text.raw.split("\n\n")) == 2


def parts(pieces: list[str]) -> int:
    """How many pieces there are, not counting a blank first or last one; 0 where another is blank."""
    if any(not piece.strip() for piece in pieces[1:-1]):
        return 0
    return sum(1 for piece in pieces if piece.strip())


CONSTRAINTS = {
    "length_constraints:number_words": number_words,
    "length_constraints:number_sentences": number_sentences,
    "length_constraints:number_paragraphs": number_paragraphs,
    "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
    "paragraphs:paragraphs": paragraphs,
    "paragraphs:paragraphs2": paragraphs2,
}
