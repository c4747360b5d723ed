"""Numbers as they are written: decimals with exponents, digits in a base."""

from __future__ import annotations

from fractions import Fraction

from . import expression as ex
from .expression import Call, Expression, Number, Symbol, Unreadable

MAX_EXPONENT = 4_000


def decimal(text: str) -> Number:
    """The number of a token such as `12`, `.5` or `2.5E3`."""
    mantissa, _, exponent = text.lower().partition("e")
    try:
        if abs(int(exponent or 0)) > MAX_EXPONENT:
            raise ValueError
        return Number(Fraction(mantissa) * Fraction(10) ** int(exponent or 0), "." in text)
    except (ValueError, OverflowError):
        raise Unreadable(f"{text[:40]!r} is no number that can be read") from None


def fraction(over: str, under: str) -> Number:
    """The number of two runs of digits."""
    return Number(Fraction(int(over), int(under)))


def integer(value: Expression) -> int:
    """The whole number that an expression is. Raises Unreadable."""
    if isinstance(value, Number) and value.value.denominator == 1:
        return int(value.value)
    raise Unreadable("a whole number was expected")


def numeral(digits: str, base: int) -> Expression:
    """A numeral: its value, its base and its digits, of which some may stand behind a point."""
    if not 2 <= base <= 36:
        raise Unreadable(f"base {base}")
    whole, _, places = digits.partition(".")
    try:
        value = Fraction(int(whole + places, base), base ** len(places))
    except ValueError:
        raise Unreadable(f"{digits!r} is no numeral of base {base}") from None
    return Call("numeral", (ex.number(value), ex.number(base), Symbol(digits.upper())))
