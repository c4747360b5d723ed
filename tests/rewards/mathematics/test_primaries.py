"""Numbers, letters, brackets, absolute values and matrices: the smallest parts of the grammar."""

from fractions import Fraction

import pytest

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics.characters import normalised
from rlvr.rewards.mathematics.expression import Call, Expression, Number, Symbol, Unreadable
from rlvr.rewards.mathematics.grammar import Parser
from rlvr.rewards.mathematics.numerals import MAX_EXPONENT, decimal, numeral
from rlvr.rewards.mathematics.tokens import tokens
from rlvr.rewards.mathematics.values import Matrix, Value


def parse(text: str) -> Value:
    return Parser(tokens(normalised(text))).whole()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", ex.number(12)),
        (".5", ex.HALF),
        ("2.5e-1", ex.number(Fraction(1, 4))),
        (r"0.\overline{3}", ex.number(Fraction(1, 3))),
        (r"0.1\overline{36}", ex.number(Fraction(3, 22))),
        (r"0.\bar{9}", ex.ONE),
        ("x", Symbol("x")),
        ("x_1", Symbol("x_1")),
        ("x_{10}", Symbol("x_10")),
        ("f'", Symbol("f'")),
        ("e", ex.E),
        ("i", ex.I),
        (r"\pi", ex.PI),
        (r"\infty", ex.INFINITY),
        (r"\theta", Symbol("theta")),
        (r"\overline{AB}", Symbol("bar{AB}")),
        (r"\angle ABC", Symbol("angle ABC")),
        ("e_1", Symbol("e_1")),
        ("f(2)", Call("apply", (Symbol("f"), ex.TWO))),
        ("|x|", Call("abs", (Symbol("x"),))),
        (r"\left|-3\right|", Call("abs", (ex.number(-3),))),
        ("C(5, 2)", ex.number(10)),
        ("50%", Call("percent", (ex.number(50),))),
        (r"90^\circ", Call("degree", (ex.number(90),))),
        ("$5", None),
    ],
)
def test_primaries(text: str, value: Expression | None) -> None:
    if value is None:
        value, text = Call("currency", (ex.number(5), Symbol("$"))), r"\$5"
    assert parse(text) == value


def test_digits_under_a_bar_before_the_point_are_no_repetition() -> None:
    assert parse(r"2\overline{AB}") == ex.multiply(ex.TWO, Symbol("bar{AB}"))


@pytest.mark.parametrize(
    ("digits", "base", "value"), [("1A", 16, 26), ("101", 2, 5), ("0.1", 2, Fraction(1, 2)), ("z", 36, 35)]
)
def test_numerals(digits: str, base: int, value: Fraction) -> None:
    read = numeral(digits, base)
    assert isinstance(read, Call) and read.args == (ex.number(value), ex.number(base), Symbol(digits.upper()))


@pytest.mark.parametrize(("digits", "base"), [("12", 2), ("1", 1), ("1", 37), ("G", 16)])
def test_digits_that_the_base_has_not(digits: str, base: int) -> None:
    with pytest.raises(Unreadable):
        numeral(digits, base)


def test_exponents_of_decimals_are_bounded() -> None:
    assert decimal(f"1e{MAX_EXPONENT}") == Number(Fraction(10) ** MAX_EXPONENT)
    with pytest.raises(Unreadable):
        decimal(f"1e{MAX_EXPONENT + 1}")


MATRIX = Matrix(((ex.ONE, ex.TWO), (ex.number(3), ex.number(4))))


@pytest.mark.parametrize("name", ["pmatrix", "bmatrix", "matrix", "Bmatrix", "smallmatrix"])
def test_matrices(name: str) -> None:
    assert parse(rf"\begin{{{name}}} 1 & 2 \\ 3 & 4 \end{{{name}}}") == MATRIX


def test_arrays_have_a_line_of_columns() -> None:
    assert parse(r"\left[\begin{array}{c|c} 1 & 2 \\ \hline 3 & 4 \end{array}\right]") == MATRIX


@pytest.mark.parametrize(
    "text", [r"\begin{vmatrix}1&2\\3&4\end{vmatrix}", r"\left|\begin{matrix}1&2\\3&4\end{matrix}\right|"]
)
def test_determinants(text: str) -> None:
    value = parse(text)
    assert isinstance(value, Call) and value.head == "det"


@pytest.mark.parametrize(
    "text", [r"\begin{pmatrix}1&2\\3\end{pmatrix}", r"\begin{pmatrix}\end{pmatrix}", r"\begin{tabular}1\end{tabular}"]
)
def test_matrices_that_are_none(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)
