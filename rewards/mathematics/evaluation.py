"""The value of an expression at a point, in ball arithmetic."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from fractions import Fraction
from functools import cache

from flint import acb, arb

from .balls import FUNCTIONS, MAX_ARGUMENT, NoValue, Outside, exact, upper_bits, whole
from .expression import BINDING, Call, Constant, Expression, Number, Symbol

MAX_TERMS = 20_000  # of a sum or product that is added up
MAX_EXPONENT = 10**9  # beyond, powers go by logarithms
MAX_GROWING = 64  # bits of the argument of an exponential or a gamma function

_GROWING = frozenset({"factorial", "gamma", "sinh", "cosh", "tanh", "coth", "sech", "csch", "binomial", "erf"})

#: A point: the value of each variable.
Values = Mapping[str, acb]


def evaluate(expression: Expression, point: Values, real: bool) -> acb:
    """The value where each variable has the point's; with `real`, only if every step is real. Raises NoValue."""
    if isinstance(expression, Number):
        return exact(expression.value)
    if isinstance(expression, Symbol):
        if expression.name not in point:
            raise NoValue
        return point[expression.name]
    if isinstance(expression, Constant):
        return _constant(expression.name)
    head, args = expression.head, expression.args
    if head == "pow":
        return _power(args[0], args[1], point, real)
    if head in ("sum", "product"):
        return _iterated(expression, point, real)
    if head == "det":
        return _determinant(args[0], point, real)
    if head in BINDING or head in ("derivative", "apply", "matrix", "row", "transpose", "ratio"):
        return _opaque(expression, point, real)
    values = [evaluate(arg, point, real) for arg in args]
    if head == "add":
        return sum(values[1:], values[0])
    if head == "mul":
        product = values[0]
        for factor in values[1:]:
            product = product * factor
        return product
    function = FUNCTIONS.get(head)
    limit = MAX_GROWING if head in _GROWING else MAX_ARGUMENT
    if function is None or any(not v.is_finite() or upper_bits(v) > limit for v in values):
        raise NoValue
    return function(values, real)


@cache
def _crc(text: str) -> int:
    return zlib.crc32(text.encode())


def _constant(name: str) -> acb:
    if name == "pi":
        return acb(arb.pi())
    if name == "e":
        return acb(arb(1).exp())
    if name == "i":
        return acb(0, 1)
    raise NoValue  # infinity


def _power(base: Expression, exponent: Expression, point: Values, real: bool) -> acb:
    b = evaluate(base, point, real)
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        n = int(exponent.value)
        if (n < 0 and b.contains(0)) or n.bit_length() > MAX_GROWING or upper_bits(b) * abs(n) > 2**62:
            raise NoValue
        return (b.log() * n).exp() if abs(n) > MAX_EXPONENT and not b.contains(0) else b**n
    x = evaluate(exponent, point, real)
    if not x.is_finite() or upper_bits(x) > MAX_GROWING or upper_bits(b) > MAX_ARGUMENT:
        raise NoValue
    if x.imag == 0 and x.is_exact() and (whole_exponent := x.real.unique_fmpz()) is not None:
        n = int(whole_exponent)
        if abs(n) <= MAX_EXPONENT and not (n < 0 and b.contains(0)):
            return b**n
    if b.imag == 0 and b.real < 0:
        if isinstance(exponent, Number) and exponent.value.denominator % 2:
            return _odd_root(b, exponent.value)
        if real:
            raise Outside
    if b.contains(0):
        if b.is_zero() and x.imag == 0 and x.real > 0:
            return acb(0)
        raise NoValue
    if isinstance(exponent, Number) and exponent.value == Fraction(1, 2):
        return b.sqrt()
    return b**x


def _odd_root(base: acb, exponent: Fraction) -> acb:
    """The real value of a negative number to the power p/q, q odd: school's reading of the cube root of -8."""
    size = (-base) ** exact(exponent)
    return -size if exponent.numerator % 2 else size


def _iterated(expression: Call, point: Values, real: bool) -> acb:
    """A sum or product, added up where its bounds are known."""
    if len(expression.args) != 4:
        return _opaque(expression, point, real)
    body, variable, low, high = expression.args
    try:
        first, last = whole(evaluate(low, point, real)), whole(evaluate(high, point, real))
    except NoValue:
        return _opaque(expression, point, real)
    if last - first > MAX_TERMS:
        raise NoValue
    assert isinstance(variable, Symbol)
    total = acb(0 if expression.head == "sum" else 1)
    for step in range(first, last + 1):
        term = evaluate(body, {**point, variable.name: acb(step)}, real)
        total = total + term if expression.head == "sum" else total * term
    return total


def _determinant(matrix: Expression, point: Values, real: bool) -> acb:
    if not isinstance(matrix, Call) or matrix.head != "matrix":
        raise NoValue
    rows = [[evaluate(x, point, real) for x in row.args] for row in matrix.args if isinstance(row, Call)]
    if any(len(row) != len(rows) for row in rows) or len(rows) > 8:
        raise NoValue
    return _expanded(rows)


def _expanded(rows: list[list[acb]]) -> acb:
    """The determinant, expanded along the first row."""
    if len(rows) == 1:
        return rows[0][0]
    minors = ([row[:n] + row[n + 1 :] for row in rows[1:]] for n in range(len(rows)))
    terms = [(-1) ** n * rows[0][n] * _expanded(minor) for n, minor in enumerate(minors)]
    return sum(terms[1:], terms[0])


def _opaque(expression: Call, point: Values, real: bool) -> acb:
    """A generic function of the parts: two such operations agree only if their parts do."""
    inner = dict(point)
    total = acb(_crc(expression.head) % 1009 + 1) / 1009
    for n, arg in enumerate(expression.args):
        if isinstance(arg, Symbol) and arg.name not in point:
            if expression.head in BINDING and n == 1:
                inner[arg.name] = acb(1237) / 1009
            else:
                inner[arg.name] = acb(_crc(arg.name) % 997 + 2) / 991
    for n, arg in enumerate(expression.args):
        part = acb(n + 3) / 2 if arg == Constant("oo") else evaluate(arg, inner, real)
        total = (total * acb(17) / 13 + part * (acb(2 * n + 3) / 11)).sin() + part / (n + 7)
    return total
