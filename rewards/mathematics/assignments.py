"""`x = 5`: sides that only name something, the values that they name, and chains of equal values."""

from __future__ import annotations

import itertools
from fractions import Fraction

from . import expression as ex
from . import numerics
from .expression import Call, Expression, Number, Symbol
from .values import EXPRESSIONS, Group, Matrix, Quantity, Relation, Value, unevaluated


def named(item: Value) -> tuple[str, Value] | None:
    """Name and value of `x = 5`."""
    if not isinstance(item, Relation) or item.signs not in (("=",), ("~",)):
        return None
    left, right = item.sides
    if is_name(left) and not mentions(right, left):
        return _text(left), right
    if is_name(right) and not mentions(left, right):
        return _text(right), left
    return None


def _text(value: Value) -> str:
    return ex.key(value) if isinstance(value, EXPRESSIONS) else repr(value)


def is_name(side: Value) -> bool:
    """Whether a side only names something: `x`, `f(x)`, `|AB|`, `S_{ABC}/S`, `(x, y)`, an angle."""
    if isinstance(side, Symbol):
        return True
    if isinstance(side, Matrix):
        return all(isinstance(entry, Symbol) for row in side.rows for entry in row)
    if isinstance(side, Group):
        return bool(side.items) and all(isinstance(item, Symbol) for item in side.items)
    if not isinstance(side, Call):
        return False
    if side.head == "apply":
        return True
    capitals = [
        s
        for s in ex.symbols(side)
        if s[:1].isupper() or s.startswith(("angle", "triangle", "bar", "vec", "overrightarrow"))
    ]
    plain = len(capitals) == len(ex.symbols(side)) and len(capitals) > 0
    return (
        plain
        and ex.heads(side) <= {"mul", "abs", "pow", "ratio", "sin", "cos", "tan", "cot"}
        and not _has_numbers(side)
    )


def _has_numbers(side: Expression) -> bool:
    return any(isinstance(part, Number) and part not in (ex.MINUS_ONE, ex.TWO) for part in ex.walk(side))


def mentions(value: Value, name: Value) -> bool:
    if isinstance(name, Symbol) and isinstance(value, EXPRESSIONS):
        return name.name in ex.symbols(value)
    return False


def answers(relation: Relation) -> list[Value]:
    """The values that a relation gives as an answer: none for an equation that still has to be solved.

    `x = 5` gives 5; a chain of equal values gives that value; `1/3 ~ 0.333` gives both; `n = 5 (mod 7)` gives 5.
    """
    if relation.signs == ("equiv",):
        return [relation.sides[1]] if isinstance(relation.sides[0], Symbol) else []
    if set(relation.signs) - {"=", "~"} or not consistent(relation):
        return []
    sides, signs = list(relation.sides), list(relation.signs)
    if (is_name(sides[0]) and not mentions(sides[1], sides[0])) or unevaluated(sides[0]):
        sides, signs = sides[1:], signs[1:]
    elif is_name(sides[-1]) and len(sides) == 2 and signs == ["="] and not mentions(sides[0], sides[-1]):
        sides, signs = sides[:1], []
    elif not all(_closed(side) for side in sides) and not _identity(relation):
        return []
    if not signs:
        return sides
    if "~" not in signs:
        return [sides[-1]]
    exact, rounded = sides[signs.index("~")], sides[-1]
    return [exact, rounded] if _rounds_to(exact, rounded) else [exact]


def _identity(relation: Relation) -> bool:
    """Whether the sides are the same expression whatever its variables are: `x^2 - 1 = (x - 1)(x + 1)`."""
    sides = [side for side in relation.sides if isinstance(side, EXPRESSIONS)]
    same = len(sides) == len(relation.sides) and set(relation.signs) == {"="} and len(set(map(ex.key, sides))) > 1
    return same and all(numerics.equal(a, b) is True for a, b in itertools.pairwise(sides))


def _closed(side: Value) -> bool:
    inner = side.value if isinstance(side, Quantity) else side
    return isinstance(inner, EXPRESSIONS) and not ex.symbols(inner)


def consistent(relation: Relation) -> bool:
    """False where a chain claims that unequal values are equal: `7 = 42`."""
    sides = [s.value if isinstance(s, Quantity) else s for s in relation.sides]
    for (left, right), sign in zip(itertools.pairwise(sides), relation.signs, strict=True):
        if not isinstance(left, EXPRESSIONS) or not isinstance(right, EXPRESSIONS) or is_name(left):
            continue
        closed = not (ex.symbols(left) or ex.symbols(right))
        meant = closed or (len(sides) > 2 and not is_name(right))
        worked_out = not ex.UNEVALUATED & (ex.heads(left) | ex.heads(right))  # a limit has no value at a point
        if sign == "=" and meant and worked_out and numerics.equal(left, right) is False:
            return False
    return True


def _rounds_to(exact: Value, rounded: Value) -> bool:
    """Whether a decimal is the exact value rounded to its own places. A short decimal has no rounding."""
    if not isinstance(exact, EXPRESSIONS) or not isinstance(rounded, Number):
        return False
    if isinstance(exact, Number) and _places(exact.value) is not None:
        return False
    value, places = numerics.real_value(exact), _places(rounded.value)
    if value is None or places is None:
        return False
    half = Fraction(1, 2 * 10**places)
    low, high = (numerics.real_value(Number(rounded.value + move)) for move in (-half, half))
    return low is not None and high is not None and bool(low <= value) and bool(value <= high)


def _places(value: Fraction) -> int | None:
    """How many decimal places a number has, None where they never end."""
    for places in range(12):
        if (value * 10**places).denominator == 1:
            return places
    return None
