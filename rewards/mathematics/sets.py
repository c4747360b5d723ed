"""Sets of real numbers as pieces with exact ends: intervals, unions, inequalities in one variable."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

from . import expression as ex
from . import numerics
from .expression import INFINITY, Call, Expression, Number, Symbol
from .sign_chart import NoChart, polynomial, roots, sign_between
from .values import EXPRESSIONS, Group, NamedSet, Relation, SetOperation, Value

MINUS_INFINITY = ex.negate(INFINITY)
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Piece:
    """From `low` to `high`; a single point where they are the same."""

    low: Expression
    low_closed: bool
    high: Expression
    high_closed: bool


RealSet = tuple[Piece, ...]
ALL: RealSet = (Piece(MINUS_INFINITY, False, INFINITY, False),)


class NotReal(Exception):
    """The value is no set of real numbers with known ends."""


def real_set(value: Value) -> RealSet:
    """The value as a set of real numbers. Raises NotReal."""
    if isinstance(value, NamedSet):
        if value.name == "R":
            return ALL
        if value.name == "empty":
            return ()
        raise NotReal
    if isinstance(value, Group):
        return _of_group(value)
    if isinstance(value, SetOperation):
        left, right = real_set(value.left), real_set(value.right)
        if value.sign == "union":
            return _normal((*left, *right))
        return _intersection(left, right if value.sign == "intersection" else complement(right))
    if isinstance(value, Relation):
        return _of_relation(value)
    raise NotReal


def same_set(left: RealSet, right: RealSet) -> bool:
    """Whether two sets have the same pieces."""
    return len(left) == len(right) and all(
        a.low_closed == b.low_closed
        and a.high_closed == b.high_closed
        and same_end(a.low, b.low)
        and same_end(a.high, b.high)
        for a, b in zip(left, right, strict=True)
    )


def same_end(left: Expression, right: Expression) -> bool:
    return left == right or (_infinite(left) is None and _infinite(right) is None and bool(numerics.equal(left, right)))


def variable_of(value: Value) -> str | None:
    """The one name that an inequality, or all of a list of them, bounds."""
    if isinstance(value, Relation):
        names = {name for side in value.sides if isinstance(side, EXPRESSIONS) for name in _bounded(side)}
        return names.pop() if len(names) == 1 else None
    if isinstance(value, Group):
        found = {variable_of(item) for item in value.items}
        return found.pop() if len(found) == 1 else None
    return None


def _bounded(side: Expression) -> set[str]:
    if isinstance(side, Call) and side.head == "apply":
        return {ex.key(side)}
    return set(ex.symbols(side))


def _of_group(value: Group) -> RealSet:
    if value.left == "{":
        return _normal(tuple(_point(item) for item in value.items))
    if value.left in ("(", "[", "]") and len(value.items) == 2:
        low, high = value.items
        if not isinstance(low, EXPRESSIONS) or not isinstance(high, EXPRESSIONS):
            raise NotReal
        return _normal((Piece(low, value.left == "[", high, value.right == "]"),))
    if (
        not value.left
        and value.items
        and all(isinstance(item, (Relation, Group, SetOperation)) for item in value.items)
    ):
        if all(isinstance(item, Relation) for item in value.items) and variable_of(value) is None:
            raise NotReal
        sets = [real_set(item) for item in value.items]
        if value.right != "or" and all(isinstance(item, Relation) for item in value.items):
            both = functools.reduce(_intersection, sets)
            if both or value.right == "and":  # x > 3, x < 5 hold together; x < 1, x > 5 cannot
                return both
        return _normal(tuple(piece for found in sets for piece in found))
    raise NotReal


def _point(item: Value) -> Piece:
    if not isinstance(item, EXPRESSIONS):
        raise NotReal
    return Piece(item, True, item, True)


def _of_relation(value: Relation) -> RealSet:
    """The numbers that satisfy a chain of bounds on one variable: `a < x <= b`, `|x| > 2`, `x != 5`, `x in S`."""
    if value.signs == ("in",):
        return real_set(value.sides[1])
    sides: list[Expression] = []
    for side in value.sides:
        if not isinstance(side, EXPRESSIONS):
            raise NotReal
        sides.append(side)
    whole = ALL
    for left, sign, right in zip(sides, value.signs, sides[1:], strict=False):
        if sign not in _MIRRORED:
            raise NotReal
        whole = _intersection(whole, _bound(left, sign, right))
    return whole


def _bound(left: Expression, sign: str, right: Expression) -> RealSet:
    if ex.symbols(right) and not ex.symbols(left):
        left, right, sign = right, left, _MIRRORED[sign]
    if ex.symbols(right) and ex.symbols(right) == ex.symbols(left):
        left, right = ex.add(left, ex.negate(right)), ex.ZERO
    if not ex.symbols(left) or ex.symbols(right):
        raise NotReal
    if isinstance(left, Call) and left.head == "abs":
        return _absolute(left.args[0], sign, right)
    if isinstance(left, Call) and left.head == "mul" and left.args[0] == ex.MINUS_ONE and len(left.args) == 2:
        left, right, sign = left.args[1], ex.negate(right), _MIRRORED[sign]
    if not isinstance(left, Symbol) and not (isinstance(left, Call) and left.head == "apply"):
        try:
            return _by_signs(ex.add(left, ex.negate(right)), sign)
        except NoChart:
            return _linear(left, sign, right)
    return _ray(sign, right)


def _by_signs(difference: Expression, sign: str) -> RealSet:
    """`x^2 - 4 < 0`: where a polynomial has the wanted sign, between its roots and at them."""
    names = ex.symbols(difference)
    if len(names) != 1 or sign == "=":
        raise NoChart
    found = polynomial(difference, next(iter(names)))
    ends: list[Expression] = roots(found)
    wanted = {"<": (-1,), "<=": (-1,), ">": (1,), ">=": (1,), "!=": (-1, 1)}[sign]
    at_roots = sign in ("<=", ">=")
    pieces = [Piece(end, True, end, True) for end in ends] if at_roots else []
    for low, high in itertools.pairwise([None, *ends, None]):
        if sign_between(found, low, high) in wanted:
            left, right = low or MINUS_INFINITY, high or INFINITY
            pieces.append(Piece(left, at_roots and low is not None, right, at_roots and high is not None))
    return _normal(tuple(pieces))


def _linear(left: Expression, sign: str, right: Expression) -> RealSet:
    """`a x + b < c`, solved exactly."""
    names = ex.symbols(left)
    if len(names) != 1 or sign == "=":
        raise NotReal
    slope, rest = linear(left, next(iter(names)))
    direction = compare(slope, ex.ZERO)
    return _ray(sign if direction > 0 else _MIRRORED[sign], ex.divide(ex.add(right, ex.negate(rest)), slope))


def linear(expression: Expression, name: str) -> tuple[Expression, Expression]:
    """a and b where the expression is a*x + b with a not 0. Raises NotReal where it is not."""
    if ex.heads(expression) & numerics.PIECEWISE - {"pow"}:
        raise NotReal
    try:
        at = [ex.substitute(expression, {name: ex.number(n)}) for n in (2, 3, 5)]
    except ex.Unreadable:
        raise NotReal from None
    slope = ex.add(at[1], ex.negate(at[0]))
    if not numerics.equal(ex.multiply(ex.TWO, slope), ex.add(at[2], ex.negate(at[1]))):
        raise NotReal
    if numerics.equal(slope, ex.ZERO) is not False:
        raise NotReal
    return slope, ex.add(at[0], ex.multiply(ex.number(-2), slope))


def _ray(sign: str, end: Expression) -> RealSet:
    if sign in ("<", "<="):
        return (Piece(MINUS_INFINITY, False, end, sign == "<="),)
    if sign in (">", ">="):
        return (Piece(end, sign == ">=", INFINITY, False),)
    if sign == "=":
        return (Piece(end, True, end, True),)
    return (Piece(MINUS_INFINITY, False, end, False), Piece(end, False, INFINITY, False))


def _absolute(inside: Expression, sign: str, size: Expression) -> RealSet:
    """`|x - 2| < 5` lies between two bounds, `|x - 2| > 5` outside of them."""
    if sign in ("<", "<="):
        return _intersection(_bound(inside, sign, size), _bound(inside, _MIRRORED[sign], ex.negate(size)))
    if sign in (">", ">="):
        return _normal((*_bound(inside, sign, size), *_bound(inside, _MIRRORED[sign], ex.negate(size))))
    points = complement((*_bound(inside, "!=", size),)), complement((*_bound(inside, "!=", ex.negate(size)),))
    both = _normal((*points[0], *points[1]))
    return both if sign == "=" else complement(both)


def complement(pieces: RealSet) -> RealSet:
    """All other real numbers."""
    found, low, closed = [], MINUS_INFINITY, False
    for piece in pieces:
        if _infinite(piece.low) is None:
            found.append(Piece(low, closed, piece.low, not piece.low_closed))
        low, closed = piece.high, not piece.high_closed
    if not pieces or _infinite(pieces[-1].high) is None:
        found.append(Piece(low, closed, INFINITY, False))
    return _normal(tuple(found))


def _intersection(left: RealSet, right: RealSet) -> RealSet:
    found = []
    for a in left:
        for b in right:
            low, low_closed = _later(a.low, a.low_closed, b.low, b.low_closed)
            high, high_closed = _earlier(a.high, a.high_closed, b.high, b.high_closed)
            found.append(Piece(low, low_closed, high, high_closed))
    return _normal(tuple(found))


def _later(a: Expression, a_closed: bool, b: Expression, b_closed: bool) -> tuple[Expression, bool]:
    order = compare(a, b)
    return (a, a_closed and b_closed) if order == 0 else (a, a_closed) if order > 0 else (b, b_closed)


def _earlier(a: Expression, a_closed: bool, b: Expression, b_closed: bool) -> tuple[Expression, bool]:
    order = compare(a, b)
    return (a, a_closed and b_closed) if order == 0 else (a, a_closed) if order < 0 else (b, b_closed)


def _normal(pieces: RealSet) -> RealSet:
    """Without empty pieces, in order, and with those joined that touch."""
    kept = []
    for piece in pieces:
        order = compare(piece.low, piece.high)
        if order < 0 or (order == 0 and piece.low_closed and piece.high_closed):
            kept.append(piece)
    kept.sort(key=functools.cmp_to_key(lambda a, b: compare(a.low, b.low) or b.low_closed - a.low_closed))
    joined: list[Piece] = []
    for piece in kept:
        last = joined[-1] if joined else None
        order = compare(last.high, piece.low) if last is not None else -1
        if last is None or order < 0 or (order == 0 and not (last.high_closed or piece.low_closed)):
            joined.append(piece)
        else:
            high, closed = (last.high, last.high_closed)
            further = compare(piece.high, high)
            if further > 0 or (further == 0 and piece.high_closed):
                high, closed = piece.high, piece.high_closed
            joined[-1] = Piece(last.low, last.low_closed, high, closed)
    return tuple(joined)


def compare(left: Expression, right: Expression) -> int:
    """-1, 0 or 1. Raises NotReal where the order is not known."""
    if left == right:
        return 0
    if isinstance(left, Number) and isinstance(right, Number):
        return -1 if left.value < right.value else 1
    a, b = _infinite(left), _infinite(right)
    if a is not None or b is not None:
        return ((a or 0) > (b or 0)) - ((a or 0) < (b or 0))
    x, y = numerics.real_value(left), numerics.real_value(right)
    if x is None or y is None:
        raise NotReal
    if x < y:
        return -1
    if x > y:
        return 1
    if numerics.equal(left, right):
        return 0
    raise NotReal


def _infinite(end: Expression) -> int | None:
    return 1 if end == INFINITY else -1 if end == MINUS_INFINITY else None
