r"""A reference answer of a math suite written otherwise: the same value in other words, and a value near it.

Nothing here uses the verifier's own reading: numbers are rewritten with `fractions`, LaTeX by rules on its text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?")
_SPACES = re.compile(r"\\[!,;: ]|~|\s+")
_WORD = re.compile(r"\\(?:text|mbox|textbf|mathrm)\s*\{([^{}]*)\}")


def plain(reference: str) -> str:
    """The reference without dollars around it and without a final full stop."""
    text = reference.strip().rstrip(".").strip()
    return text.replace("$", "").strip() if text.count("$") % 2 == 0 and "\\$" not in text else text


def number(reference: str) -> Fraction | None:
    """The value of a reference that is a number in digits, with or without commas, an exponent, or a dollar sign."""
    text = _SPACES.sub("", plain(reference)).replace("\\$", "")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text):
        text = text.replace(",", "")
    return Fraction(Decimal(text)) if _NUMBER.fullmatch(text) and "/" not in text else None


def is_word(reference: str) -> str | None:
    r"""`Evelyn` of `\text{Evelyn}`, `C` of `\text{(C)}`; None for anything else."""
    found = _WORD.fullmatch(plain(reference))
    return found[1].strip() if found else None


def decimal_text(value: Fraction) -> str | None:
    """The value with all its digits, two zeros more than it needs; None where it does not end within 12 places."""
    for places in range(13):
        if (value * 10**places).denominator == 1:
            digits = f"{abs(value.numerator * 10**places // value.denominator):0{places + 1}d}"
            whole, part = digits[: len(digits) - places], digits[len(digits) - places :]
            return f"{'-' if value < 0 else ''}{whole}.{part}00" if len(whole) < 16 else None
    return None


def scientific(value: Fraction) -> str:
    r"""`1.8 \times 10^{1}`, with every digit."""
    if value == 0:
        return r"0 \times 10^{3}"
    exponent = 0
    mantissa = abs(value)
    while mantissa >= 10:
        mantissa, exponent = mantissa / 10, exponent + 1
    while mantissa < 1:
        mantissa, exponent = mantissa * 10, exponent - 1
    text = (decimal_text(mantissa) or "").rstrip("0").rstrip(".")
    return rf"{'-' if value < 0 else ''}{text} \times 10^{{{exponent}}}" if text else grouped(value)


def grouped(value: Fraction) -> str:
    """Digits in groups of three (`1,319`), a fraction as `a/b`."""
    return f"{value.numerator:,}" if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def doubled(value: Fraction) -> str:
    r"""A fraction that is not in lowest terms: `\frac{36}{2}`."""
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{2 * abs(value.numerator)}}}{{{2 * value.denominator}}}"


def braced(latex: str) -> str:
    r"""`\frac43`, `\frac 59`, `\frac9{19}` and `\sqrt2` with all their braces."""
    latex = re.sub(r"\\([dt]?frac)\s*(\d)\s*(?=[\d{])", r"\\\1{\2}", latex)
    latex = re.sub(r"(\\[dt]?frac\{[^{}]*\})\s*(\d)", r"\1{\2}", latex)
    return re.sub(r"\\sqrt\s*(\d)", r"\\sqrt{\1}", latex)


def wide(latex: str) -> str:
    r"""The same formula as another hand would set it: `\dfrac`, big brackets, spaces around operators."""
    latex = re.sub(r"\\t?frac(?![a-z])", r"\\dfrac", braced(latex))
    latex = re.sub(r"\\left\s*(?=[(\[\\])|\\right\s*(?=[)\]\\])", "", latex)
    if not re.search(r"\\begin|\\text|\\mbox|\^\{?\\", latex):
        latex = re.sub(r"(?<=[\w)}])\s*([+=])\s*", r" \1 ", latex)
        latex = re.sub(r",\s*(?!\d{3}(?!\d)|\\!)", r",\\, ", latex)
    return latex


def narrow(latex: str) -> str:
    r"""The same formula with as few spaces as LaTeX needs, `\tfrac`, and every bracket sized."""
    latex = re.sub(r"\\d?frac(?![a-z])", r"\\tfrac", braced(latex))
    if re.search(r"\\text|\\mbox|\\begin", latex):
        return latex
    return re.sub(r"(?<![a-zA-Z])\s+|\s+(?![a-zA-Z])", "", latex)


_ASCII = {r"\pi": "pi", r"\infty": "infinity", r"\cdot": "*", r"\times": "*", r"\left": "", r"\right": "", r"\,": " "}


def ascii_form(latex: str) -> str | None:
    """The formula as people type it: `(14)/(3)`, `sqrt(51)`, `3*sqrt(13)`; None where it has more than that."""
    if re.search(r"\\frac\s*\{d ", latex):
        return None  # a derivative
    text = re.sub(r"(?<=\d)\s*\\frac\{(\d+)\}\{(\d+)\}", r" \1/\2", braced(latex))
    for name, typed in _ASCII.items():
        text = re.sub(rf"{re.escape(name)}{'(?![a-zA-Z])' if name[1:].isalpha() else ''}", typed, text)
    for _ in range(4):
        text = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"((\1)/(\2))", text)
        text = re.sub(r"\\sqrt\s*\{([^{}]*)\}", r"sqrt(\1)", text)
    text = re.sub(r"\^\{([^{}]*)\}", r"^(\1)", text)
    text = re.sub(r"(?<=[\d)])\s*(?=sqrt|pi|\(\()", "*", text)
    return None if re.search(r"[\\{}_]", text) or not re.search(r"\\|\d", latex) else text


def other(reference: str) -> str:
    """An answer near the right one, and not it: a digit, a name, a letter or a constant more."""
    latex = plain(reference)
    if (value := number(reference)) is not None:
        return str(value.numerator + 1) if value.denominator == 1 else f"{float(value) * 1.5 + 1:.6g}"
    if word := is_word(reference):
        letter = re.fullmatch(r"\(?([A-E])\)?", word)
        return rf"\text{{{'BCDEA'['ABCDE'.index(letter[1])]}}}" if letter else r"\text{Martha}"
    digit = re.search(r"(?<![_\d{])(?<!_\{)\d|(?<=[^_]\{)\d", latex)
    if digit is not None and not latex.startswith(r"\sqrt["):
        return f"{latex[: digit.start()]}{(int(digit[0]) + 1) % 10 or 7}{latex[digit.end() :]}"
    return f"{latex} + 1"
