"""The first tier: texts and rational numbers, before any mathematics is read."""

from fractions import Fraction

import pytest

from rlvr.rewards.mathematics.quick import MAX_DIGITS, plain, rational


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", "12"),
        (" $ 12 $ ", "12"),
        ("**12**", "12"),
        (r"\text{Friday}.", "Friday"),
        (r"\left( 1, 2 \right)", "(1,2)"),
        (r"\(x\)", "x"),
        (r"\dfrac{1}{2}", r"\frac{1}{2}"),
        (r"50\%", "50%"),
        ("−3", "-3"),
        ("1 1/2", "1_1/2"),  # not 11/2
        ("3 4", "3_4"),
        (r"\leftarrow", r"\leftarrow"),
        ("1, 2, ...", "1,2,..."),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", Fraction(12)),
        ("+12", Fraction(12)),
        ("-1,234.5", Fraction(-2469, 2)),
        ("1{,}234", Fraction(1234)),
        (".5", Fraction(1, 2)),
        ("12.", Fraction(12)),
        ("-3/6", Fraction(-1, 2)),
        (r"-\frac{3}{6}", Fraction(-1, 2)),
        (r"\tfrac12", Fraction(1, 2)),
        (r"\frac{-1}{2}", Fraction(-1, 2)),
        ("1 1/2", Fraction(3, 2)),
        ("-1 1/2", Fraction(-3, 2)),
        ("1" * MAX_DIGITS, Fraction(int("1" * MAX_DIGITS))),
        ("1" * (MAX_DIGITS + 1), None),
        ("1/0", None),
        (r"\frac{1}{0}", None),
        ("1 1/0", None),
        ("1,23", None),
        ("12,3456", None),
        ("1e5", None),
        ("x", None),
        ("", None),
        ("٣", None),
        ("--1", None),
        ("1/2/3", None),
        ("3 4", None),
    ],
)
def test_rational(text: str, value: Fraction | None) -> None:
    assert rational(plain(text)) == value
