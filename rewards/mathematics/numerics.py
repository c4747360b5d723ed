"""Values of expressions in ball arithmetic: every value carries a proven bound on its error.

Two expressions whose balls do not meet are unequal beyond doubt; two whose balls still meet at high
precision, at several points, are taken as equal. No absolute rounding anywhere. The arithmetic is
FLINT's (Johansson 2017, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic").
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import cache
from math import factorial

from flint import acb, arb, ctx, fmpq

from .expression import (
    BINDING,
    Call,
    Constant,
    Expression,
    I,
    Number,
    Symbol,
    heads,
    symbols,
    walk,
)

#: Bits: most differences show at the first; equality is claimed only at the last.
PRECISIONS = (128, 640)
MAX_TERMS = 20_000  # of a sum or product that is added up
MAX_PRECISION = 40_000
MARGIN_BITS = 256
MAX_EXPONENT = 10**9
MAX_GROWING = 64  # bits of the argument of an exponential or a gamma function
MAX_ARGUMENT = 4_096  # bits of the argument of anything else
POINTS = 12
#: Operations whose value changes its formula somewhere: more points are tried, far out and around every number in sight.
PIECEWISE = frozenset({"abs", "floor", "ceil", "min", "max", "sign", "log", "root", "mod", "pow"})
ENOUGH = 4  # points at which both sides must agree


class NoValue(Exception):
    """The expression has no value here: outside the reals, a pole, too large, or not computable."""


class Outside(NoValue):
    """The value, or one on the way to it, is not real."""


Values = Mapping[str, acb]


def equal(left: Expression, right: Expression) -> bool | None:
    """Whether two expressions have the same values; None where that cannot be told."""
    names = sorted(symbols(left) | symbols(right))
    if not names:
        return _same_constant(left, right)
    complex_allowed = any(part == I for side in (left, right) for part in walk(side))
    whole = _whole_numbers(left) | _whole_numbers(right)
    generic = [{name: _coordinate(name, index, name in whole) for name in names} for index in range(POINTS)]
    special = list(_beside_breaks(left, right, names, whole))
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
    moves = (Fraction(1), Fraction(-1)) if whole else (Fraction(5, 16), Fraction(-5, 16))
    for far in (1000, -1000):
        yield {name: _exact(far + (Fraction(0) if name in whole else coordinate(name, 3))) for name in names}
    for centre in centres:
        for move in moves:
            value = (Fraction(round(centre)) if whole else centre) + move
            yield {
                name: _exact(value if n == 0 else coordinate(name, 2 * n + (move > 0))) for n, name in enumerate(names)
            }


def _is_piecewise(part: Call) -> bool:
    if part.head == "pow":  # x^(1/2) and x^y have a domain, x^2 has not
        exponent = part.args[1]
        return bool(symbols(part.args[0])) and not (isinstance(exponent, Number) and exponent.value.denominator == 1)
    return part.head in PIECEWISE and bool(symbols(part))


def value(expression: Expression, precision: int = PRECISIONS[0]) -> acb | None:
    """The value of an expression without variables, None where it has none."""
    with ctx.workprec(precision), suppress(NoValue):
        return _finite(_evaluate(expression, {}, False))
    return None


def real_value(expression: Expression, precision: int = PRECISIONS[0]) -> arb | None:
    """The value where it is real: its imaginary part may be zero."""
    found = value(expression, precision)
    return None if found is None or not found.imag.contains(0) else found.real


def value_at(expression: Expression, point: Mapping[str, Fraction], precision: int = PRECISIONS[0]) -> acb | None:
    """The real value at a point, None where there is none."""
    with ctx.workprec(precision), suppress(NoValue):
        return _finite(_evaluate(expression, {name: _exact(v) for name, v in point.items()}, True))
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
    return _exact(coordinate(name, index))


def _exact(value: Fraction) -> acb:
    return acb(arb(fmpq(value.numerator, value.denominator)))


def _same_constant(left: Expression, right: Expression) -> bool | None:
    if (same := _same_residues(left, right)) is not None:
        return same
    precision, last = PRECISIONS
    a, b = value(left, precision), value(right, precision)
    if a is None or b is None:
        return None
    if not a.overlaps(b):
        return False
    last = max(last, _bits(a) + MARGIN_BITS)  # large numbers may differ in their last digit
    if last > MAX_PRECISION:
        return None
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
                a = _finite(_evaluate(left, point, real))
                b = _finite(_evaluate(right, point, real))
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
        elif part.head in ("factorial", "binomial", "gcd", "lcm", "mod"):
            found |= symbols(part)
        elif part.head in ("sin", "cos", "tan") and Constant("pi") in walk(part.args[0]):
            found |= frozenset(name for name in symbols(part.args[0]) if name in ("n", "k", "m"))
        elif part.head in BINDING and len(part.args) == 4:
            found |= symbols(part.args[2]) | symbols(part.args[3])
    return found


# --- evaluation ---------------------------------------------------------------------------------------------------


def _evaluate(expression: Expression, point: Values, real: bool) -> acb:
    if isinstance(expression, Number):
        return _exact(expression.value)
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
    values = [_evaluate(arg, point, real) for arg in args]
    if head == "add":
        return sum(values[1:], values[0])
    if head == "mul":
        product = values[0]
        for factor in values[1:]:
            product = product * factor
        return product
    function = _FUNCTIONS.get(head)
    limit = MAX_GROWING if head in _GROWING else MAX_ARGUMENT
    if function is None or any(not v.is_finite() or _upper_bits(v) > limit for v in values):
        raise NoValue
    return function(values, real)


_GROWING = frozenset({"factorial", "gamma", "sinh", "cosh", "tanh", "coth", "sech", "csch", "binomial", "erf"})


def _upper_bits(ball: acb) -> int:
    """How many bits a value has in front of the point."""
    bits = 0
    for part in (ball.real.mid(), ball.imag.mid()):
        mantissa, exponent = part.man_exp()
        bits = max(bits, int(exponent) + int(mantissa).bit_length() if mantissa != 0 else 0)
    return bits


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
    b = _evaluate(base, point, real)
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        n = int(exponent.value)
        if (n < 0 and b.contains(0)) or n.bit_length() > MAX_GROWING or _upper_bits(b) * abs(n) > 2**62:
            raise NoValue
        return (b.log() * n).exp() if abs(n) > MAX_EXPONENT and not b.contains(0) else b**n
    x = _evaluate(exponent, point, real)
    if not x.is_finite() or _upper_bits(x) > MAX_GROWING or _upper_bits(b) > MAX_ARGUMENT:
        raise NoValue
    if x.imag == 0 and x.real.unique_fmpz() is not None and x.is_exact():
        n = int(x.real.unique_fmpz())
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
    size = (-base) ** _exact(exponent)
    return -size if exponent.numerator % 2 else size


def _iterated(expression: Call, point: Values, real: bool) -> acb:
    if len(expression.args) != 4:
        return _opaque(expression, point, real)
    body, variable, low, high = expression.args
    try:
        first, last = _whole(_evaluate(low, point, real)), _whole(_evaluate(high, point, real))
    except NoValue:
        return _opaque(expression, point, real)
    if last - first > MAX_TERMS:
        raise NoValue
    assert isinstance(variable, Symbol)
    total = acb(0 if expression.head == "sum" else 1)
    for step in range(first, last + 1):
        term = _evaluate(body, {**point, variable.name: acb(step)}, real)
        total = total + term if expression.head == "sum" else total * term
    return total


def _whole(ball: acb) -> int:
    if _upper_bits(ball) > MAX_ARGUMENT:
        raise NoValue
    found = ball.real.unique_fmpz() if ball.imag == 0 else None
    if found is None:
        raise NoValue
    return int(found)


def _determinant(matrix: Expression, point: Values, real: bool) -> acb:
    if not isinstance(matrix, Call) or matrix.head != "matrix":
        raise NoValue
    rows = [[_evaluate(x, point, real) for x in row.args] for row in matrix.args if isinstance(row, Call)]
    if any(len(row) != len(rows) for row in rows) or len(rows) > 8:
        raise NoValue
    return _expanded(rows)


def _expanded(rows: list[list[acb]]) -> acb:
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
        part = acb(n + 3) / 2 if arg == Constant("oo") else _evaluate(arg, inner, real)
        total = (total * acb(17) / 13 + part * (acb(2 * n + 3) / 11)).sin() + part / (n + 7)
    return total


_Function = Callable[[list[acb], bool], acb]


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
    degree = _whole(args[1])
    inside = args[0]
    if degree < 1:
        raise NoValue
    if inside.imag == 0 and inside.real < 0:
        if degree % 2:
            return -((-inside) ** (acb(1) / degree))
        if real:
            raise Outside
    return acb(0) if inside.is_zero() else inside ** (acb(1) / degree)


def _within_one(name: str) -> _Function:
    def function(args: list[acb], real: bool) -> acb:
        if real and not (args[0].imag == 0 and bool(abs(args[0].real) <= 1)):
            raise Outside
        return getattr(args[0], name)()  # type: ignore[no-any-return]

    return function


def _method(name: str) -> _Function:
    return lambda args, real: getattr(args[0], name)()


def _reciprocal(inverse: str) -> _Function:
    """`asec x` is `acos(1/x)`, and so on."""
    return lambda args, real: _FUNCTIONS[inverse]([1 / args[0]], real)


def _integers(fold: Callable[[int, int], int]) -> _Function:
    def function(args: list[acb], real: bool) -> acb:
        total = _whole(args[0])
        for arg in args[1:]:
            total = fold(total, _whole(arg))
        return acb(total)

    return function


def _extreme(largest: bool) -> _Function:
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
    n, k = args
    if k.imag == 0 and (whole := k.real.unique_fmpz()) is not None and 0 <= int(whole) <= 2_000:
        product = acb(1)
        for step in range(int(whole)):
            product = product * (n - step) / (step + 1)
        return product
    return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return abs(a)


def _lcm(a: int, b: int) -> int:
    return abs(a * b) // (_gcd(a, b) or 1)


_FUNCTIONS: dict[str, _Function] = {
    **{name: _method(name) for name in ("sin", "cos", "tan", "cot", "sec", "csc", "atan", "sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "gamma", "erf")},
    **{name: _within_one(name) for name in ("asin", "acos", "atanh")},
    "acosh": _method("acosh"),
    "asec": _reciprocal("acos"), "acsc": _reciprocal("asin"), "acot": _reciprocal("atan"),
    "log": _log, "root": _root,
    "abs": lambda args, real: acb(abs(args[0])),
    "sign": lambda args, real: acb(_real(args[0]).sgn()),
    "floor": lambda args, real: acb(_real(args[0]).floor()),
    "ceil": lambda args, real: acb(_real(args[0]).ceil()),
    "factorial": lambda args, real: (args[0] + 1).gamma(),
    "binomial": _binomial, "mod": _modulo,
    "gcd": _integers(_gcd), "lcm": _integers(_lcm), "min": _extreme(False), "max": _extreme(True),
    "conjugate": lambda args, real: acb(args[0].real, -args[0].imag),
    "re": lambda args, real: acb(args[0].real), "im": lambda args, real: acb(args[0].imag), "arg": lambda args, real: acb(args[0].arg()),
    "percent": lambda args, real: args[0] / 100,
    "degree": lambda args, real: args[0] * acb(arb.pi()) / 180,
    "currency": lambda args, real: args[0],
    "numeral": lambda args, real: args[0],
}  # fmt: skip

# --- integers that are too large for any precision ------------------------------------------------------------------

_PRIMES = (2**61 - 1, 2**89 - 1)


def _same_residues(left: Expression, right: Expression) -> bool | None:
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
