"""Comparing two values by their kinds: exactly where that is possible, else in ball arithmetic.

The policies are the fields of `Policy`. Every decision says which rule made it.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator

from . import expression as ex
from . import groups, numerics, relations, units
from .assignments import answers, consistent
from .expression import Call, Expression, Number, Symbol
from .policy import Policy, Undecided
from .sets import NotReal, real_set, same_set, variable_of
from .values import (
    EXPRESSIONS,
    Date,
    Group,
    Matrix,
    NamedSet,
    Quantity,
    Relation,
    SetOperation,
    TimeOfDay,
    Value,
    Words,
)


class Comparison:
    """Compares values under one policy and remembers by which rule the last decision was made."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.rule = ""

    def same(self, left: Value, right: Value) -> bool:
        """Whether the two are the same answer. Symmetric. Raises Undecided."""
        for kinds, compare in self._table():
            if isinstance(left, kinds[0]) and isinstance(right, kinds[1]):
                return compare(left, right)
            if isinstance(right, kinds[0]) and isinstance(left, kinds[1]):
                return compare(right, left)
        self.rule = "different kinds of answer"
        return False

    def _table(self) -> tuple[tuple[tuple[tuple[type, ...], tuple[type, ...]], Callable[..., bool]], ...]:
        """The rules, the first that fits decides; each takes its two kinds in either order."""
        one = EXPRESSIONS
        every = (*one, Group, Matrix, Relation, SetOperation, NamedSet, Quantity, TimeOfDay, Date, Words)
        return (
            ((one, one), self._expressions),
            (((Relation,), (Relation,)), self._relations),
            (((Relation,), every), self._relation_and_value),
            (((Quantity,), (Quantity,)), self._quantities),
            (((Quantity,), (*one, Group, Matrix)), self._quantity_and_bare),
            (((SetOperation, NamedSet), (SetOperation, NamedSet, Group)), self._sets),
            (((Group,), (Group,)), functools.partial(groups.groups, self)),
            (((Matrix,), (Matrix,)), self._matrices),
            (((Matrix,), (Group,)), self._vector_and_group),
            (((Group,), (*one, Words, TimeOfDay, Date)), functools.partial(groups.group_and_one, self)),
            (((TimeOfDay,), (TimeOfDay,)), self._times),
            (((TimeOfDay,), one), self._time_and_ratio),
            (((Date,), (Date,)), self._dates),
            (((Words,), (Words,)), self._words),
            (((Words,), one), self._words_and_expression),
        )

    # --- expressions ------------------------------------------------------------------------------------------------

    def _expressions(self, left: Expression, right: Expression) -> bool:
        if isinstance(left, Number) and isinstance(right, Number):
            self.rule = "exact numbers"
            return left.value == right.value or self._close(left, right)
        ratios = [isinstance(side, Call) and side.head == "ratio" for side in (left, right)]
        if any(ratios):
            return self._ratios(left, right)
        if left == right or ex.key(left) == ex.key(right):
            self.rule = "the same expression"
            return True
        left, right = _imaginary(left, right), _with_constant_of(left, _imaginary(right, left))
        infinities = [ex.INFINITY in ex.walk(side) for side in (left, right)]
        if any(infinities):
            self.rule = "infinity"
            return all(infinities) and ex.key(left) == ex.key(right)
        if self._unit_products(left, right):
            return True
        self.rule = "ball arithmetic"
        verdict = numerics.equal(left, right)
        if verdict is None:
            raise Undecided
        return verdict or self._close(left, right)

    def _close(self, left: Expression, right: Expression) -> bool:
        """Within the tolerance, where the policy allows one and one side is a decimal."""
        decimal = any(isinstance(side, Number) and side.decimal for side in (left, right))
        if not self.policy.tolerance or not decimal:
            return False
        a, b = numerics.real_value(left), numerics.real_value(right)
        if a is None or b is None:
            return False
        self.rule = f"within a relative {self.policy.tolerance:g}"
        return bool(abs(a - b) <= self.policy.tolerance * abs(a).max(abs(b)))

    def _ratios(self, left: Expression, right: Expression) -> bool:
        self.rule = "ratios"
        a, b = (
            side.args if isinstance(side, Call) and side.head == "ratio" else (side, ex.ONE) for side in (left, right)
        )
        if len(a) != len(b):
            return False
        return all(self._same_product(a[0], y, b[0], x) for x, y in zip(a[1:], b[1:], strict=True))

    def _same_product(self, a: Expression, b: Expression, c: Expression, d: Expression) -> bool:
        return bool(numerics.equal(ex.multiply(a, b), ex.multiply(c, d)))

    def _unit_products(self, left: Expression, right: Expression) -> bool:
        """`5m` beside 5: a letter that may be a unit after a number."""
        for number, product in ((left, right), (right, left)):
            quantity = units.as_quantity(product)
            if isinstance(number, Number) and quantity is not None and quantity.value == number:
                self.rule = "the same number with a unit"
                return self.policy.units == "optional"
        return False

    # --- quantities ---------------------------------------------------------------------------------------------------

    def _quantities(self, left: Quantity, right: Quantity) -> bool:
        agree = units.agree(left.unit, right.unit)
        if agree is False:
            self.rule = f"units {left.unit.text!r} and {right.unit.text!r} differ"
            return False
        if agree and isinstance(left.value, EXPRESSIONS) and isinstance(right.value, EXPRESSIONS):
            a, b = units.in_base(left.value, left.unit), units.in_base(right.value, right.unit)
            same = self._expressions(a, b)
            self.rule += " after conversion of units" if left.unit.factor != right.unit.factor else " and unit"
            return same
        return self.same(left.value, right.value)

    def _quantity_and_bare(self, quantity: Quantity, bare: Value) -> bool:
        if isinstance(bare, EXPRESSIONS) and isinstance(quantity.value, EXPRESSIONS):
            if quantity.unit is units.PERCENT and self.policy.percent:
                if self._expressions(ex.divide(quantity.value, ex.number(100)), bare):
                    self.rule = "percent as a fraction"
                    return True
            elif quantity.unit is units.DEGREE and ex.PI in ex.walk(bare):
                same = self._expressions(ex.multiply(quantity.value, ex.divide(ex.PI, ex.number(180))), bare)
                self.rule = "degrees as radians"
                return same
            if (other := units.as_quantity(bare)) is not None:
                return self._quantities(quantity, other)
        if self.policy.units == "required":
            self.rule = "the unit is missing on one side"
            return False
        same = self.same(quantity.value, bare)
        self.rule += ", a unit on one side only"
        return same

    # --- sets, lists, tuples ------------------------------------------------------------------------------------------

    def _sets(self, left: SetOperation | NamedSet, right: SetOperation | NamedSet | Group) -> bool:
        self.rule = "the same numbers"
        try:
            return same_set(real_set(left), real_set(right))
        except NotReal:
            pass
        if isinstance(left, NamedSet) or isinstance(right, NamedSet):
            return left == right
        if isinstance(left, SetOperation) and isinstance(right, SetOperation) and left.sign == right.sign:
            straight = self.same(left.left, right.left) and self.same(left.right, right.right)
            crossed = left.sign != "minus" and self.same(left.left, right.right) and self.same(left.right, right.left)
            return straight or crossed
        return False

    # --- matrices -----------------------------------------------------------------------------------------------------

    def _matrices(self, left: Matrix, right: Matrix) -> bool:
        self.rule = "entries"
        shapes = [(len(m.rows), len(m.rows[0])) for m in (left, right)]
        if shapes[0] != shapes[1]:
            self.rule = "shapes differ"
            return False
        pairs = zip(_entries(left), _entries(right), strict=True)
        return all(itertools.starmap(self._expressions, pairs))

    def _vector_and_group(self, matrix: Matrix, group: Group) -> bool:
        self.rule = "entries"
        if len(group.items) == len(matrix.rows) and all(isinstance(item, Group) for item in group.items):
            rows = [item.items for item in group.items if isinstance(item, Group) and item.left in ("[", "(")]
            return len(rows) == len(matrix.rows) and all(
                itertools.starmap(functools.partial(groups.in_order, self), zip(matrix.rows, rows, strict=True))
            )
        if (
            group.left not in ("(", "[")
            or group.right not in (")", "]")
            or min(len(matrix.rows), len(matrix.rows[0])) != 1
        ):
            return False
        return groups.in_order(self, tuple(_entries(matrix)), group.items)

    # --- relations ----------------------------------------------------------------------------------------------------

    def _relations(self, left: Relation, right: Relation) -> bool:
        return relations.compare(self, left, right)

    def _relation_and_value(self, relation: Relation, value: Value) -> bool:
        """`x = 5` beside 5, `0 < x < 1` beside (0, 1), a chain of equal values beside the value."""
        if isinstance(value, (Group, SetOperation, NamedSet)) and set(relation.signs) - {"=", "~", "equiv"}:
            self.rule = "the same numbers"
            try:
                if variable_of(relation) is not None or relation.signs == ("in",):
                    return same_set(real_set(relation), real_set(value))
            except NotReal:
                pass
            if relation.signs == ("in",):
                return self.same(relation.sides[1], value)
            return False
        for said in answers(relation):
            if self.same(said, value):
                self.rule += ", after its name" if len(relation.sides) == 2 else ", the end of a chain"
                return True
        if not answers(relation):
            self.rule = "a relation is no value" if consistent(relation) else "a chain of unequal values"
        return False

    # --- times, dates, words ------------------------------------------------------------------------------------------

    def _times(self, left: TimeOfDay, right: TimeOfDay) -> bool:
        self.rule = "times of day"
        if left.half_known and right.half_known:
            return left.seconds == right.seconds
        return left.seconds % 43200 == right.seconds % 43200

    def _time_and_ratio(self, time: TimeOfDay, other: Expression) -> bool:
        self.rule = "a time of day"
        return time.ratio is not None and isinstance(other, Call) and self._ratios(time.ratio, other)

    def _dates(self, left: Date, right: Date) -> bool:
        self.rule = "dates"
        years = left.year is None or right.year is None or left.year == right.year
        return years and (left.month, left.day) == (right.month, right.day)

    def _words(self, left: Words, right: Words) -> bool:
        self.rule = "words"
        return left.text == right.text or left.text.replace(" ", "") == right.text.replace(" ", "")

    def _words_and_expression(self, words: Words, expression: Expression) -> bool:
        """`abc` may be a product of variables after all."""
        self.rule = "words are no expression"
        if not words.text.isalpha() or len(words.text) > 6 or not ex.symbols(expression):
            return False
        product = ex.multiply(*(ex.E if c == "e" else ex.I if c == "i" else Symbol(c) for c in words.text))
        return self._expressions(product, expression)


def _imaginary(expression: Expression, other: Expression) -> Expression:
    """With `I` and `E` as SymPy means them where the other side has that constant and not the letter."""
    names, theirs = ex.symbols(expression), ex.symbols(other)
    meant = {n: c for n, c in (("I", ex.I), ("E", ex.E)) if n in names and n not in theirs and c in ex.walk(other)}
    return ex.substitute(expression, meant) if meant else expression


_CONSTANTS = ("C", "c", "K")


def _with_constant_of(left: Expression, right: Expression) -> Expression:
    """The right side with its constant of integration, a lone `+ C`, under the left side's name."""
    ours, theirs = (
        [s.name for s in _terms(e) if isinstance(s, Symbol) and s.name in _CONSTANTS] for e in (left, right)
    )
    if len(ours) == len(theirs) == 1 and ours != theirs and ours[0] not in ex.symbols(right):
        return ex.substitute(right, {theirs[0]: Symbol(ours[0])})
    return right


def _terms(expression: Expression) -> tuple[Expression, ...]:
    return expression.args if isinstance(expression, Call) and expression.head == "add" else ()


def _entries(matrix: Matrix) -> Iterator[Expression]:
    return itertools.chain.from_iterable(matrix.rows)


__all__ = ["Comparison", "Policy", "Undecided"]
