"""Functions of balls: numbers with proven bounds on their errors.

The arithmetic is FLINT's (Johansson 2017, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from flint import acb, arb, fmpq

MAX_ARGUMENT = 4_096  # bits in front of the point of what a function is asked for

Function = Callable[[list[acb], bool], acb]

MAX_DOUBLE_FACTORIAL = 2_000


class NoValue(Exception):
    """The expression has no value here: outside the reals, a pole, too large, or not computable."""


class Outside(NoValue):
    """The value, or one on the way to it, is not real."""


def exact(value: Fraction) -> acb:
    """A rational number, as exact as the working precision lets it be."""
    return acb(arb(fmpq(value.numerator, value.denominator)))


def upper_bits(ball: acb) -> int:
    """How many bits a value has in front of the point."""
    bits = 0
    for part in (ball.real.mid(), ball.imag.mid()):
        mantissa, exponent = part.man_exp()
        bits = max(bits, int(exponent) + int(mantissa).bit_length() if mantissa != 0 else 0)
    return bits


def whole(ball: acb) -> int:
    """The one whole number that a ball holds. Raises NoValue."""
    if upper_bits(ball) > MAX_ARGUMENT:
        raise NoValue
    found = ball.real.unique_fmpz() if ball.imag == 0 else None
    if found is None:
        raise NoValue
    return int(found)


def _real(ball: acb) -> arb:
    if ball.imag != 0:
        raise NoValue
    return ball.real


def _log(args: list[acb], real: bool) -> acb:
    for arg in args:
        if arg.contains(0):
            raise NoValue
        if real and not (arg.imag == 0 and arg.real > 0):
            raise Outside
    return args[0].log() if len(args) == 1 else args[0].log() / args[1].log()


def _root(args: list[acb], real: bool) -> acb:
    degree = whole(args[1])
    inside = args[0]
    if degree < 1:
        raise NoValue
    if inside.imag == 0 and inside.real < 0:
        if degree % 2:
            return -((-inside) ** (acb(1) / degree))
        if real:
            raise Outside
    return acb(0) if inside.is_zero() else inside ** (acb(1) / degree)


def _within_one(name: str) -> Function:
    """A function that is real between -1 and 1."""

    def function(args: list[acb], real: bool) -> acb:
        if real and not (args[0].imag == 0 and bool(abs(args[0].real) <= 1)):
            raise Outside
        return getattr(args[0], name)()

    return function


def _method(name: str) -> Function:
    return lambda args, real: getattr(args[0], name)()


def _double_factorial(args: list[acb], real: bool) -> acb:
    number = whole(args[0])
    if not 0 <= number <= MAX_DOUBLE_FACTORIAL:
        raise NoValue
    return acb(math.prod(range(number, 1, -2)))


def _reciprocal(inverse: str) -> Function:
    """`asec x` is `acos(1/x)`, and so on."""
    return lambda args, real: FUNCTIONS[inverse]([1 / args[0]], real)


def _integers(fold: Callable[[int, int], int]) -> Function:
    """A function of whole numbers, two by two."""

    def function(args: list[acb], real: bool) -> acb:
        total = whole(args[0])
        for arg in args[1:]:
            total = fold(total, whole(arg))
        return acb(total)

    return function


def _extreme(largest: bool) -> Function:
    def function(args: list[acb], real: bool) -> acb:
        best = _real(args[0])
        for arg in args[1:]:
            best = best.max(_real(arg)) if largest else best.min(_real(arg))
        return acb(best)

    return function


def _modulo(args: list[acb], real: bool) -> acb:
    a, b = _real(args[0]), _real(args[1])
    return acb(a - b * (a / b).floor())


def _binomial(args: list[acb], real: bool) -> acb:
    """As a product where few are chosen, which holds for any n; else by gamma functions."""
    n, k = args
    if k.imag == 0 and (chosen := k.real.unique_fmpz()) is not None and 0 <= int(chosen) <= 2_000:
        product = acb(1)
        for step in range(int(chosen)):
            product = product * (n - step) / (step + 1)
        return product
    return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()


_METHODS = "sin cos tan cot sec csc atan sinh cosh tanh coth sech csch asinh acosh gamma erf".split()

#: Functions by the names of their operations; `real` says that the value must be real on the way, too.
FUNCTIONS: dict[str, Function] = {
    **{name: _method(name) for name in _METHODS},
    **{name: _within_one(name) for name in ("asin", "acos", "atanh")},
    "asec": _reciprocal("acos"),
    "acsc": _reciprocal("asin"),
    "acot": _reciprocal("atan"),
    "log": _log,
    "root": _root,
    "binomial": _binomial,
    "mod": _modulo,
    "gcd": _integers(math.gcd),
    "lcm": _integers(math.lcm),
    "min": _extreme(False),
    "max": _extreme(True),
    "factorial": lambda args, real: (args[0] + 1).gamma(),
    "double_factorial": _double_factorial,
    "abs": lambda args, real: acb(abs(args[0])),
    "sign": lambda args, real: acb(_real(args[0]).sgn()),
    "floor": lambda args, real: acb(_real(args[0]).floor()),
    "ceil": lambda args, real: acb(_real(args[0]).ceil()),
    "conjugate": lambda args, real: acb(args[0].real, -args[0].imag),
    "re": lambda args, real: acb(args[0].real),
    "im": lambda args, real: acb(args[0].imag),
    "arg": lambda args, real: acb(args[0].arg()),
    "percent": lambda args, real: args[0] / 100,
    "degree": lambda args, real: args[0] * acb(arb.pi()) / 180,
    "currency": lambda args, real: args[0],
    "numeral": lambda args, real: args[0],
}
