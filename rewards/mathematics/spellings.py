"""Spellings that the grammar has no rule for, rewritten before it reads them."""

from __future__ import annotations

import re

_SPACING = r"(?:\\[,;:! ]|\\q?quad(?![a-zA-Z])|~|\s)"
_FACE = r"\\(?:text|mathrm)\s*\{\s*([a-zA-Z^0-9 ]+?)\s*\}((?:\^\{?\d\}?)?)"
_MEMBER = r"[^\[\](),;]+"
_REWRITTEN: list[tuple[re.Pattern[str], str]] = [
    # what leads to the answer or trails behind it
    (re.compile(rf"^(?:{_SPACING}|=(?!=)|\\(?:approx|therefore|implies|Rightarrow)(?![a-zA-Z]))+"), ""),
    (re.compile(rf"{_SPACING}+$"), ""),
    # a unit as a fraction of two others; a numeral whose digits stand in a face or brackets
    (re.compile(rf"\\[dt]?frac\s*\{{\s*{_FACE}\s*\}}\s*\{{\s*{_FACE}\s*\}}"), r"\\text{ \1\2/\3\4}"),
    (
        re.compile(r"(?:\\(?:text|mathrm|mathtt|texttt)\{|\()([0-9][0-9A-Fa-f]*)[})](_\{?(?:\\text\{)?(?:\d|[a-z]))"),
        r"\1\2",
    ),
    (re.compile(r"\\[dt]?frac\s*\{\s*d\s*([a-zA-Z])\s*\}\s*\{\s*d\s*[a-zA-Z]\s*\}(?=\s*=)"), r"\1'"),
    # the measure of an angle; degrees of temperature; 3rd
    (re.compile(r"\bm\s*(?=\\angle)"), ""),
    (re.compile(r"\^\{?\s*\\circ\s*\}?\s*(?:\\(?:text|mathrm|rm)\s*\{?\s*)?([CF])\}?$"), r"\\text{ degrees \1}"),
    (re.compile(r"(?<=\d)\^?\{?(?:\\(?:text|mathrm)\{)?(?:st|nd|rd|th)\}{0,2}$"), ""),
    # open ends as French and German write them
    (re.compile(rf"\]({_MEMBER}[,;]{_MEMBER})\["), r"(\1)"),
    (re.compile(rf"^\]({_MEMBER}[,;]{_MEMBER})\]"), r"(\1]"),
    (re.compile(rf"\[({_MEMBER}[,;]{_MEMBER})\[(?!{_MEMBER}\])"), r"[\1)"),
    # a matrix as SymPy or NumPy prints it
    (re.compile(r"^(?:sp\.|sympy\.|np\.)?(?:Matrix|array)\((\[.*\])\)$", re.DOTALL), r"\1"),
]


def rewritten(text: str) -> str:
    """The text in spellings that the grammar reads."""
    text = text.replace(",\\!", "{,}").replace("\\!", "")
    for pattern, replacement in _REWRITTEN:
        text = pattern.sub(replacement, text)
    return text
