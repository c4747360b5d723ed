"""Expressions to SymPy's trees and back, and references that SymPy works out."""

import pytest
import sympy

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics import numerics
from rlvr.rewards.mathematics.expression import Expression
from rlvr.rewards.mathematics.reading import read
from rlvr.rewards.mathematics.symbolic import MAX_NUMBER, NotSymPy, carried_out, to_sympy
from rlvr.rewards.mathematics.values import EXPRESSIONS, Words, unevaluated

x, n = sympy.symbols("x n")


def parse(text: str) -> Expression:
    value = read(text)
    assert isinstance(value, EXPRESSIONS)
    return value


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        (r"\frac{1}{2}", sympy.Rational(1, 2)),
        ("x^2 + 1", x**2 + 1),
        (r"\sqrt{2} \pi", sympy.sqrt(2) * sympy.pi),
        (r"\log_2 x", sympy.log(x, 2)),
        (r"e^{i x}", sympy.exp(sympy.I * x)),
        (r"|x|", sympy.Abs(x)),
        (r"\lceil x \rceil", sympy.ceiling(x)),
        (r"\{1, 2\}", sympy.FiniteSet(1, 2)),
        ("[0, 1)", sympy.Interval.Ropen(0, 1)),
        ("(1, 2, 3)", sympy.Tuple(1, 2, 3)),
        (r"\mathbb{R}", sympy.S.Reals),
        (r"\emptyset", sympy.S.EmptySet),
        ("x < 3", x < 3),
        (r"\begin{pmatrix}1&2\end{pmatrix}", sympy.ImmutableMatrix([[1, 2]])),
        (r"\int_0^1 x dx", sympy.Integral(x, (x, 0, 1))),
        (r"\sum_{n=1}^{9} n", sympy.Sum(n, (n, 1, 9))),
        (r"50\%", sympy.Rational(1, 2)),
    ],
)
def test_trees(text: str, tree: sympy.Basic) -> None:
    assert to_sympy(read(text)) == tree


@pytest.mark.parametrize("text", ["Friday", "3:30", "1 < x < 3"])
def test_what_sympy_has_not(text: str) -> None:
    with pytest.raises(NotSymPy):
        to_sympy(read(text))


def test_words_never_reach_sympy() -> None:
    with pytest.raises(NotSymPy):
        to_sympy(Words("__import__('os')"))
    assert to_sympy(ex.Symbol("exit()")).name == "exit()"  # a name, not a program


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"\int_0^1 x^2 dx", r"\frac{1}{3}"),
        (r"\sum_{n=1}^{10} n", "55"),
        (r"\sum_{n=1}^{\infty} \frac{1}{n^2}", r"\frac{\pi^2}{6}"),
        (r"\lim_{x \to 0} \frac{\sin x}{x}", "1"),
        (r"\frac{d}{dx} x^3", "3x^2"),
        (r"\prod_{n=1}^{5} n", "120"),
        (r"\frac{d}{dx} x + \lceil x \rceil", r"1 + \lceil x \rceil"),
        (r"\int_0^1 x dx + \sqrt{2}", r"\frac{1}{2} + \sqrt{2}"),
    ],
)
def test_references_are_carried_out(text: str, value: str) -> None:
    found = carried_out(parse(text))
    assert not unevaluated(found)
    assert numerics.equal(found, parse(value)) is True
    assert numerics.equal(found, ex.add(parse(value), ex.ONE)) is False


def test_what_would_take_for_ever_or_is_not_known_stays() -> None:
    long = parse(rf"\sum_{{n=1}}^{{{MAX_NUMBER + 1}}} \frac{{1}}{{n}}")
    assert carried_out(long) == long
    unknown = parse(r"\int f(x) dx")
    assert unevaluated(carried_out(unknown))
