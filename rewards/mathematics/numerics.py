"""Whether two expressions have the same values, decided in ball arithmetic.

Two expressions whose balls do not meet are unequal beyond doubt; two whose balls still meet at high
precision, at several points, are taken as equal. No absolute rounding anywhere.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction

from flint import acb, arb, ctx

from .balls import NoValue, exact
from .evaluation import Values, evaluate
from .expression import BINDING, Call, Constant, Expression, I, Number, heads, symbols, walk
from .residues import same_residues

#: Bits: most differences show at the first; equality is claimed only at the last.
PRECISIONS = (128, 640)
MAX_PRECISION = 40_000
MARGIN_BITS = 256
POINTS = 12
#: Operations that change their formula somewhere: more points are tried, far out and around every number in sight.
PIECEWISE = frozenset({"abs", "floor", "ceil", "min", "max", "sign", "log", "root", "mod", "pow"})
ENOUGH = 4  # points at which both sides must agree


def equal(left: Expression, right: Expression) -> bool | None:
    """Whether two expressions have the same values; None where that cannot be told."""
    names = sorted(symbols(left) | symbols(right))
    if not names:
        return _same_constant(left, right)
    complex_allowed = any(part == I for side in (left, right) for part in walk(side))
    whole = _whole_numbers(left) | _whole_numbers(right)
    generic: list[Values] = [
        {name: _coordinate(name, index, name in whole) for name in names} for index in range(POINTS)
    ]
    special: list[Values] = list(_beside_breaks(left, right, names, whole))
    for real in (False,) if complex_allowed else (True, False):
        agreed = 0
        for index, point in enumerate(special + generic):
            same = _same_at(left, right, point, real)
            if same is False:
                return False
            agreed += same is True
            if agreed >= ENOUGH and index >= len(special):
                return True
        if agreed >= 2:
            return True
    return None


def _beside_breaks(left: Expression, right: Expression, names: list[str], whole: frozenset[str]) -> Iterator[Values]:
    """Points on both sides of where a formula may change, and far from everything."""
    parts = [*walk(left), *walk(right)]
    if not any(isinstance(p, Call) and _is_piecewise(p) for p in parts):
        return
    sizes = {abs(p.value) for p in parts if isinstance(p, Number) and p.value.denominator < 100}
    centres = sorted({Fraction(0), *sizes, *(-size for size in sizes)})[:20]
    moves: tuple[Fraction, ...] = (Fraction(1), Fraction(-1)) if whole else (Fraction(5, 16), Fraction(-5, 16))
    for far in (1000, -1000):
        yield {name: exact(far + (Fraction(0) if name in whole else coordinate(name, 3))) for name in names}
    if (heads(left) | heads(right)) & {"floor", "ceil"}:  # these differ at whole numbers and half-way
        moves = (*moves, Fraction(0), Fraction(1, 2))
    for centre in centres:
        for move in moves:
            value = (Fraction(round(centre)) if whole else centre) + move
            yield {
                name: exact(value if n == 0 else coordinate(name, 2 * n + (move > 0))) for n, name in enumerate(names)
            }


def _is_piecewise(part: Call) -> bool:
    if part.head == "pow":  # x^(1/2) and x^y have a domain, x^2 has not
        exponent = part.args[1]
        return bool(symbols(part.args[0])) and not (isinstance(exponent, Number) and exponent.value.denominator == 1)
    return part.head in PIECEWISE and bool(symbols(part))


def value(expression: Expression, precision: int = PRECISIONS[0]) -> acb | None:
    """The value of an expression without variables, None where it has none."""
    with ctx.workprec(precision), suppress(NoValue):
        return _finite(evaluate(expression, {}, False))
    return None


def real_value(expression: Expression, precision: int = PRECISIONS[0]) -> arb | None:
    """The value where it is real: its imaginary part may be zero."""
    found = value(expression, precision)
    return None if found is None or not found.imag.contains(0) else found.real


def value_at(expression: Expression, point: Mapping[str, Fraction], precision: int = PRECISIONS[0]) -> acb | None:
    """The real value at a point, None where there is none."""
    with ctx.workprec(precision), suppress(NoValue):
        return _finite(evaluate(expression, {name: exact(v) for name, v in point.items()}, True))
    return None


def coordinate(name: str, index: int) -> Fraction:
    """A generic number for a variable, in one of several ranges; binary, so that every precision holds it exactly."""
    low, high = _RANGES[index % len(_RANGES)]
    seed = zlib.crc32(f"{name}/{index}".encode())
    return low + (high - low) * Fraction(2 * (seed % 8191) + 1, 16384)


_RANGES = [(1, 2), (2, 5), (-3, 3), (0, 1), (-2, 0), (-1, 1), (5, 30), (0, 3)]


def _coordinate(name: str, index: int, whole: bool) -> acb:
    if whole:
        return acb(2 + zlib.crc32(f"{name}/{index}".encode()) % (5 + index))
    return exact(coordinate(name, index))


def _same_constant(left: Expression, right: Expression) -> bool | None:
    residues = same_residues(left, right)
    if residues is False:
        return False
    precision, last = PRECISIONS
    a, b = value(left, precision), value(right, precision)
    if a is None or b is None:
        return residues
    if not a.overlaps(b):
        return False
    last = max(last, _bits(a) + MARGIN_BITS)  # large numbers may differ in their last digit
    if last > MAX_PRECISION:
        return residues
    a, b = value(left, last), value(right, last)
    if a is None or b is None:
        return None
    return False if not a.overlaps(b) else True if _precise(a, b, last) else None


def _bits(ball: acb) -> int:
    """The size of a value as a power of two, positive for small ones too."""
    bits = 0
    for part in (ball.real.mid(), ball.imag.mid()):
        mantissa, exponent = part.man_exp()
        if mantissa != 0:
            bits = max(bits, abs(int(exponent) + int(mantissa).bit_length()))
    return bits


def _same_at(left: Expression, right: Expression, point: Values, real: bool) -> bool | None:
    """Whether both have the same value at a point; None where one has none or it is not known well."""
    for precision in PRECISIONS:
        with ctx.workprec(precision):
            try:
                a = _finite(evaluate(left, point, real))
                b = _finite(evaluate(right, point, real))
            except NoValue:
                return None
            if not a.overlaps(b):
                return False
            if _precise(a, b, precision):
                return True
    return None


def _precise(a: acb, b: acb, precision: int) -> bool:
    """Whether the balls are small enough that their meeting means something: half of all bits are known."""
    bits = min(a.rel_accuracy_bits(), b.rel_accuracy_bits())
    if bits >= precision // 2:
        return True
    size = arb(2) ** (-(precision // 2))
    return bool(abs(a - b) < size) and bool(a.rad() < size) and bool(b.rad() < size)


def _finite(ball: acb) -> acb:
    if not ball.is_finite():
        raise NoValue
    return ball


def _whole_numbers(expression: Expression) -> frozenset[str]:
    """Variables that must be whole numbers for the expression to mean anything: n in (-1)^n, n!, cos(n pi)."""
    found: frozenset[str] = frozenset()
    for part in walk(expression):
        if not isinstance(part, Call):
            continue
        if part.head == "pow" and isinstance(part.args[0], Number) and part.args[0].value < 0:
            found |= symbols(part.args[1])
        elif part.head in ("factorial", "double_factorial", "binomial", "gcd", "lcm", "mod"):
            found |= symbols(part)
        elif part.head in ("sin", "cos", "tan") and Constant("pi") in walk(part.args[0]):
            found |= frozenset(name for name in symbols(part.args[0]) if name in ("n", "k", "m"))
        elif part.head in BINDING and len(part.args) == 4:
            found |= symbols(part.args[2]) | symbols(part.args[3])
    return found
