"""The `math` verifier: is the final answer the reference, as mathematics?

Exact comparison of text and of rational numbers decides most completions and imports nothing. The
rest goes to math-verify, whose own alarms are off: the judge's process is the deadline.
"""

from __future__ import annotations

import functools
import logging
import re
from fractions import Fraction
from types import ModuleType
from typing import Any

from rlvr.core import Completion, Prompt, Verdict
from rlvr.registry import verifier

from .extract import Extracted, bare_words, extract

MAX_DIGITS = 1_000  # beyond, integers are compared as text

_DROPPED = re.compile(r"\\(?:left|right|displaystyle|[,!;: ])|[\s$]|^\\[(\[]|\\[)\]]$")
_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox|boxed|fbox)\{([^{}]*)\}")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)\s+(?=\d)")
_SPACED_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:\s\d{3})+(?:\.\d+)?")
_MIXED = re.compile(r"([-+]?)(\d+)_(\d+)/(\d+)")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:(?:,|\{,\})\d{3})+(?:\.\d+)?")
_RATIONAL = re.compile(r"([-+]?\d+)/(\d+)|([-+]?)\\frac(?:\{(-?\d+)\}|(\d))(?:\{(-?\d+)\}|(\d))")
_DECIMAL = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_NEGATION = re.compile(r"\bnot\b|n't\b|\\neq?(?![a-zA-Z])|≠|!=", re.IGNORECASE)
_OR = re.compile(r"\b(?:either|or)\b", re.IGNORECASE)


def plain(text: str) -> str:
    """The text without what does not change its meaning: spaces, delimiters, `\\left`, `\\text{}`, a final stop."""
    text = text.strip().strip("*").replace("−", "-").replace("\\%", "%").replace("\\$", "")
    text = _WRAPPED.sub(r"\1", text.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac"))
    if not _SPACED_THOUSANDS.fullmatch(text):
        text = _BETWEEN_DIGITS.sub("_", text)  # 1 1/2 is not 11/2
    text = _DROPPED.sub("", text)
    return text.rstrip(".") if not text.endswith("..") else text


def rational(text: str) -> Fraction | None:
    """The exact value of an integer, decimal or fraction in `plain` form, else None."""
    if len(text) > MAX_DIGITS:
        return None
    if _THOUSANDS.fullmatch(text):
        text = text.replace("{,}", "").replace(",", "")
    if _DECIMAL.fullmatch(text):
        return Fraction(text)
    if (match := _MIXED.fullmatch(text)) and int(match[4]):
        value = int(match[2]) + Fraction(int(match[3]), int(match[4]))
        return -value if match[1] == "-" else value
    if match := _RATIONAL.fullmatch(text):
        over, under = match[1] or match[4] or match[5], match[2] or match[6] or match[7]
        if int(under):
            return Fraction(int(over), int(under)) * (-1 if match[3] == "-" else 1)
    return None


@verifier("math")
def math_answer(prompt: Prompt, completion: Completion) -> Verdict:
    """Compares the final answer with the reference as mathematics.

    The reference is LaTeX, plain text or a number, or a list of alternatives; a worked solution
    with `\\boxed{}` or `####` stands for its final answer. Statuses: `correct`, `wrong`,
    `unparsable` (no answer found), `error` (the reference cannot be read).
    """
    references = [_reference(answer) for answer in _alternatives(prompt.answer)]
    if not references or "" in references:
        return Verdict(None, "error", reason="the reference answer is empty or not text or a number")
    found = extract(completion.text, completion.finish_reason != "length")
    if found is None:
        return Verdict(0.0, "unparsable", reason="no answer found")
    verdict = Verdict(0.0, "wrong", found.text, "")
    for reference in references:
        verdict = _compare(reference, found)
        if verdict.status == "correct":
            break
    return verdict


def _alternatives(answer: Any) -> list[Any]:
    return list(answer) if isinstance(answer, (list, tuple)) else [answer]


def _reference(answer: Any) -> str:
    """The reference as text, empty where it is none."""
    if isinstance(answer, bool) or not isinstance(answer, (str, int, float)):
        return ""
    text = str(answer).strip()
    if "\\boxed" in text or "\\fbox" in text or "####" in text:
        found = extract(text)
        return found.text if found is not None else ""
    return text


def _compare(reference: str, found: Extracted) -> Verdict:
    gold, given = plain(reference), plain(found.text)
    if not gold:
        return Verdict(None, "error", found.text, "the reference answer is empty")
    if gold == given or (gold.casefold() == given.casefold() and gold.isalpha() and len(gold) > 1):
        return Verdict(1.0, "correct", found.text, f"{found.why}: same text")
    left, right = rational(gold), rational(given)
    if left is not None and right is not None:
        if left == right:
            return Verdict(1.0, "correct", found.text, f"{found.why}: same number")
        if left.denominator == right.denominator == 1 or abs(left - right) > abs(left) / 1000:
            return Verdict(0.0, "wrong", found.text, f"{found.why}: another number")
    # math-verify would take the number out of both of these.
    if _NEGATION.search(found.text) and not _NEGATION.search(reference):
        return Verdict(0.0, "unparsable", found.text, f"{found.why}: says what it is not")
    if left is not None and _OR.search(found.text):
        return Verdict(0.0, "wrong", found.text, f"{found.why}: several answers where one is asked")
    return _by_math_verify(reference, found)


def _by_math_verify(reference: str, found: Extracted) -> Verdict:
    gold = _parse(reference, formula=not bare_words(reference))
    if not gold:
        return Verdict(None, "error", found.text, "the reference answer cannot be read as mathematics")
    given = _parse(found.text, formula=found.why in ("boxed", "last formula") or not bare_words(found.text))
    if not given:
        return Verdict(0.0, "wrong", found.text, f"{found.why}: not mathematics, and not the reference's text")
    try:
        equal = _math_verify().verify(gold, given, timeout_seconds=None, raise_on_error=True)
    except MemoryError:
        raise  # the judge replaces the worker
    except Exception as error:  # whatever SymPy met: it could not decide, which is not a 0
        return Verdict(None, "error", found.text, f"comparing failed: {type(error).__name__}: {str(error)[:200]}")
    return Verdict(float(equal), "correct" if equal else "wrong", found.text, f"{found.why}: by math-verify")


@functools.lru_cache(maxsize=4096)
def _parse(text: str, formula: bool) -> list[Any]:
    """What math-verify reads: as a formula first, or as prose first."""
    text = text.strip().strip("$")
    for form in (f"\\boxed{{{text}}}", text) if formula else (text, f"\\boxed{{{text}}}"):
        if parsed := _math_verify().parse(form, parsing_timeout=None):
            return parsed
    return []


@functools.cache
def _math_verify() -> ModuleType:
    import math_verify

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that its own timeouts are off
    return math_verify


def _warm() -> None:
    """Imports SymPy and builds the grammar's tables before the first deadline."""
    _math_verify().verify(_parse("\\frac{1}{2}", True), _parse("x = 0.5", True), timeout_seconds=None)


math_answer.warm = _warm  # type: ignore[attr-defined]
