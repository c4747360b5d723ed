"""Commands: functions with and without brackets, roots, sums, integrals, limits, derivatives."""

import pytest

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics.characters import normalised
from rlvr.rewards.mathematics.expression import Call, Expression, Symbol, Unreadable
from rlvr.rewards.mathematics.grammar import Parser
from rlvr.rewards.mathematics.tokens import tokens
from rlvr.rewards.mathematics.values import EXPRESSIONS

X, N = Symbol("x"), Symbol("n")


def parse(text: str) -> Expression:
    value = Parser(tokens(normalised(text))).whole()
    assert isinstance(value, EXPRESSIONS)
    return value


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (r"\sin x", "sin(x)"),
        (r"\sin 2x", "sin(2*x)"),
        (r"\sin x \cos x", "sin(x)*cos(x)"),
        (r"\sin x + 1", "sin(x) + 1"),
        (r"\sin^2 x", "(sin(x))^2"),
        (r"\sin^{-1} x", "asin(x)"),
        (r"\arctan x", "atan(x)"),
        (r"\operatorname{arctg} x", "atan(x)"),
        (r"\sin \frac{\pi}{6}", r"\sin(\pi/6)"),
        (r"\log_2 8", r"\log_{2}(8)"),
        (r"\lg x", r"\log_{10} x"),
        (r"\ln x", "log(x)"),
        (r"\log_e x", r"\ln x"),
        ("log(8, 2)", r"\log_2 8"),
        ("exp(x)", "e^x"),
        (r"\sqrt{x}", "x^{1/2}"),
        ("sqrt(4)", "2"),
        (r"\sqrt[3]{8}", "2"),
        ("cbrt(27)", "3"),
        ("root(x, 3)", r"\sqrt[3]{x}"),
        (r"\binom{5}{2}", "10"),
        (r"{5 \choose 2}", "10"),
        ("binomial(5, 2)", "10"),
        ("factorial(4)", "24"),
        (r"\lfloor x \rfloor", "floor(x)"),
        (r"\lceil x \rceil", "ceil(x)"),
        ("Abs(x)", "|x|"),
        (r"\gcd(x, y)", "gcd(y, x)"),
        (r"\max\{x, y\}", "max(x, y)"),
        (r"\frac12", "1/2"),
        (r"\frac{1}2", "1/2"),
        (r"\cfrac{1}{1+\cfrac{1}{2}}", "2/3"),
    ],
)
def test_the_same_reading(text: str, same: str) -> None:
    assert ex.key(parse(text)) == ex.key(parse(same))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (r"\sin 2x", "x*sin(2)"),
        (r"\sin^2 x", r"\sin x^2"),
        (r"\sin^{-1} x", r"1/\sin x"),
        (r"\log_2 8", r"\log 8"),
        (r"\ln x", r"\lg x"),
        (r"\binom{5}{2}", "5/2"),
        (r"\lfloor x \rfloor", r"\lceil x \rceil"),
        (r"\sqrt[3]{x}", r"\sqrt{x}"),
        (r"\frac12", "12"),
    ],
)
def test_another_reading(text: str, other: str) -> None:
    assert ex.key(parse(text)) != ex.key(parse(other))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"\sum_{n=1}^{5} n", Call("sum", (N, N, ex.ONE, ex.number(5)))),
        (r"\prod_{n=1}^{5} n", Call("product", (N, N, ex.ONE, ex.number(5)))),
        (r"\sum_{i=1}^n i", Call("sum", (Symbol("i"), Symbol("i"), ex.ONE, N))),  # i counts here
        (r"\int x \, dx", Call("integral", (X, X))),
        (r"\int_0^1 x dx", Call("integral", (X, X, ex.ZERO, ex.ONE))),
        (r"\int_0^1 dx", Call("integral", (ex.ONE, X, ex.ZERO, ex.ONE))),
        (r"\lim_{x \to 0} x", Call("limit", (X, X, ex.ZERO, Symbol("")))),
        (r"\lim_{x \to 0^+} x", Call("limit", (X, X, ex.ZERO, Symbol("+")))),
        (r"\lim_{x \to 0^{-}} x", Call("limit", (X, X, ex.ZERO, Symbol("-")))),
        (r"\frac{d}{dx} x", Call("derivative", (X, X))),
    ],
)
def test_operations_that_bind_a_variable(text: str, value: Expression) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        r"\int x",
        r"\lim_{x} x",
        r"\frac{d}{dx}",
        r"\sin",
        "sin(1, 2)",
        "binomial(1, 2, 3)",
        "log(1, 2, 3)",
        r"\sqrt[3",
        r"\sum_{2=1}^{3} n",
        r"\lfloor x",
    ],
)
def test_what_is_incomplete_cannot_be_read(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)
