"""How a response is laid out: IFBench's `format:*`."""

from __future__ import annotations

import re
import string
from itertools import pairwise

from .binding import Phrase
from .text import NO_PUNCTUATION, Text, split_sentences

_AROUND = string.punctuation + " "
_LETTERED = re.compile(r"\W*a\W*b\W*c\W*", re.IGNORECASE)
_CLOSES = {")": "(", "]": "[", "}": "{"}
_DEEP_BRACKETS = 5
_DEEP_QUOTES = 3
_NOT_A_QUOTE = string.digits + string.punctuation.replace('"', "")


def parentheses(text: Text) -> bool:
    """Brackets of any kind are nested five deep and closed in order."""
    opened: list[str] = []
    deepest = 0
    for char in text.raw:
        if char in "([{":
            opened.append(char)
            deepest = max(deepest, len(opened))
        elif char in _CLOSES:
            if opened and opened[-1] == _CLOSES[char]:
                opened.pop()
                if deepest >= _DEEP_BRACKETS:
                    return True
            else:  # one that closes nothing starts the count afresh
                opened, deepest = [], 0
    return False


def quotes(text: Text) -> bool:
    """Double and single quotes are nested three deep, in turn."""
    opened: list[str] = []
    deepest = 0
    for char in text.raw:
        if opened and char == opened[-1]:
            opened.pop()
            if deepest - len(opened) >= _DEEP_QUOTES:
                return True
        elif char in "\"'":
            opened.append(char)
            deepest = max(deepest, len(opened))
    return False


def options(text: Text, *, options: Phrase) -> bool:
    """It is one of the options, which stand there divided by `/`, `or` or commas; lettered ones must be exact."""
    divider = next((mark for mark in ("/", "or") if mark in options), ",")
    offered = [option.strip() for option in options.split(divider)]
    if _LETTERED.match(options):
        return text.raw in offered
    return text.raw.strip(_AROUND).lower() in {option.strip(_AROUND).lower() for option in offered}


def newline(text: Text) -> bool:
    """Each word stands on a line of its own."""
    plain = text.raw.translate(NO_PUNCTUATION).strip()
    lines = [line for line in plain.split("\n") if line]
    return bool(lines) and len(lines) == len(plain.split())


def emoji_end(text: Text) -> bool:
    """Each sentence ends with an emoji, which may stand after its full stop."""
    from emoji import is_emoji

    bare = [sentence.translate(NO_PUNCTUATION).strip() for sentence in text.sentences]
    for i, sentence in enumerate(bare):
        # The last character may be a variation selector that belongs to the emoji before it.
        if not sentence or any(map(is_emoji, sentence[-2:])):
            if not sentence:
                return False
            continue
        if i + 1 == len(bare) or not bare[i + 1] or not is_emoji(bare[i + 1][0]):
            return False
    return True


def line_indent(text: Text) -> bool:
    """Each line is indented by more blanks than the one before."""
    lines = [line for line in text.raw.split("\n") if line.strip()]
    indents = [len(line) - len(line.lstrip(" ")) for line in lines]
    return all(b > a for a, b in pairwise(indents))


def quote_unquote(text: Text) -> bool:
    """Something that is not quoted follows whatever is."""
    dense = "".join(text.raw.replace("“", '"').replace("”", '"').replace("'\"'", "").split())
    return '""' not in dense and not dense.strip(_NOT_A_QUOTE).endswith('"')


def separated_list(text: Text, *, sep: Phrase) -> bool:
    """At least two items are marked by the separator."""
    return text.raw.count(sep) >= 2


def thesis(text: Text) -> bool:
    """Text in HTML's italics comes first, and text that is not follows it."""
    for opening, closing in (("<i>", "</i>"), ("<em>", "</em>")):
        _, found, rest = text.raw.partition(opening)
        inside, closed, after = rest.partition(closing)
        if found and closed:
            return bool(inside.strip()) and bool(after.strip())
    return False


def bullets(text: Text) -> bool:
    """The response has a `*`, and each has a `-` before the next; a variant without stars thus follows."""
    return "*" in text.whole and all("-" in item for item in text.raw.split("*")[1:])


def no_bullets_bullets(text: Text) -> bool:
    """At least two sentences come first, then at least two lines that begin with `*`, and nothing after those."""
    lines = [line.strip() for line in text.raw.split("\n")]
    first = next((i for i, line in enumerate(lines) if line.startswith("*")), len(lines))
    sentences = sum(len(split_sentences(line)) for line in lines[:first] if line)
    return sentences >= 2 and len(lines) - first >= 2 and all(line.startswith("*") for line in lines[first:])


def no_whitespace(text: Text) -> bool:
    """It has no blank of any kind."""
    return not any(map(str.isspace, text.raw))


def title_case(text: Text) -> bool:
    """Each word begins with a capital letter."""
    for token in text.tokens:
        rest = token[1:]
        if token[0].isalpha() and token[0].islower() and (not rest or rest.islower() or rest.isupper()):
            return False
    return True


def output_template(text: Text) -> bool:
    """The template's three headings occur."""
    return all(heading in text.raw for heading in ("My Answer:", "My Conclusion:", "Future Outlook:"))


CONSTRAINTS = {
    "format:parentheses": parentheses,
    "format:quotes": quotes,
    "format:options": options,
    "format:newline": newline,
    "format:emoji": emoji_end,
    "format:line_indent": line_indent,
    "format:quote_unquote": quote_unquote,
    "format:list": separated_list,
    "format:thesis": thesis,
    "format:sub-bullets": bullets,
    "format:no_bullets_bullets": no_bullets_bullets,
    "format:no_whitespace": no_whitespace,
    "format:title_case": title_case,
    "format:output_template": output_template,
}
