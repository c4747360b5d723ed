"""The constraints of RLVR-IFeval, Tulu 3's training set (arXiv:2411.15124), by the names of open-instruct's functions.

They are IFEval's 25 with other definitions and arguments: `N` is often exact where IFEval says "at least", and
`around` allows a tenth more or less, or one sentence.
"""

from __future__ import annotations

import json
import re
from typing import Literal

from .binding import Count, Letter, Phrase, Phrases, Position
from .copies import two_responses
from .forms import title
from .text import Text, bracketed
from .wording import no_comma, response_language

Quantifier = Literal["at least", "around", "at most"]
_DIVIDER = "* * *"
_HIGHLIGHT = re.compile(r"\*([^*\n]+)\*")


def quantified(number: int, quantifier: str, wanted: int, tolerance: int) -> bool:
    """Whether a number is at least, at most or around (within `tolerance` of) the wanted one."""
    if quantifier == "around":
        return abs(number - wanted) <= tolerance
    return number >= wanted if quantifier == "at least" else number <= wanted


def _tenth(wanted: int) -> int:
    return max(round(0.1 * wanted), 1)


def keywords(text: Text, *, keyword_list: Phrases) -> bool:
    """Each keyword occurs, in any case."""
    return all(keyword.lower() in text.lower for keyword in keyword_list)


def keyword_frequency(text: Text, *, word: Phrase, N: Count) -> bool:
    """The word occurs exactly so many times, as a whole word."""
    return sum(1 for _ in re.finditer(rf"(?<!\w){re.escape(word.lower())}(?!\w)", text.lower)) == N


def forbidden_words(text: Text, *, forbidden_words: Phrases) -> bool:
    """None of the words occurs, not even within another."""
    return not any(word.lower() in text.lower for word in forbidden_words)


def letter_frequency(text: Text, *, letter: Letter, N: Count) -> bool:
    """The letter, in its own case, occurs exactly so many times."""
    return text.raw.count(letter) == N


def paragraph_count(text: Text, *, N: Count) -> bool:
    """It is exactly so many paragraphs, none blank, divided by `* * *`."""
    pieces = text.raw.split(_DIVIDER)
    return len(pieces) == N and all(piece.strip() for piece in pieces)


def word_constraint(text: Text, *, N: Count, quantifier: Quantifier) -> bool:
    """It has at least, around or at most so many words, as blanks divide them."""
    return quantified(len(text.raw.split()), quantifier, N, _tenth(N))


def sentence_constraint(text: Text, *, N: Count, quantifier: Quantifier) -> bool:
    """It has at least, around or at most so many sentences."""
    return quantified(len(text.sentences), quantifier, N, 1)


def paragraphs(text: Text, *, N: Count, first_word: Phrase, i: Position) -> bool:
    """It is exactly so many paragraphs, two line breaks apart, and the i-th begins with the word."""
    if i > N:
        raise ValueError(f"i is {i} of {N} paragraphs")
    pieces = text.raw.split("\n\n")
    return len(pieces) == N and pieces[i - 1].strip().startswith(first_word)


def postscript(text: Text, *, postscript_marker: Phrase) -> bool:
    """Something follows the postscript's marker."""
    _, found, after = text.raw.partition(postscript_marker)
    return bool(found) and bool(after.strip())


def placeholders(text: Text, *, N: Count) -> bool:
    """At least so many pieces stand in square brackets."""
    return bracketed(text.raw) >= N


def bullet_points(text: Text, *, N: Count) -> bool:
    """Exactly so many lines begin with `*` or `-`."""
    return sum(1 for line in text.raw.split("\n") if line.strip().startswith(("*", "-"))) == N


def choice(text: Text, *, options: Phrases) -> bool:
    """One of the options occurs."""
    return any(option in text.raw for option in options)


def highlighted_sections(text: Text, *, N: Count) -> bool:
    """At least so many pieces stand between stars."""
    return sum(1 for piece in _HIGHLIGHT.findall(text.raw) if piece.strip()) >= N


def sections(text: Text, *, N: Count, section_splitter: Phrase) -> bool:
    """At least so many sections are headed by the word and a number, in any case."""
    heading = re.compile(rf"{re.escape(section_splitter)}\s?\d+", re.IGNORECASE)
    return sum(1 for _ in heading.finditer(text.raw)) >= N


def json_format(text: Text) -> bool:
    """All of it is one JSON value."""
    try:
        json.loads(text.raw)
    except (ValueError, RecursionError):
        return False
    return True


def repeat_prompt(text: Text, *, original_prompt: str) -> bool:
    """It begins with the prompt, letter by letter."""
    return bool(original_prompt.strip()) and text.raw.startswith(original_prompt)


def uppercase(text: Text) -> bool:
    """It has letters, and none of them is small."""
    return text.raw.isupper()


def lowercase(text: Text) -> bool:
    """It has letters, and none of them is a capital."""
    return text.raw.islower()


def frequency_capital_words(text: Text, *, N: Count, quantifier: Quantifier) -> bool:
    """At least, around or at most so many words are all in capitals."""
    return quantified(len(re.findall(r"\b[A-Z]+\b", text.raw)), quantifier, N, _tenth(N))


def end(text: Text, *, end_phrase: Phrase) -> bool:
    """It ends with the phrase."""
    return text.raw.rstrip().endswith(end_phrase)


def quotation(text: Text) -> bool:
    """It is wrapped in double quotes."""
    raw = text.raw.strip()
    return len(raw) > 1 and raw[0] == raw[-1] == '"'


CONSTRAINTS = {
    f"open_instruct:{name}": function
    for name, function in {
        "verify_keywords": keywords,
        "verify_keyword_frequency": keyword_frequency,
        "validate_forbidden_words": forbidden_words,
        "verify_letter_frequency": letter_frequency,
        "validate_response_language": response_language,
        "verify_paragraph_count": paragraph_count,
        "validate_word_constraint": word_constraint,
        "verify_sentence_constraint": sentence_constraint,
        "validate_paragraphs": paragraphs,
        "verify_postscript": postscript,
        "validate_placeholders": placeholders,
        "verify_bullet_points": bullet_points,
        "validate_title": title,
        "validate_choice": choice,
        "validate_highlighted_sections": highlighted_sections,
        "validate_sections": sections,
        "validate_json_format": json_format,
        "validate_repeat_prompt": repeat_prompt,
        "validate_two_responses": two_responses,
        "validate_uppercase": uppercase,
        "validate_lowercase": lowercase,
        "validate_frequency_capital_words": frequency_capital_words,
        "validate_end": end,
        "validate_quotation": quotation,
        "validate_no_commas": no_comma,
    }.items()
}
