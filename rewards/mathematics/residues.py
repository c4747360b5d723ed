"""Rational numbers that are too large for any precision, compared by their residues modulo two large primes."""

from __future__ import annotations

from math import factorial

from .balls import NoValue
from .expression import Call, Expression, Number, heads

_PRIMES = (2**61 - 1, 2**89 - 1)


def same_residues(left: Expression, right: Expression) -> bool | None:
    """Whether two large rational numbers are the same, by their residues; None where they are not of that kind."""
    if not (heads(left) | heads(right)) <= {"add", "mul", "pow", "factorial"}:
        return None
    try:
        return all(_residue(left, p) == _residue(right, p) for p in _PRIMES)
    except (NoValue, ValueError):
        return None


def _residue(expression: Expression, prime: int) -> int:
    if isinstance(expression, Number):
        return expression.value.numerator * pow(expression.value.denominator, -1, prime) % prime
    if not isinstance(expression, Call):
        raise NoValue
    if expression.head == "pow":
        base, exponent = expression.args
        if not isinstance(exponent, Number) or exponent.value.denominator != 1:
            raise NoValue
        return pow(_residue(base, prime), int(exponent.value), prime)
    if expression.head == "factorial":
        inside = expression.args[0]
        if not isinstance(inside, Number) or inside.value.denominator != 1 or not 0 <= inside.value <= 20_000:
            raise NoValue
        return factorial(int(inside.value)) % prime
    parts = [_residue(arg, prime) for arg in expression.args]
    total = parts[0]
    for part in parts[1:]:
        total = total + part if expression.head == "add" else total * part
    return total % prime
