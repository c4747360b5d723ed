"""Finding the final answer in a completion, in time linear in its length.

Only what follows the last `</think>` counts. In order: a completion that is nothing but a short
answer, the last `\\boxed{}`, `<answer>`, `####`, "the answer is", the last formula, the last number.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

MAX_ANSWER = 2_000  # characters: longer is no answer
TAIL = 6_000  # characters at the end in which formulas and numbers are looked for
MAX_BOXES = 16  # how many boxes are tried from the end: an unclosed one is passed over


@dataclass(frozen=True, slots=True)
class Extracted:
    """An answer found in a text: `text[start:end]` before trimming, and the rule that chose it."""

    text: str
    start: int
    end: int
    why: str


_CUE = re.compile(
    r"\b(?:answer|result|solution)s?[*_ ]{0,4}(?:(?:is|are|was)(n't)?\b|would be\b|:|=)[*_: ]{0,6}(not\b)?",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|[.!?](?=\s|$)|。")
# Possessive, so that no part of a number is mistaken for one; units may follow without a space.
_NUMBER = re.compile(r"(?<![\w.])[-−+]?\$?(?>\d{1,3}(?:,\d{3})++(?!\d)|\d++)?+(?:\.\d++|(?<=\d))(?:/\d++(?!/))?+%?")
_MATH = re.compile(r"(?<!\\)\$\$|(?<!\\)\$|\\\(|\\\)|\\\[|\\\]")
_WORD = re.compile(r"(?<![\\{_])(?<![^\W\d_])[^\W\d_]{3,}")
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\{[^{}\\]*\})?")


def extract(text: str, finished: bool = True) -> Extracted | None:
    """The answer that a completion gives, None where it gives none.

    `finished` is False for a completion that was cut off at its token limit: whatever stands last in it
    is not its answer, so only an answer that is marked as one counts.
    """
    start = text.rfind("</think>")
    start = start + len("</think>") if start >= 0 else 0
    if text.find("<think>", start) >= 0:
        return None  # it was still thinking when it ended
    for rule in (_boxed, _tagged, *([_whole] if finished else []), _hashes):
        if (found := rule(text, start)) is not None:
            return found
    found, after = _cued(text, start)
    if found is not None or not finished:
        return found
    return _formula_or_number(text, max(after, len(text) - TAIL))


def _last(pattern: re.Pattern[str], text: str, start: int) -> re.Match[str] | None:
    last = deque(pattern.finditer(text, start), maxlen=1)
    return last[0] if last else None


def bare_words(text: str) -> int:
    """How many words of three letters or more stand outside LaTeX commands."""
    return len(_WORD.findall(_COMMAND.sub(" ", text)))


def _found(text: str, start: int, end: int, why: str) -> Extracted | None:
    answer = text[start:end].strip() if end - start <= 2 * MAX_ANSWER else ""
    return Extracted(answer, start, end, why) if 0 < len(answer) <= MAX_ANSWER else None


def _boxed(text: str, start: int) -> Extracted | None:
    position = len(text)
    for _ in range(MAX_BOXES):
        position = max(text.rfind("\\boxed", start, position), text.rfind("\\fbox", start, position))
        if position < 0:
            return None
        inside = position + (6 if text.startswith("\\boxed", position) else 5)
        opened = inside
        while opened < len(text) and text[opened] in " \t\n":
            opened += 1
        if text.startswith("{", opened):
            closed = _closing(text, opened)
            if closed > 0 and (found := _found(text, opened + 1, closed, "boxed")):
                return found
        elif opened > inside and (bare := re.compile(r"[^\s$\\]+").match(text, opened)):  # \boxed 5
            return _found(text, opened, opened + len(bare[0].rstrip(".,;:")), "boxed")
    return None


def _closing(text: str, opened: int) -> int:
    """Where the brace that opens at `opened` closes, -1 where it does not within an answer's length."""
    depth, position = 0, opened
    end = min(len(text), opened + 2 * MAX_ANSWER)
    while position < end:
        character = text[position]
        if character == "\\":
            position += 1  # \{ and \} are no braces
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return -1


def _tagged(text: str, start: int) -> Extracted | None:
    closed = text.rfind("</answer>", start)
    opened = text.rfind("<answer>", start, closed if closed >= 0 else len(text))
    if opened < 0:
        return None
    return _found(text, opened + len("<answer>"), closed if closed >= 0 else len(text), "<answer>")


def _whole(text: str, start: int) -> Extracted | None:
    """A completion that is nothing but one short answer."""
    body = text[start:].strip() if len(text) - start <= 1_000 else ""
    if not body or len(body) > 200 or "\n" in body or "#" in body or "boxed" in body or _CUE.search(body):
        return None
    if any(part.count("=") > 1 for part in body.split(",")):
        return None  # a=3+5=8, b=8*7=6: work, of which the last number may be the answer
    words = bare_words(body)
    allowed = 0 if len(body.split()) > 4 else 1 if any(map(str.isdigit, body)) else 2  # 10 weeks; both A and B
    if words > allowed or (words and _MATH.search(body)):
        return None
    return _found(text, start, len(text), "nothing else")


def _hashes(text: str, start: int) -> Extracted | None:
    position = text.rfind("####", start)
    if position < 0:
        return None
    begin = position + 4
    end = text.find("\n", begin)
    end = len(text) if end < 0 else end
    if text[end:].strip() and not _NUMBER.fullmatch(text[begin:end].strip()[:100]):
        return None  # a heading of Markdown
    return _found(text, begin, end, "####")


def _cued(text: str, start: int) -> tuple[Extracted | None, int]:
    """What follows the last "the answer is", and from where on other rules may look."""
    cue = _last(_CUE, text, start)
    if cue is None:
        return None, start
    begin = cue.end()
    if cue[1] or cue[2]:  # "the answer is not 42" gives no answer
        end = _SENTENCE_END.search(text, begin)
        return None, end.start() if end else len(text)
    while begin < len(text) and text[begin] in " \t\n*:":
        begin += 1
    for opening, closing in (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")):
        if text.startswith(opening, begin):
            closed = text.find(closing, begin + len(opening), begin + MAX_ANSWER)
            if closed >= 0 and (found := _found(text, begin + len(opening), closed, "answer is")):
                return found, start
    end = _SENTENCE_END.search(text, begin)
    return _found(text, begin, end.start() if end else len(text), "answer is"), start


def _formula_or_number(text: str, start: int) -> Extracted | None:
    """The last formula, unless a number stands alone in a later line."""
    formula = None
    opening: re.Match[str] | None = None
    for mark in _MATH.finditer(text, start):
        if opening is None:
            opening = mark if mark[0] not in ("\\)", "\\]") else None
        elif mark[0] == {"\\(": "\\)", "\\[": "\\]"}.get(opening[0], opening[0]):
            inside = text[opening.end() : mark.start()]
            if bare_words(inside) <= 3:
                formula = _found(text, opening.end(), mark.start(), "last formula") or formula
                opening = None
            else:
                opening = mark  # "$5 and the rest for $6": prices
    number = _last(_NUMBER, text, start)
    if formula is not None and (number is None or "\n" not in text[formula.end : number.start()].strip()):
        return formula
    return _found(text, number.start(), number.end(), "last number") if number else None
