"""Case, language, punctuation, beginnings and ends: IFEval's `change_case:*`, `language:*`, `punctuation:*` and
`startend:*`,
IF-RLVR's `first_word:*` and `last_word:*`.

The case of letters is looked at before the language, which takes a hundred times as long.
"""

from __future__ import annotations

from .binding import Count, Phrase, Relation, compare
from .text import Text, stripped


def response_language(text: Text, *, language: Phrase) -> bool:
    """All of it is in the language of that ISO 639-1 code."""
    return text.language == language


def english_capital(text: Text) -> bool:
    """It is in English and without small letters."""
    return text.raw.isupper() and text.language == "en"


def english_lowercase(text: Text) -> bool:
    """It is in English and without capital letters."""
    return text.raw.islower() and text.language == "en"


def capital_word_frequency(text: Text, *, capital_frequency: Count, capital_relation: Relation) -> bool:
    """Less than, or at least, so many words are all in capitals."""
    return compare(sum(1 for token in text.tokens if token.isupper()), capital_relation, capital_frequency)


def no_comma(text: Text) -> bool:
    """It has no comma."""
    return "," not in text.raw


def punctuation_dot(text: Text) -> bool:
    """It has no dot."""
    return "." not in text.raw


def punctuation_exclamation(text: Text) -> bool:
    """It has no exclamation mark."""
    return "!" not in text.raw


def end_checker(text: Text, *, end_phrase: Phrase) -> bool:
    """It ends with the phrase, in any case; a double quote may follow."""
    return text.raw.strip().strip('"').lower().endswith(end_phrase.lower())


def quotation(text: Text) -> bool:
    """It is wrapped in double quotes."""
    raw = text.raw.strip()
    return len(raw) > 1 and raw[0] == raw[-1] == '"'


def first_word_sent(text: Text, *, first_word: Phrase) -> bool:
    """Each sentence begins with the word."""
    return all(_same(sentence.split(maxsplit=1)[:1], first_word) for sentence in text.sentences)


def first_word_answer(text: Text, *, first_word: Phrase) -> bool:
    """It begins with the word."""
    return _same(text.raw.split(maxsplit=1)[:1], first_word)


def last_word_sent(text: Text, *, last_word: Phrase) -> bool:
    """Each sentence ends with the word, before its punctuation."""
    return all(_same(sentence.rsplit(maxsplit=1)[-1:], last_word) for sentence in text.sentences)


def last_word_answer(text: Text, *, last_word: Phrase) -> bool:
    """It ends with the word, before its punctuation."""
    return _same(text.raw.rsplit(maxsplit=1)[-1:], last_word)


def _same(words: list[str], wanted: str) -> bool:
    """Whether the one word is the wanted one, in any case, whatever punctuation stands around either."""
    return bool(words) and stripped(words[0]) == stripped(wanted)


CONSTRAINTS = {
    "language:response_language": response_language,
    "change_case:english_capital": english_capital,
    "change_case:english_lowercase": english_lowercase,
    "change_case:capital_word_frequency": capital_word_frequency,
    "punctuation:no_comma": no_comma,
    "punctuation:punctuation_dot": punctuation_dot,
    "punctuation:punctuation_exclamation": punctuation_exclamation,
    "startend:end_checker": end_checker,
    "startend:quotation": quotation,
    "first_word:first_word_sent": first_word_sent,
    "first_word:first_word_answer": first_word_answer,
    "last_word:last_word_sent": last_word_sent,
    "last_word:last_word_answer": last_word_answer,
}
