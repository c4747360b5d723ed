"""The letter of a multiple-choice question that a completion settles on, for references that are such letters."""

from __future__ import annotations

import re

from .cues import CUE, EXPLAINS, negated
from .extract import answer_bounds, extract
from .pieces import Extracted
from .sentences import DECORATION, sentence_end, sentence_start

SHORT = 300  # characters of a completion in which one letter without a cue is the answer

_LETTER = re.compile(
    r"(?<![^\W_])(?<!['’$\\°])(?<!° )(?:\\?(?:text|textbf|mathrm)\{)?\(?([A-Z])"
    r"(?:\)|\}|(?![^\W_]|['’]|[ -][A-Z][ .)]|-[a-z]))",
    re.ASCII,
)
_ARTICLE = re.compile(r" (?:[a-z]{2,}|\d|[A-Z]{2,} [A-Z]{2,})")  # "A cat", "I think", "A 2 kg ball"
_VERB = re.compile(r" (?:is|was|because|since|as|not|and|or|but|seems|must|would|makes|fits|can)\b", re.IGNORECASE)
_REFUSED = re.compile(
    r"[)}]?\s*(?:is|was|are|can|does|do|would|seems?|must)?\s*(?:n['’]t|not|never|wrong|incorrect|false|不对|错)\b"
)
_JOINED = re.compile(r"[\s,)}/]*(?:\b(?:or|and|nor|neither|ni|ou|et|oder|und)\b|或|和|,|/)?[\s(]*", re.IGNORECASE)
_LABEL = re.compile(r"[\s*_\"'(\[]*([A-Z])\s*[).:：\]]\s*(?=\S|$)")
_LINE_LABEL = re.compile(r"^[\s*_(\[-]{0,6}([A-Z])\s?[).:：\]]", re.MULTILINE)
_CLAUSE = re.compile(r"[,.;:!?\n，。；]|\b(?:therefore|so|thus|hence|because|but|since|which)\b", re.IGNORECASE)
_DOUBT = re.compile(r"\b(?:maybe|perhaps|possibly|might be|could be|may be|either)\b", re.IGNORECASE)
_REFERENCE = re.compile(
    r"(?:\$|\\\(|\\boxed\{|\\text(?:bf)?\{|\\mathrm\{|[\s({])*([A-Z])(?:\s*\)|[\s.}$]*$|\s*[).:}][ }$\\]*\S.{0,200}$)"
)


def is_choice(reference: str) -> bool:
    """Whether a reference is the letter of a choice: `B`, `(B)`, `\\text{(B)}`, `(C) Cecile`."""
    return _REFERENCE.match(reference) is not None


def extract_choice(text: str, finished: bool = True) -> Extracted | None:
    """The one letter that a completion affirms, None where it affirms none or several.

    A marked answer counts first, then the last "the answer is", a label at the very beginning ("A. Because ..."), the
    last sentence, and a whole completion that is short. `why` is the rule of `extract` or `choice`.
    """
    bounds = answer_bounds(text)
    found = extract(text, finished)
    if bounds is None or (found is not None and found.why in ("boxed", "<answer>", "####")):
        return found
    start, end = bounds
    for cue in reversed(list(CUE.finditer(text, max(start, end - 6_000), end))[-8:]):
        stop = sentence_end(text, cue.end(), end)
        explained = EXPLAINS.search(text, cue.end(), stop)
        first = _affirmed(text, cue.end(), explained.start()) if explained else None
        if not text.startswith("?", stop) and (letter := first or _affirmed(text, cue.end(), stop)):
            return Extracted(letter.text, letter.start, letter.end, "answer is")
    if not finished:
        return None
    labels = {match[1] for match in _LINE_LABEL.finditer(text, start, end)}
    if len(labels) > 1:
        return None  # the options again
    if label := _LABEL.match(text, start, end):
        return Extracted(label[1], label.start(1), label.end(1), "choice")
    last = sentence_start(text, max(start, end - SHORT), len(text[:end].rstrip(DECORATION + ".\n")))
    if letter := _affirmed(text, last, end):
        return letter
    return _affirmed(text, start, end) if end - start <= SHORT else None


def _affirmed(text: str, start: int, end: int) -> Extracted | None:
    """The one letter named between `start` and `end` that is not denied."""
    affirmed: dict[str, re.Match[str]] = {}
    position, denied, doubted = start, False, False
    for letter in _LETTER.finditer(text, start, end):
        bare = letter[0] == letter[1] and letter[1] in "AI"
        if bare and _ARTICLE.match(text, letter.end()) and not _VERB.match(text, letter.end()):
            continue
        between = text[position : letter.start()]
        clause = _CLAUSE.split(between)[-1]
        asked = text.startswith("?", sentence_end(text, letter.end(), end))
        inherited = denied and _JOINED.fullmatch(between) is not None  # "not A, B or C" denies all three
        denied = asked or inherited or negated(clause)
        refused = _REFUSED.match(text, letter.end(), end)
        if not denied and not (refused and not _LETTER.match(text, min(end, refused.end() + 1), end)):
            affirmed.setdefault(letter[1], letter)
            doubted |= _DOUBT.search(clause) is not None
        position = letter.end()
    if len(affirmed) != 1 or doubted:
        return None
    letter = next(iter(affirmed.values()))
    return Extracted(letter[1], letter.start(1), letter.end(1), "choice")
