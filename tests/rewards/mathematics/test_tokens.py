"""Characters and tokens: many spellings become one, and nothing too long is read."""

import pytest

from rlvr.rewards.mathematics.characters import normalised
from rlvr.rewards.mathematics.expression import Unreadable
from rlvr.rewards.mathematics.tokens import MAX_CHARACTERS, MAX_DIGITS, MAX_TOKENS, numeral_parts, tokens


def texts(text: str) -> list[str]:
    return [token.text for token in tokens(normalised(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("−3", "-3"),  # U+2212
        ("２５％", "25%"),
        ("٣٫٥", "3.5"),
        ("x²", "x^{2}"),
        ("½", r"\frac{1}{2}"),
        ("a₁", "a_1"),
        ("π ≤ 4", r"\pi  \le  4"),
        (r"\\frac{1}{2}", r"\frac{1}{2}"),  # a doubled backslash
        ("\x0crac{1}{2}", r"\frac{1}{2}"),  # \f read as a form feed
        (r"\begin{matrix}1\\2\end{matrix}", r"\begin{matrix}1\\2\end{matrix}"),  # a row is no doubled backslash
        ("x + 1", "x + 1"),
    ],
)
def test_characters(text: str, expected: str) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x+1", ["x", "+", "1"]),
        (r"\left( x \right)", ["(", "x", ")"]),
        (r"\displaystyle\tfrac12", ["frac", "12"]),
        (r"2\,x", ["2", "x"]),
        (r"\color{red}{x}", ["{", "x", "}"]),
        ("2**3", ["2", "^", "3"]),
        ("x<=3", ["x", "le", "3"]),
        (r"x \leqslant 3", ["x", "le", "3"]),
        ("x != 3", ["x", "ne", "3"]),
        (r"\operatorname{arcsin} x", ["asin", "x"]),
        ("sqrt(3)", ["sqrt", "(", "3", ")"]),
        ("sin", ["sin"]),
        (r"\text{km}", ["km"]),
        (r"\mathbb{R}", ["reals"]),
        (r"\mathrm{km/h}", ["km/h"]),
        (r"\left| x \right|", ["|(", "x", ")|"]),
        ("1,234,567", ["1234567"]),
        (r"1{,}234", ["1234"]),
        (r"1\,234", ["1234"]),
        ("1 234.5", ["1234.5"]),
        ("12,34", ["12", ",", "34"]),
        ("(1,234)", ["(", "1", ",", "234", ")"]),  # a pair
        ("(12 345)", ["(", "12", "345", ")"]),
        ("1 2", ["1", "2"]),
        ("1.5e-3", ["1.5e-3"]),
        ("3.", ["3."]),
        ("...", ["dots"]),
        (r"1A_{16}", ["1A_{16}"]),
        (r"101_2", ["101_2"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (r"x12\pi\text{cm}abc", ["letter", "number", "command", "text", "word"]),
        (r"\begin{cases}1\end{cases}", ["begin", "number", "end"]),
        ("ж", ["word"]),
    ],
)
def test_kinds(text: str, kinds: list[str]) -> None:
    assert [token.kind for token in tokens(text)] == kinds


def test_a_token_knows_where_it_stood_and_what_stood_before() -> None:
    first, second = tokens("3 m")
    assert (first.start, first.space, second.start, second.space) == (0, False, 2, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1A_{16}", ("1A", 16)), (r"101_{\text{two}}", ("101", 2)), ("77_8", ("77", 8)), ("0.1_2", ("0.1", 2))],
)
def test_numerals(text: str, expected: tuple[str, int]) -> None:
    (token,) = tokens(text)
    assert token.kind == "numeral"
    assert numeral_parts(token.text) == expected


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("x" * MAX_CHARACTERS, "x" * (MAX_CHARACTERS + 1)),
        ("1" * MAX_DIGITS, "1" * (MAX_DIGITS + 1)),
        ("x+" * (MAX_TOKENS // 2), "x+" * MAX_TOKENS),
        (r"\text{a}", r"\text{a"),
        ("12_3", "12_{zehn}"),
    ],
)
def test_limits(short: str, long: str) -> None:
    assert tokens(short)
    with pytest.raises(Unreadable):
        for token in tokens(long):
            numeral_parts(token.text) if token.kind == "numeral" else None
        if "zehn" in long:
            numeral_parts(long)
