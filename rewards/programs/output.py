"""Is what a program printed what was expected? As judges compare: by lines and tokens, numbers by value."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


def same_output(actual: str, expected: str, tolerance: float = 1e-6) -> bool:
    """Whether two outputs agree, trailing white space and empty lines at the end aside.

    Lines are compared token by token. Two tokens agree where they are the same text, or where one is written
    as a decimal and both are the same number: within `tolerance` (absolute, or relative to the expected) where the
    expected one is a decimal, exactly where it is an integer. 10 and 010 are different, 2 and 2.0 the same.
    """
    left, right = _lines(actual), _lines(expected)
    return len(left) == len(right) and all(
        mine == theirs or _same_tokens(mine.split(), theirs.split(), tolerance)
        for mine, theirs in zip(left, right, strict=True)
    )


def difference(actual: str, expected: str, tolerance: float = 1e-6) -> str:
    """Where two outputs part, in a few words; the expected output is not quoted."""
    left, right = _lines(actual), _lines(expected)
    for number, (mine, theirs) in enumerate(zip(left, right, strict=False), 1):
        if mine != theirs and not _same_tokens(mine.split(), theirs.split(), tolerance):
            return f"line {number} differs: {mine[:60]!r}"
    return f"{len(left)} lines, not {len(right)}"


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _same_tokens(actual: list[str], expected: list[str], tolerance: float) -> bool:
    return len(actual) == len(expected) and all(
        mine == theirs or _same_number(mine, theirs, tolerance) for mine, theirs in zip(actual, expected, strict=True)
    )


def _same_number(actual: str, expected: str, tolerance: float) -> bool:
    if len(actual) > 400 or len(expected) > 400 or (actual.lstrip("+-").isdigit() and expected.lstrip("+-").isdigit()):
        return False  # two integers are compared as they are written
    if not _DECIMAL.fullmatch(actual) or not _DECIMAL.fullmatch(expected):
        return False
    try:
        mine, theirs = Decimal(actual), Decimal(expected)
    except InvalidOperation:
        return False
    if mine == theirs:
        return True
    if tolerance <= 0 or expected.lstrip("+-").isdigit():
        return False
    return math.isclose(mine, theirs, rel_tol=tolerance, abs_tol=tolerance) and math.isfinite(float(theirs))
