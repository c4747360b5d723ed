"""What an equation, inequality or congruence says: the value that it names, or when two of them are the same."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from . import expression as ex
from .assignments import answers, named
from .equations import constant_ratio, difference, equations
from .expression import Call, Number, Symbol
from .sets import NotReal, real_set, same_set, variable_of
from .values import EXPRESSIONS, Relation, Value

if TYPE_CHECKING:
    from .comparison import Comparison

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compare(comparison: Comparison, left: Relation, right: Relation) -> bool:
    """Whether two relations say the same."""
    if left.signs == ("equiv",) or right.signs == ("equiv",):
        return _congruent(comparison, left, right)
    if {"in", "notin", "subset"} & {*left.signs, *right.signs}:
        return _memberships(comparison, left, right)
    ours, theirs = named(left), named(right)
    if ours is not None and theirs is not None and _compatible(ours[0], theirs[0]):
        renamed = _with_argument_of(left, right, theirs[1])
        if comparison.same(ours[1], renamed):
            comparison.rule += ", after its name"
            return True
    if _chain(left) or _chain(right):
        ends = answers(left), answers(right)
        comparison.rule = "chains of equal values" if all(ends) else "a chain of unequal values"
        return any(itertools.starmap(comparison.same, itertools.product(*ends)))
    if set(left.signs) <= {"="} and set(right.signs) <= {"="}:
        return equations(comparison, left, right)
    return _inequalities(comparison, left, right)


def _chain(relation: Relation) -> bool:
    return len(relation.sides) > 2 and set(relation.signs) <= {"=", "~"}


def _compatible(ours: str, theirs: str) -> bool:
    """Whether two names may be of the same thing: the same name, or functions of one variable."""
    return ours == theirs or "apply(" in ours or "apply(" in theirs


def _with_argument_of(left: Relation, right: Relation, value: Value) -> Value:
    """`f(t) = t + 1` with f's argument as the other side writes it."""
    ours, theirs = left.sides[0], right.sides[0]
    if (
        isinstance(ours, Call)
        and isinstance(theirs, Call)
        and ours.head == theirs.head == "apply"
        and isinstance(value, EXPRESSIONS)
    ):
        a, b = ours.args[1:], theirs.args[1:]
        if len(a) == len(b) and all(isinstance(x, Symbol) for x in (*a, *b)):
            return ex.substitute(value, {y.name: x for x, y in zip(a, b, strict=True) if isinstance(y, Symbol)})
    return value


def _congruent(comparison: Comparison, left: Relation, right: Relation) -> bool:
    comparison.rule = "congruences"
    if left.signs != right.signs or left.modulus is None or right.modulus is None or left.modulus != right.modulus:
        return False
    a, b = left.sides[1], right.sides[1]
    if isinstance(a, Number) and isinstance(b, Number) and isinstance(left.modulus, Number):
        named = left.sides[0] == right.sides[0] or Symbol("?") in (left.sides[0], right.sides[0])
        return named and (a.value - b.value) % left.modulus.value == 0
    return comparison.same(left.sides[0], right.sides[0]) and comparison.same(a, b)


def _memberships(comparison: Comparison, left: Relation, right: Relation) -> bool:
    comparison.rule = "the same numbers"
    try:
        if variable_of(left) == variable_of(right) or "in" in (*left.signs, *right.signs):
            return same_set(real_set(left), real_set(right))
    except NotReal:
        pass
    return left.signs == right.signs and all(
        comparison.same(a, b) for a, b in zip(left.sides, right.sides, strict=True)
    )


def _inequalities(comparison: Comparison, left: Relation, right: Relation) -> bool:
    comparison.rule = "inequalities"
    try:
        if variable_of(left) is not None and variable_of(left) == variable_of(right):
            return same_set(real_set(left), real_set(right))
    except NotReal:
        pass
    if len(left.sides) != len(right.sides):
        return False
    if len(left.sides) > 2:
        straight = left.signs == right.signs and all(
            comparison.same(a, b) for a, b in zip(left.sides, right.sides, strict=True)
        )
        mirrored = tuple(_MIRRORED.get(s, s) for s in reversed(right.signs))
        return straight or (
            left.signs == mirrored
            and all(comparison.same(a, b) for a, b in zip(left.sides, reversed(right.sides), strict=True))
        )
    a, b = difference(left), difference(right)
    if a is None or b is None or _isolated(left) != _isolated(right):
        return False
    factor = constant_ratio(a, b)
    if factor is None:
        return False
    sign = right.signs[0] if factor > 0 else _MIRRORED.get(right.signs[0], right.signs[0])
    return left.signs[0] == sign


def _isolated(relation: Relation) -> bool:
    """Whether one variable stands alone on one side and a number on the other."""
    try:
        real_set(relation)
    except NotReal:
        return False
    return True
