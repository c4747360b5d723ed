"""Inequalities of polynomials in one variable: their real roots exactly, and the sign between them."""

from __future__ import annotations

from fractions import Fraction

from flint import fmpq, fmpq_poly, fmpz_poly

from . import expression as ex
from . import numerics
from .expression import Call, Constant, Expression, Number, Symbol

MAX_DEGREE = 8
MAX_DIGITS = 60  # of a coefficient


class NoChart(Exception):
    """The expression is no polynomial with rational coefficients whose roots are known exactly."""


def polynomial(expression: Expression, name: str) -> fmpq_poly:
    """The expression as a polynomial in a variable. Raises NoChart."""
    if isinstance(expression, Number):
        if max(len(str(expression.value.numerator)), len(str(expression.value.denominator))) > MAX_DIGITS:
            raise NoChart
        return fmpq_poly([fmpq(expression.value.numerator, expression.value.denominator)])
    if isinstance(expression, Symbol) and expression.name == name:
        return fmpq_poly([0, 1])
    if isinstance(expression, Constant) or not isinstance(expression, Call):
        raise NoChart
    if expression.head == "pow":
        base, exponent = expression.args
        if not isinstance(exponent, Number) or exponent.value.denominator != 1 or not 0 <= exponent.value <= MAX_DEGREE:
            raise NoChart
        return _bounded(polynomial(base, name) ** int(exponent.value))
    if expression.head not in ("add", "mul"):
        raise NoChart
    total = polynomial(expression.args[0], name)
    for arg in expression.args[1:]:
        part = polynomial(arg, name)
        total = _bounded(total + part if expression.head == "add" else total * part)
    return total


def _bounded(found: fmpq_poly) -> fmpq_poly:
    if found.degree() > MAX_DEGREE:
        raise NoChart
    return found


def roots(found: fmpq_poly) -> list[Expression]:
    """The real roots, each once, in order. Raises NoChart where a factor of degree three or more has some."""
    _, factors = fmpz_poly([int(c) for c in found.numer().coeffs()]).factor()
    kept: list[Expression] = []
    for factor, _ in factors:
        kept += _roots_of_factor([Fraction(int(c)) for c in factor.coeffs()])
    return sorted(kept, key=_place)


def _roots_of_factor(coefficients: list[Fraction]) -> list[Expression]:
    if len(coefficients) == 2:
        return [Number(-coefficients[0] / coefficients[1])]
    if len(coefficients) != 3:
        raise NoChart
    c, b, a = coefficients
    discriminant = b * b - 4 * a * c
    if discriminant < 0:
        return []
    root = ex.power(Number(discriminant), ex.HALF)
    return [ex.divide(ex.add(Number(-b), ex.multiply(Number(Fraction(sign)), root)), Number(2 * a)) for sign in (-1, 1)]


def _place(root: Expression) -> float:
    value = numerics.real_value(root)
    if value is None:
        raise NoChart
    return float(value.mid())


def sign_between(found: fmpq_poly, low: Expression | None, high: Expression | None) -> int:
    """The sign of a polynomial between two neighbouring roots; None is infinity."""
    if low is None and high is None:
        place = 0.0
    elif low is None or high is None:
        place = _place(low) + 1 if low is not None else _place(high) - 1  # type: ignore[arg-type]  # one of them is given
    else:
        place = (_place(low) + _place(high)) / 2
    exact = Fraction(place)
    value = found(fmpq(exact.numerator, exact.denominator))
    return (value > 0) - (value < 0)
