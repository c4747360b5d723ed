"""Lists, tuples, sets and intervals: when two of them have the same members."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .assignments import named
from .expression import Symbol
from .policy import Undecided
from .sets import NotReal, real_set, same_set
from .values import Group, NamedSet, Relation, Value

if TYPE_CHECKING:
    from .comparison import Comparison

MAX_ITEMS = 300
MAX_COMPARED = 12  # members that are compared with each other


@dataclass(slots=True)
class Members:
    """The members of a list: their values, and their names where all are `name = value` with different names.

    Values of one name lose it, and so do the values after `n = 1, 2, 3`.
    """

    group: Group
    values: list[Value] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        items = _without_domain(self.group.items)
        pairs = [named(item) for item in items]
        if items and all(n is not None for n in pairs):
            names = [n[0] for n in pairs if n is not None]
            values = [n[1] for n in pairs if n is not None]
            if len(set(names)) == len(names) and len(names) > 1:
                self.names, self.values = names, values
                return
            if len(set(names)) == 1:
                self.values = values
                return
        first = pairs[0] if pairs else None
        if first is not None and all(
            n is None and not isinstance(i, Relation) for n, i in zip(pairs[1:], items[1:], strict=True)
        ):
            self.values = [first[1], *items[1:]]
            return
        self.values = list(items)


def _without_domain(items: tuple[Value, ...]) -> tuple[Value, ...]:
    """Without a last `k in Z`, which only says what a parameter of the others may be."""
    last = items[-1] if items else None
    if len(items) > 1 and isinstance(last, Relation) and last.signs == ("in",) and isinstance(last.sides[1], NamedSet):
        return items[:-1]
    return items


def groups(comparison: Comparison, left: Group, right: Group) -> bool:
    """Whether two groups are the same answer; lists and sets in any order, tuples in theirs. Raises Undecided."""
    if max(len(left.items), len(right.items)) > MAX_ITEMS:
        raise Undecided
    if not (left.left and right.left) and (same := _bounds(comparison, left, right)) is not None:
        return same
    if {left.right, right.right} == {"and", "or"} and all(isinstance(i, Symbol) for i in (*left.items, *right.items)):
        comparison.rule = "propositions joined otherwise"
        return False
    a, b = Members(left), Members(right)
    if a.names or b.names:
        return _assignments(comparison, a, b)
    brackets = {left.left, right.left}
    if brackets <= {"", "{"}:
        ordered = comparison.policy.ordered_lists and brackets == {""}
        return in_order(comparison, a.values, b.values) if ordered else _any_order(comparison, a.values, b.values)
    if "{" in brackets:
        comparison.rule = "a set is no tuple"
        return False
    pairs = left.left and right.left and len(left.items) == len(right.items) == 2
    if pairs and _ends(left) != _ends(right):
        comparison.rule = "open and closed ends differ"
        return False
    return in_order(comparison, a.values, b.values)


def _bounds(comparison: Comparison, left: Group, right: Group) -> bool | None:
    """Lists of inequalities as sets of numbers: `x < 1 or x > 5`."""
    items = (*left.items, *right.items)
    if not any(isinstance(item, Relation) and set(item.signs) - {"=", "~"} for item in items):
        return None
    try:
        a, b = real_set(left), real_set(right)
    except NotReal:
        return None
    comparison.rule = "the same numbers"
    return same_set(a, b)


def _assignments(comparison: Comparison, left: Members, right: Members) -> bool:
    """`x = 1, y = 2` beside another such list, a tuple or a bare list in the same order."""
    comparison.rule = "named values"
    if len(left.values) != len(right.values):
        return False
    if left.names and sorted(left.names) == sorted(right.names):
        other = dict(zip(right.names, right.values, strict=True))
        same = all(comparison.same(v, other[n]) for n, v in zip(left.names, left.values, strict=True))
        comparison.rule = "values by their names"
        return same
    if left.names and right.names:
        comparison.rule = "values of other names"
        return False
    return in_order(comparison, left.values, right.values)


def in_order(comparison: Comparison, left: Sequence[Value], right: Sequence[Value]) -> bool:
    """The same members in the same order."""
    same = len(left) == len(right) and all(itertools.starmap(comparison.same, zip(left, right, strict=True)))
    comparison.rule = "members in order"
    return same


def _any_order(comparison: Comparison, left: Sequence[Value], right: Sequence[Value]) -> bool:
    """The same members, each counted once, in any order."""
    ours, theirs = _distinct(comparison, left), _distinct(comparison, right)
    same = len(ours) == len(theirs) and all(_taken(comparison, value, theirs) for value in ours)
    comparison.rule = "members in any order"
    return same


def _taken(comparison: Comparison, value: Value, others: list[Value]) -> bool:
    """Takes the first that is the same out of the others, and says whether there was one."""
    match = next((n for n, other in enumerate(others) if comparison.same(value, other)), None)
    if match is not None:
        others.pop(match)
    return match is not None


def _distinct(comparison: Comparison, values: Sequence[Value]) -> list[Value]:
    """Each value once. Beyond a few values, only what is written alike is taken as the same."""
    kept: list[Value] = []
    for value in values:
        if value not in kept and not (
            len(values) <= MAX_COMPARED and any(_surely_same(comparison, value, other) for other in kept)
        ):
            kept.append(value)
    return kept


def _surely_same(comparison: Comparison, left: Value, right: Value) -> bool:
    try:
        return comparison.same(left, right)
    except Undecided:
        return False


def group_and_one(comparison: Comparison, group: Group, one: Value) -> bool:
    """A list or set of one member, or whose members are all the same, beside that member."""
    if group.left in ("", "{"):
        members = Members(group)
        if not members.names and len(distinct := _distinct(comparison, members.values)) == 1:
            return comparison.same(distinct[0], one)
    comparison.rule = "one value beside several"
    return False


def _ends(group: Group) -> tuple[bool, bool]:
    return group.left == "[", group.right == "]"
