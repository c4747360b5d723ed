"""What an equation, inequality or congruence says: the value that it names, or when two of them are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from . import expression as ex
from . import numerics
from .expression import Call, Expression, Number, Symbol
from .sets import NotReal, linear, real_set, same_set, variable_of
from .values import EXPRESSIONS, Group, NamedSet, Quantity, Relation, Value

if TYPE_CHECKING:
    from .comparison import Comparison

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(slots=True)
class Members:
    """The members of a list: their values, and their names where all are `name = value` with different names."""

    group: Group
    values: list[Value] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        items = _without_domain(self.group.items)
        named = [_named(item) for item in items]
        if items and all(n is not None for n in named):
            names = [n[0] for n in named if n is not None]
            values = [n[1] for n in named if n is not None]
            if len(set(names)) == len(names) and len(names) > 1:
                self.names, self.values = names, values
                return
            if len(set(names)) == 1:
                self.values = values
                return
        first = named[0] if named else None
        if first is not None and all(
            n is None and not isinstance(i, Relation) for n, i in zip(named[1:], items[1:], strict=True)
        ):
            self.values = [first[1], *items[1:]]  # n = 1, 2, 3
            return
        self.values = list(items)


def _without_domain(items: tuple[Value, ...]) -> tuple[Value, ...]:
    """Without a last `k in Z`, which only says what a parameter of the others may be."""
    last = items[-1] if items else None
    if len(items) > 1 and isinstance(last, Relation) and last.signs == ("in",) and isinstance(last.sides[1], NamedSet):
        return items[:-1]
    return items


def _named(item: Value) -> tuple[str, Value] | None:
    """Name and value of `x = 5`."""
    if not isinstance(item, Relation) or item.signs not in (("=",), ("~",)):
        return None
    left, right = item.sides
    if is_name(left) and not _mentions(right, left):
        return _text(left), right
    if is_name(right) and not _mentions(left, right):
        return _text(right), left
    return None


def _text(value: Value) -> str:
    return ex.key(value) if isinstance(value, EXPRESSIONS) else repr(value)


def is_name(side: Value) -> bool:
    """Whether a side only names something: `x`, `f(x)`, `|AB|`, `S_{ABC}/S`, `(x, y)`, an angle."""
    if isinstance(side, Symbol):
        return True
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


def _mentions(value: Value, name: Value) -> bool:
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
    if is_name(sides[0]) and not _mentions(sides[1], sides[0]):
        sides, signs = sides[1:], signs[1:]
    elif is_name(sides[-1]) and len(sides) == 2 and signs == ["="]:
        sides, signs = sides[:1], []
    elif not all(_closed(side) for side in sides):
        return []
    if not signs:
        return sides
    if "~" not in signs:
        return [sides[-1]]
    exact, rounded = sides[signs.index("~")], sides[-1]
    return [exact, rounded] if _rounds_to(exact, rounded) else [exact]


def _closed(side: Value) -> bool:
    inner = side.value if isinstance(side, Quantity) else side
    return isinstance(inner, EXPRESSIONS) and not ex.symbols(inner)


def consistent(relation: Relation) -> bool:
    """False where a chain claims that unequal values are equal: `7 = 42`."""
    sides = [s.value if isinstance(s, Quantity) else s for s in relation.sides]
    for (left, right), sign in zip(zip(sides, sides[1:], strict=False), relation.signs, strict=True):
        if not isinstance(left, EXPRESSIONS) or not isinstance(right, EXPRESSIONS) or is_name(left):
            continue
        closed = not (ex.symbols(left) or ex.symbols(right))
        if sign == "=" and (closed or len(sides) > 2) and numerics.equal(left, right) is False:
            if closed or not is_name(right):
                return False
    return True


def _rounds_to(exact: Value, rounded: Value) -> bool:
    """Whether a decimal is the exact value rounded to its own places. What is itself a short decimal has no rounding."""
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


def compare(comparison: Comparison, left: Relation, right: Relation) -> bool:
    """Whether two relations say the same."""
    if left.signs == ("equiv",) or right.signs == ("equiv",):
        return _congruent(comparison, left, right)
    if {"in", "notin", "subset"} & {*left.signs, *right.signs}:
        return _memberships(comparison, left, right)
    named = _named(left), _named(right)
    if named[0] is not None and named[1] is not None:
        if _compatible(left, right, named[0][0], named[1][0]):
            renamed = _with_argument_of(left, right, named[1][1])
            if comparison.same(named[0][1], renamed):
                comparison.rule += ", after its name"
                return True
    if _chain(left) or _chain(right):
        ours, theirs = answers(left), answers(right)
        comparison.rule = "chains of equal values" if ours and theirs else "a chain of unequal values"
        return any(comparison.same(a, b) for a in ours for b in theirs)
    if set(left.signs) <= {"="} and set(right.signs) <= {"="}:
        return _equations(comparison, left, right)
    return _inequalities(comparison, left, right)


def _chain(relation: Relation) -> bool:
    return len(relation.sides) > 2 and set(relation.signs) <= {"=", "~"}


def _compatible(left: Relation, right: Relation, ours: str, theirs: str) -> bool:
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
    if left.signs != right.signs:
        residue, other = (left, right) if left.signs == ("equiv",) else (right, left)
        return any(comparison.same(a, b) for a in answers(residue) for b in answers(other))
    if left.modulus is None or right.modulus is None or left.modulus != right.modulus:
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


def _difference(relation: Relation) -> Expression | None:
    left, right = (s.value if isinstance(s, Quantity) else s for s in relation.sides[:2])
    if not isinstance(left, EXPRESSIONS) or not isinstance(right, EXPRESSIONS):
        return None
    return ex.add(left, ex.negate(right))


def _solved(relation: Relation) -> bool:
    """Whether it says what one variable is: `x = 5`, `-x < 3`. Such an answer is not given by an unsolved problem."""
    named = _named(relation)
    if named is not None:
        return isinstance(named[1], EXPRESSIONS) and not ex.symbols(named[1])
    return False


def _nearly_solved(relation: Relation) -> bool:
    """`3x = 15`, `x - 5 = 0`: no constants to be gathered, unlike in `2x + 3 = 13`."""
    left, right = relation.sides
    if not isinstance(left, EXPRESSIONS) or not isinstance(right, EXPRESSIONS):
        return False
    if ex.symbols(right) and not ex.symbols(left):
        left, right = right, left
    product = isinstance(left, Symbol) or (isinstance(left, Call) and left.head == "mul" and len(left.args) == 2)
    return not ex.symbols(right) and (product or right == ex.ZERO)


def _equations(comparison: Comparison, left: Relation, right: Relation) -> bool:
    comparison.rule = "equations up to a factor"
    if (_solved(left) or _solved(right)) and not (_nearly_solved(left) and _nearly_solved(right)):
        comparison.rule = "a solved equation beside another"
        return False
    pairs = zip(left.sides, right.sides, strict=False)
    if not all(isinstance(s, EXPRESSIONS) for s in (*left.sides, *right.sides)):
        if len(left.sides) != len(right.sides):
            return False
        return all(comparison.same(a, b) for a, b in pairs)
    a, b = _difference(left), _difference(right)
    if a is None or b is None or ex.symbols(a) != ex.symbols(b):
        return False
    factor = constant_ratio(a, b)
    return factor is not None or _same_solution(a, b)


def constant_ratio(left: Expression, right: Expression) -> Fraction | float | None:
    """The sign-bearing constant by which two expressions differ at all points, None where it is none."""
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
    return 1.0 if first.real > 0 else -1.0


def _same_solution(left: Expression, right: Expression) -> bool:
    """Whether both are linear in some variable with the same solution for it: `xy = 1` and `y = 1/x`."""
    for name in sorted(ex.symbols(left)):
        solutions = [_solution(side, name) for side in (left, right)]
        if solutions[0] is not None and solutions[1] is not None:
            return bool(numerics.equal(solutions[0], solutions[1]))
    return False


def _solution(difference: Expression, name: str) -> Expression | None:
    """The root of a*x + b where the difference is linear in x."""
    try:
        slope, rest = linear(difference, name)
        return ex.divide(ex.negate(rest), slope)
    except (ex.Unreadable, NotReal):
        return None


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
    a, b = _difference(left), _difference(right)
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
