"""The first tier: the same text or the same rational number, decided without reading any mathematics."""

from __future__ import annotations

import re
from fractions import Fraction

MAX_DIGITS = 1_000  # beyond, the reader decides

_DROPPED = re.compile(r"\\(?:left|right|displaystyle|[,!;: ])(?![a-zA-Z])|[\s$]|^\\[(\[]|\\[)\]]$")
_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox|boxed|fbox)\s*\{([^{}]*)\}")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)\s+(?=\d)")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:(?:,|\{,\})\d{3})+(?:\.\d+)?")
_MIXED = re.compile(r"([-+]?)(\d+)_(\d+)/(\d+)")
_RATIONAL = re.compile(r"([-+]?\d+)/(\d+)|([-+]?)\\frac(?:\{(-?\d+)\}|(\d))(?:\{(-?\d+)\}|(\d))")
_DECIMAL = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")


def plain(text: str) -> str:
    """The text without what does not change its meaning: spaces, delimiters, `\\left`, `\\text{}`, a final stop.

    Digits with a space between them keep an underscore there, so that `1 1/2` is not 11/2.
    """
    text = text.strip().strip("*")
    if text.isdigit() and text.isascii():
        return text
    if not text.isascii():
        text = text.replace("−", "-")
    if "\\" in text:
        text = text.replace("\\%", "%").replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac")
        text = _WRAPPED.sub(r"\1", text)
    text = _BETWEEN_DIGITS.sub("_", text)
    text = _DROPPED.sub("", text)
    return text.rstrip(".") if not text.endswith("..") else text


def rational(text: str) -> Fraction | None:
    """The exact value of an integer, decimal, fraction or mixed number in `plain` form, else None."""
    if len(text) > MAX_DIGITS or not text.isascii():
        return None
    if "," in text and _THOUSANDS.fullmatch(text):
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
