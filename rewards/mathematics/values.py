"""The kinds of answers: what a text says, before anything is compared."""

from __future__ import annotations

from dataclasses import dataclass

from .expression import UNEVALUATED, Call, Constant, Expression, Number, Symbol, heads


@dataclass(frozen=True, slots=True)
class Group:
    """Several answers in brackets: `(1, 2)`, `[0, 1)`, `{1, 2, 3}`; without brackets, `1, 2 and 3`, a bare list."""

    left: str  # "(", "[", "{", "]" or ""
    items: tuple[Value, ...]
    right: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of expressions. A determinant is no matrix but the expression `det`."""

    rows: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """`sides[0] signs[0] sides[1] signs[1] ...`; signs are of `= != < <= > >= ~ in notin equiv subset`.

    `modulus` belongs to `equiv`.
    """

    sides: tuple[Value, ...]
    signs: tuple[str, ...]
    modulus: Expression | None = None


@dataclass(frozen=True, slots=True)
class SetOperation:
    """`union`, `intersection` or `minus` of two sets."""

    sign: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class NamedSet:
    """`R`, `Q`, `Z`, `N`, `C` or `empty`."""

    name: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement: `factor` times the base units to their `powers`; unknown ones are only words."""

    text: str
    factor: Expression | None = None
    powers: tuple[tuple[str, int], ...] = ()
    offset: Expression | None = None  # of temperatures


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with a unit."""

    value: Value
    unit: Unit


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """Seconds after midnight; where not `half_known`, `3:30` may be morning or afternoon, or the `ratio` 3 to 30."""

    seconds: int
    half_known: bool
    ratio: Expression | None = None


@dataclass(frozen=True, slots=True)
class Date:
    """A day. What is not said is None."""

    year: int | None
    month: int
    day: int | None


@dataclass(frozen=True, slots=True)
class Words:
    """An answer in words, normalised: lower case, single spaces."""

    text: str


Value = Expression | Group | Matrix | Relation | SetOperation | NamedSet | Quantity | TimeOfDay | Date | Words

#: Kinds that are expressions.
EXPRESSIONS = (Number, Symbol, Constant, Call)


def unevaluated(value: Value) -> bool:
    """Whether an integral, sum, product, limit or derivative stands in it that nobody carried out."""
    if isinstance(value, EXPRESSIONS):
        return bool(UNEVALUATED & heads(value))
    if isinstance(value, Quantity):
        return unevaluated(value.value)
    if isinstance(value, Group):
        return any(map(unevaluated, value.items))
    if isinstance(value, Relation):  # a chain that ends in a value has been carried out
        return unevaluated(value.sides[-1])
    return isinstance(value, Matrix) and any(UNEVALUATED & heads(x) for row in value.rows for x in row)


def kind(value: Value) -> str:
    """The kind in a word, for a person."""
    if isinstance(value, Number):
        return "number"
    if isinstance(value, EXPRESSIONS):
        return "expression"
    if isinstance(value, Group):
        if value.left == "{":
            return "set"
        if not value.left:
            return "list"
        return "tuple or interval" if len(value.items) == 2 else "tuple"
    if isinstance(value, Relation):
        return "equation" if set(value.signs) <= {"="} else "relation"
    names = {SetOperation: "set", NamedSet: "set", TimeOfDay: "time of day", Words: "text"}
    return names.get(type(value), type(value).__name__.lower())
