"""The builders of expressions: rational arithmetic folds, nothing grows without bound."""

from fractions import Fraction

import pytest

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics.expression import Call, Expression, Number, Symbol, Unreadable

X, Y = Symbol("x"), Symbol("y")
HALF, THREE = ex.HALF, ex.number(3)


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (ex.add(ex.ONE, HALF), Number(Fraction(3, 2))),
        (ex.add(X, ex.ONE, ex.MINUS_ONE), X),
        (ex.add(X, ex.add(Y, ex.ONE), ex.ONE), Call("add", (X, Y, ex.TWO))),
        (ex.multiply(HALF, ex.TWO), ex.ONE),
        (ex.multiply(X, ex.TWO, Y), Call("mul", (ex.TWO, X, Y))),
        (ex.multiply(X, ex.ZERO), ex.ZERO),
        (ex.negate(ex.negate(X)), X),
        (ex.divide(ex.ONE, ex.number(4)), Number(Fraction(1, 4))),
        (ex.power(ex.TWO, ex.number(10)), ex.number(1024)),
        (ex.power(ex.ZERO, ex.ZERO), ex.ONE),
        (ex.power(ex.MINUS_ONE, ex.number(10**30 + 1)), ex.MINUS_ONE),
        (ex.power(ex.number(8), ex.number(Fraction(2, 3))), ex.number(4)),
        (ex.power(ex.TWO, HALF), Call("pow", (ex.TWO, HALF))),
        (ex.power(ex.number(-4), HALF), Call("pow", (ex.number(-4), HALF))),
        (ex.factorial(ex.number(5)), ex.number(120)),
        (ex.factorial(HALF), Call("factorial", (HALF,))),
        (ex.binomial(ex.number(5), ex.TWO), ex.number(10)),
        (ex.binomial(X, ex.TWO), Call("binomial", (X, ex.TWO))),
    ],
)
def test_builders(built: Expression, expected: Expression) -> None:
    assert built == expected


def test_infinity_times_zero_is_not_worked_out() -> None:
    assert ex.multiply(ex.ZERO, ex.INFINITY) != ex.ZERO


def test_division_by_zero_cannot_be_read() -> None:
    with pytest.raises(Unreadable):
        ex.divide(ex.ONE, ex.ZERO)


@pytest.mark.parametrize(
    "built",
    [
        ex.power(ex.number(9), ex.number(9**9)),
        ex.factorial(ex.number(ex.MAX_FACTORIAL + 1)),
        ex.binomial(ex.number(ex.MAX_FACTORIAL + 1), ex.TWO),
        ex.multiply(ex.power(ex.TWO, ex.number(19_000)), ex.power(THREE, ex.number(10_000))),
    ],
)
def test_large_numbers_stay_as_they_are_written(built: Expression) -> None:
    assert isinstance(built, Call)


def test_a_decimal_remembers_that_it_is_one_and_is_the_same_number() -> None:
    half = Number(Fraction(1, 2), decimal=True)
    sums = ex.add(half, ex.ONE), ex.multiply(half, THREE)
    assert half == HALF and hash(half) == hash(HALF)
    assert all(isinstance(s, Number) and s.decimal for s in sums)


SUM = Call("sum", (ex.multiply(X, Y), X, ex.ONE, Symbol("n")))


def test_a_bound_variable_is_not_free() -> None:
    assert ex.symbols(SUM) == {"y", "n"}
    assert ex.substitute(SUM, {"x": THREE, "y": ex.ONE, "n": THREE}) == Call("sum", (X, X, ex.ONE, THREE))


def test_substitution_folds() -> None:
    assert ex.substitute(ex.add(ex.multiply(ex.TWO, X), ex.ONE), {"x": THREE}) == ex.number(7)


def test_the_key_knows_no_order_of_sums_and_products_but_of_powers() -> None:
    assert ex.key(ex.add(X, Y)) == ex.key(ex.add(Y, X))
    assert ex.key(ex.multiply(X, Y)) == ex.key(ex.multiply(Y, X))
    assert ex.key(ex.power(X, Y)) != ex.key(ex.power(Y, X))
    assert ex.key(Symbol("e")) != ex.key(ex.E)


def test_heads_and_walk_see_everything() -> None:
    assert ex.heads(ex.power(ex.add(X, ex.ONE), HALF)) == {"pow", "add"}
    assert list(ex.walk(ex.add(X, ex.ONE)))[1:] == [X, ex.ONE]
