"""Expressions: what a formula says, as a small tree with exact rational numbers at its leaves.

The builders fold rational arithmetic and keep sums and products flat; nothing is simplified beyond
that. Sizes are bounded: a number that would grow past `MAX_BITS` stays unevaluated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

MAX_BITS = 20_000  # of a number that is worked out exactly; beyond, ball arithmetic decides
MAX_FACTORIAL = 2_000


class Unreadable(ValueError):
    """The text is not mathematics that can be read, or is too large to be."""


@dataclass(frozen=True, slots=True)
class Number:
    """A rational number. `decimal` remembers a decimal point, which says how exact a figure claims to be."""

    value: Fraction
    decimal: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A variable, or the name of something: `x`, `a_1`, `f'`."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """One of `pi`, `e`, `i`, `oo`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operation or function by name on its arguments: `add`, `mul`, `pow`, `sin`, `sum`, ..."""

    head: str
    args: tuple[Expression, ...]


Expression = Number | Symbol | Constant | Call

ZERO, ONE, TWO = Number(Fraction(0)), Number(Fraction(1)), Number(Fraction(2))
MINUS_ONE, HALF = Number(Fraction(-1)), Number(Fraction(1, 2))
PI, E, I, INFINITY = Constant("pi"), Constant("e"), Constant("i"), Constant("oo")  # noqa: E741  # as in the field


def number(value: int | str | Fraction) -> Number:
    """An exact number."""
    return Number(Fraction(value))


def add(*terms: Expression) -> Expression:
    """The sum, flat, with its rational terms worked out."""
    total, rest = Fraction(0), []
    decimal = False
    for term in _flat("add", terms):
        if isinstance(term, Number) and _small(term.value, total):
            total += term.value
            decimal |= term.decimal
        else:
            rest.append(term)
    if not rest:
        return Number(total, decimal)
    if total:
        rest.append(Number(total, decimal))
    return rest[0] if len(rest) == 1 else Call("add", tuple(rest))


def multiply(*factors: Expression) -> Expression:
    """The product, flat, with its rational factors worked out. Zero times anything but infinity is zero."""
    total, rest = Fraction(1), []
    decimal = False
    for factor in _flat("mul", factors):
        if isinstance(factor, Number) and _small(factor.value, total):
            total *= factor.value
            decimal |= factor.decimal
        else:
            rest.append(factor)
    if not rest or (total == 0 and INFINITY not in rest):
        return Number(total, decimal)
    if total != 1:
        rest.insert(0, Number(total, decimal))
    return rest[0] if len(rest) == 1 else Call("mul", tuple(rest))


def negate(term: Expression) -> Expression:
    """Minus the expression."""
    return multiply(MINUS_ONE, term)


def divide(over: Expression, under: Expression) -> Expression:
    """The quotient. Raises Unreadable for a division by zero."""
    return multiply(over, power(under, MINUS_ONE))


def power(base: Expression, exponent: Expression) -> Expression:
    """The power, worked out for rational bases and integer exponents while it stays small."""
    if exponent == ONE:
        return base
    if isinstance(base, Number) and isinstance(exponent, Number):
        if base.value == 0 and exponent.value < 0:
            raise Unreadable("division by zero")
        if exponent.value.denominator == 1:
            bits = max(base.value.numerator.bit_length(), base.value.denominator.bit_length())
            if bits * abs(exponent.value.numerator) <= MAX_BITS or base.value in (0, 1, -1):
                odd = exponent.value.numerator % 2
                value = base.value ** (exponent.value.numerator if bits > 1 else odd if base.value == -1 else 1)
                return Number(value if exponent.value else Fraction(1), base.decimal)
        elif (root := _exact_root(base.value, exponent.value)) is not None:
            return Number(root)
    if isinstance(base, Call) and base.head == "pow" and exponent == MINUS_ONE:
        return power(base.args[0], negate(base.args[1]))
    return Call("pow", (base, exponent))


def factorial(argument: Expression) -> Expression:
    """The factorial, worked out for small whole numbers."""
    if isinstance(argument, Number) and argument.value.denominator == 1 and 0 <= argument.value <= MAX_FACTORIAL:
        return number(math.factorial(int(argument.value)))
    return Call("factorial", (argument,))


def binomial(over: Expression, under: Expression) -> Expression:
    """The binomial coefficient, worked out for small whole numbers."""
    if isinstance(over, Number) and isinstance(under, Number) and 0 <= under.value <= over.value <= MAX_FACTORIAL:
        n, k = over.value, under.value
        if n.denominator == k.denominator == 1:
            return number(math.comb(int(n), int(k)))
    return Call("binomial", (over, under))


def _flat(head: str, parts: tuple[Expression, ...]) -> Iterator[Expression]:
    for part in parts:
        if isinstance(part, Call) and part.head == head:
            yield from part.args
        else:
            yield part


def _small(*values: Fraction) -> bool:
    return sum(v.numerator.bit_length() + v.denominator.bit_length() for v in values) <= MAX_BITS


def _exact_root(base: Fraction, exponent: Fraction) -> Fraction | None:
    """`4^(1/2)` is 2 and `8^(2/3)` is 4; None where the root is not rational. Even roots of negatives are left."""
    if base < 0 or exponent.denominator > 12 or abs(exponent.numerator) > 64:
        return None
    over, under = (_integer_root(part, exponent.denominator) for part in (base.numerator, base.denominator))
    if over is None or under is None or (over == 0 and exponent < 0):
        return None
    root = Fraction(over, under)
    return root**exponent.numerator if root.numerator.bit_length() * abs(exponent.numerator) < MAX_BITS else None


def _integer_root(value: int, degree: int) -> int | None:
    if value.bit_length() > 512:
        return None
    root = math.isqrt(value) if degree == 2 else round(value ** (1 / degree))
    return root if root**degree == value else None


def symbols(expression: Expression) -> frozenset[str]:
    """The names of the free variables."""
    if isinstance(expression, Symbol):
        return frozenset((expression.name,) if expression.name else ())  # the side of a limit may be no name
    if isinstance(expression, Call):
        found = frozenset().union(*map(symbols, expression.args))
        return found - bound(expression)
    return frozenset()


def bound(expression: Call) -> frozenset[str]:
    """The variable that a sum, product, integral or limit binds: its second argument."""
    if expression.head in BINDING and len(expression.args) > 1 and isinstance(expression.args[1], Symbol):
        return frozenset((expression.args[1].name,))
    return frozenset()


BINDING = frozenset({"sum", "product", "integral", "limit"})
#: Operations that state a problem rather than its answer.
UNEVALUATED = frozenset({"integral", "limit", "derivative", "sum", "product"})


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all its parts."""
    yield expression
    if isinstance(expression, Call):
        for arg in expression.args:
            yield from walk(arg)


def heads(expression: Expression) -> frozenset[str]:
    """The names of all operations in it."""
    return frozenset(part.head for part in walk(expression) if isinstance(part, Call))


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with variables replaced, folded anew."""
    if isinstance(expression, Symbol):
        return values.get(expression.name, expression)
    if not isinstance(expression, Call):
        return expression
    inner = {k: v for k, v in values.items() if k not in bound(expression)}
    return rebuild(expression.head, [substitute(arg, inner) for arg in expression.args])


def rebuild(head: str, args: list[Expression]) -> Expression:
    """The operation through its builder, so that numbers fold."""
    if head == "add":
        return add(*args)
    if head == "mul":
        return multiply(*args)
    if head == "pow":
        return power(args[0], args[1])
    if head == "factorial":
        return factorial(args[0])
    if head == "binomial":
        return binomial(args[0], args[1])
    return Call(head, tuple(args))


def key(expression: Expression) -> str:
    """A text that is the same for expressions that differ only in the order of sums and products."""
    if isinstance(expression, Number):
        return str(expression.value) if _small(expression.value) else hex(hash(expression.value))
    if isinstance(expression, Symbol):
        return expression.name
    if isinstance(expression, Constant):
        return f"<{expression.name}>"
    args = [key(arg) for arg in expression.args]
    if expression.head in ("add", "mul", "gcd", "lcm", "min", "max"):
        args.sort()
    return f"{expression.head}({';'.join(args)})"
