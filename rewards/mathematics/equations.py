"""Equations that have to be solved: the same up to a factor, or with the same solution for some variable."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from . import expression as ex
from . import numerics
from .assignments import named
from .expression import Call, Expression, Symbol
from .sets import NotReal, linear
from .sign_chart import NoChart, polynomial, roots
from .values import EXPRESSIONS, Quantity, Relation

if TYPE_CHECKING:
    from .comparison import Comparison


def difference(relation: Relation) -> Expression | None:
    """Left side minus right side; None where one is no expression."""
    left, right = (s.value if isinstance(s, Quantity) else s for s in relation.sides[:2])
    if not isinstance(left, EXPRESSIONS) or not isinstance(right, EXPRESSIONS):
        return None
    return ex.add(left, ex.negate(right))


def _solved(relation: Relation) -> bool:
    """Whether it says what one variable is: `x = 5`, `-x < 3`. Such an answer is not given by an unsolved problem."""
    found = named(relation)
    return found is not None and isinstance(found[1], EXPRESSIONS) and not ex.symbols(found[1])


def _nearly_solved(relation: Relation) -> bool:
    """`3x = 15`, `x - 5 = 0`: no constants to be gathered, unlike in `2x + 3 = 13`."""
    left, right = relation.sides
    if not isinstance(left, EXPRESSIONS) or not isinstance(right, EXPRESSIONS):
        return False
    if ex.symbols(right) and not ex.symbols(left):
        left, right = right, left
    product = isinstance(left, Symbol) or (isinstance(left, Call) and left.head == "mul" and len(left.args) == 2)
    return not ex.symbols(right) and (product or right == ex.ZERO)


def equations(comparison: Comparison, left: Relation, right: Relation) -> bool:
    """Whether two equations say the same."""
    comparison.rule = "equations up to a factor"
    if (_solved(left) or _solved(right)) and not (_nearly_solved(left) and _nearly_solved(right)):
        comparison.rule = "a solved equation beside another"
        return False
    pairs = zip(left.sides, right.sides, strict=False)
    if not all(isinstance(s, EXPRESSIONS) for s in (*left.sides, *right.sides)):
        if len(left.sides) != len(right.sides):
            return False
        return all(comparison.same(a, b) for a, b in pairs)
    a, b = difference(left), difference(right)
    if a is None or b is None or ex.symbols(a) != ex.symbols(b):
        return False
    factor = constant_ratio(a, b)
    return factor is not None or _same_solution(a, b)


def constant_ratio(left: Expression, right: Expression) -> int | None:
    """The sign of the constant factor between two expressions, by their values at points; None without one."""
    names = sorted(ex.symbols(left) | ex.symbols(right))
    first = None
    agreed = 0
    for index in range(numerics.POINTS):
        point = {name: numerics.coordinate(name, index) for name in names}
        a, b = numerics.value_at(left, point), numerics.value_at(right, point)
        if a is None or b is None:
            continue
        if b.contains(0) or a.contains(0):
            if b.contains(0) != a.contains(0):
                return None
            continue
        ratio = a / b
        if first is None:
            first = ratio
        elif not first.overlaps(ratio):
            return None
        agreed += 1
        if agreed >= numerics.ENOUGH:
            break
    if first is None or agreed < 3 or first.imag != 0:
        return None
    return 1 if first.real > 0 else -1


def _same_solution(left: Expression, right: Expression) -> bool:
    """Whether both are linear in some variable with the same solution for it: `xy = 1` and `y = 1/x`."""
    for name in sorted(ex.symbols(left)):
        solutions = [_solution(side, name) for side in (left, right)]
        if solutions[0] is not None and solutions[1] is not None:
            return bool(numerics.equal(solutions[0], solutions[1]))
    return False


def _solution(difference: Expression, name: str) -> Expression | None:
    """The root of a*x + b where the difference is linear in x and a and b are not zero together."""
    try:
        slope, rest = linear(difference, name)
        return None if _vanishes(difference, slope) else ex.divide(ex.negate(rest), slope)
    except (ex.Unreadable, NotReal):
        return None


def _vanishes(difference: Expression, slope: Expression) -> bool:
    """Whether a root of the slope solves the whole equation: x = 0 in `x^2 + xy = x`, not in `xy = 1`."""
    with suppress(NoChart, ex.Unreadable):
        for name in ex.symbols(slope):
            for root in roots(polynomial(slope, name)):
                if numerics.equal(ex.substitute(difference, {name: root}), ex.ZERO):
                    return True
    return False
