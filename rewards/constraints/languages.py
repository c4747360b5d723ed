"""IFEval's constraints where Spanish, French or Japanese prompts ask for something else (M-IFEval, arXiv:2502.04688).

A prompt's `meta["lang"]` chooses; what is not listed is the same in every language.
"""

from __future__ import annotations

import re
import string

from .binding import Count, Follows, Phrase, Phrases, Position, Relation, compare
from .forms import one_of
from .text import Text

_BULLET = re.compile(r"^[^\S\n]*・", re.MULTILINE)
_EMPHASISED = re.compile(r"《[^》\n]*[^》\s][^》\n]*》")
_TITLE_JA = re.compile(r"『[^』\n]*[^』\s][^』\n]*』")
_MARKS = string.punctuation + "¡¿ \n"


def title_fr(text: Text) -> bool:
    """A line holds `##a title##`."""
    for line in text.raw.split("\n"):
        start, end = line.find("##"), line.rfind("##")
        if 0 <= start < end - 2 and line[start:end].strip("# "):
            return True
    return False


def end_checker_es(text: Text, *, end_phrase: Phrase) -> bool:
    """It ends with the phrase, in any case, whatever punctuation ends either."""
    return text.lower.rstrip(_MARKS).endswith(end_phrase.lower().rstrip(_MARKS))


def nth_paragraph_first_word(text: Text, *, num_paragraphs: Count, nth_paragraph: Position, first_word: Phrase) -> bool:
    """It has exactly so many paragraphs, two line breaks apart, and the n-th begins with the word, or phrase."""
    if nth_paragraph > num_paragraphs:
        raise ValueError(f"nth_paragraph is {nth_paragraph} of {num_paragraphs} paragraphs")
    paragraphs = text.raw.split("\n\n")
    if sum(1 for paragraph in paragraphs if paragraph.strip()) != num_paragraphs:
        return False
    begun = paragraphs[nth_paragraph - 1].strip().lstrip("'\"「『").lower()
    return begun.startswith(first_word.lower())


def multiple_sections_ja(
    text: Text, *, section_spliter: Phrase, num_sections: Count, relation: Relation = "at least"
) -> bool:
    """So many sections are headed by a number before the word: 第1章."""
    return compare(len(re.findall(rf"\d+\s?{re.escape(section_spliter)}", text.raw)), relation, num_sections)


def forbidden_words_ja(text: Text, *, forbidden_words: Phrases) -> bool:
    """None of the words occurs; Japanese has no blanks to tell whole words by."""
    return not any(word.lower() in text.lower for word in forbidden_words)


def no_comma_ja(text: Text) -> bool:
    """It has no comma of any kind."""
    return not any(mark in text.raw for mark in ",、，")


def quotation_ja(text: Text) -> bool:
    """It is wrapped in corner brackets."""
    raw = text.raw.strip()
    return len(raw) > 1 and raw[0] == "「" and raw[-1] == "」"


def number_bullet_lists_ja(text: Text, *, num_bullets: Count) -> bool:
    """Exactly so many lines begin with `・`."""
    return len(_BULLET.findall(text.raw)) == num_bullets


def number_highlighted_sections_ja(text: Text, *, num_highlights: Count, relation: Relation = "at least") -> bool:
    """So many pieces stand in 《》."""
    return compare(len(_EMPHASISED.findall(text.raw)), relation, num_highlights)


def title_ja(text: Text) -> bool:
    """A title stands in 『』."""
    return _TITLE_JA.search(text.raw) is not None


#: Language -> id -> the function that stands in for the English one.
LANGUAGES: dict[str, dict[str, Follows]] = {
    "es": {
        "detectable_format:constrained_response": one_of("Sí.", "No.", "Quizás."),
        "startend:end_checker": end_checker_es,
        "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
    },
    "fr": {
        "detectable_format:constrained_response": one_of("Oui.", "Non.", "Peut-être."),
        "detectable_format:title": title_fr,
    },
    "ja": {
        "detectable_format:constrained_response": one_of(
            "はい、そうです。", "いいえ、違います。", "どちらとも言えません。"
        ),
        "detectable_format:title": title_ja,
        "detectable_format:multiple_sections": multiple_sections_ja,
        "detectable_format:number_bullet_lists": number_bullet_lists_ja,
        "detectable_format:number_highlighted_sections": number_highlighted_sections_ja,
        "keywords:forbidden_words": forbidden_words_ja,
        "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
        "punctuation:no_comma": no_comma_ja,
        "startend:quotation": quotation_ja,
    },
}
