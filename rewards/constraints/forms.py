"""Marks and layouts that can be seen: `detectable_format:*` and `detectable_content:*`, of IFEval and of IF-RLVR."""

from __future__ import annotations

import json
import re

from .binding import Count, Follows, Phrase, Relation, compare
from .text import Text, bracketed, split_sentences

_HIGHLIGHT = re.compile(r"\*([^\n*]*)\*")
_DOUBLE_HIGHLIGHT = re.compile(r"\*\*([^\n*]*)\*\*")
_POSTSCRIPTS = {"P.S.": r"p\.\s?s\.", "P.P.S": r"p\.\s?p\.\s?s"}
_JOINT = re.compile(r"(?<=[.!?])-(?=\S)")


def number_bullet_lists(text: Text, *, num_bullets: Count) -> bool:
    """Exactly so many lines begin with `*` (but not `**`) or with `-`."""
    stars = dashes = 0
    lines = text.raw.split("\n")
    skip = False
    for i, line in enumerate(lines):
        line = line.lstrip()
        dashes += line.startswith("-")
        # A star at the end of its line takes the next line for its item, which then begins none of its own.
        starred = line.startswith("*") and not line.startswith("**") and (len(line) > 1 or i + 1 < len(lines))
        stars += starred and not skip
        skip = starred and not skip and len(line) == 1
    return stars + dashes == num_bullets


def number_highlighted_sections(text: Text, *, num_highlights: Count, relation: Relation = "at least") -> bool:
    """So many pieces stand between stars on one line; those between double stars count once more."""
    single = sum(1 for piece in _HIGHLIGHT.findall(text.raw) if piece.strip())
    double = sum(1 for piece in _DOUBLE_HIGHLIGHT.findall(text.raw) if piece.strip())
    return compare(single + double, relation, num_highlights)


def multiple_sections(
    text: Text, *, section_spliter: Phrase, num_sections: Count, relation: Relation = "at least"
) -> bool:
    """So many sections are headed by the word and a number."""
    found = len(re.findall(rf"{re.escape(section_spliter)}\s?\d+", text.raw))
    return compare(found, relation, num_sections)


def one_of(*answers: str) -> Follows:
    """The constraint that one of the answers occurs."""

    def constrained_response(text: Text) -> bool:
        return any(answer in text.raw for answer in answers)

    return constrained_response


def json_format(text: Text) -> bool:
    """All of it is one JSON value, within a code block or not."""
    body = text.raw.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        body = body.removeprefix(fence)
    try:
        json.loads(body.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def title(text: Text) -> bool:
    """A line holds `<<a title>>` that is not blank."""
    for line in text.raw.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end and line[start : end + 2].lstrip("<").rstrip(">").strip():
            return True
    return False


def number_placeholders(text: Text, *, num_placeholders: Count, relation: Relation = "at least") -> bool:
    """So many pieces of one line stand in square brackets."""
    return compare(bracketed(text.raw), relation, num_placeholders)


def postscript(text: Text, *, postscript_marker: Phrase) -> bool:
    """The marker of a postscript occurs, in any case."""
    pattern = _POSTSCRIPTS.get(postscript_marker)
    if pattern is None:
        return postscript_marker.lower() in text.lower
    return re.search(pattern, text.lower) is not None


def sentence_hyphens(text: Text) -> bool:
    """A hyphen, and no blank, joins each sentence to the next."""
    raw = text.raw.strip()
    return "-".join(split_sentences(_JOINT.sub(" ", raw))) == raw


def square_brackets(text: Text) -> bool:
    """Each word stands in square brackets."""
    return all(word.startswith("[") and word.endswith("]") for word in text.raw.split())


def bigram_wrapping(text: Text) -> bool:
    """Each two words stand in `<<double angular brackets>>`; a last one may be left over."""
    words = text.raw.split()
    pairs = list(zip(words[::2], words[1::2], strict=False))
    return bool(pairs) and all(a.startswith("<<") and b.endswith(">>") for a, b in pairs)


CONSTRAINTS = {
    "detectable_format:number_bullet_lists": number_bullet_lists,
    "detectable_format:number_highlighted_sections": number_highlighted_sections,
    "detectable_format:multiple_sections": multiple_sections,
    "detectable_format:constrained_response": one_of("My answer is yes.", "My answer is no.", "My answer is maybe."),
    "detectable_format:json_format": json_format,
    "detectable_format:title": title,
    "detectable_content:number_placeholders": number_placeholders,
    "detectable_content:postscript": postscript,
    "detectable_format:sentence_hyphens": sentence_hyphens,
    "detectable_format:square_brackets": square_brackets,
    "detectable_format:bigram_wrapping": bigram_wrapping,
}
