"""Expressions as SymPy's trees and back, node by node: no text ever reaches SymPy."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

from . import expression as ex
from .expression import Call, Constant, Expression, Number, Symbol
from .values import EXPRESSIONS, Group, Matrix, NamedSet, Quantity, Relation, SetOperation, Value

MAX_NUMBER = 10_000  # in what SymPy is asked to work out: a sum of a billion terms would take it for ever


class NotSymPy(Exception):
    """SymPy has no such thing."""


_SAME = frozenset(
    "sin cos tan cot sec csc asin acos atan acot asec acsc sinh cosh tanh coth sech csch asinh acosh atanh "
    "factorial binomial floor gamma erf sign conjugate re im arg".split()
)


def to_sympy(value: Value) -> Any:
    """The value as a SymPy object: an expression, a set, a matrix, a relation or a tuple. Raises NotSymPy."""
    import sympy

    if isinstance(value, EXPRESSIONS):
        return _expression(value)
    if isinstance(value, Group):
        items = [to_sympy(item) for item in value.items]
        if value.left in ("", "{"):
            return sympy.FiniteSet(*items)
        if len(items) == 2:
            return sympy.Interval(items[0], items[1], value.left != "[", value.right != "]")
        return sympy.Tuple(*items)
    if isinstance(value, Matrix):
        return sympy.ImmutableDenseMatrix([[_expression(x) for x in row] for row in value.rows])
    if isinstance(value, NamedSet):
        return _named_set(value.name)
    if isinstance(value, SetOperation):
        operation = {"union": sympy.Union, "intersection": sympy.Intersection, "minus": sympy.Complement}[value.sign]
        return operation(to_sympy(value.left), to_sympy(value.right), evaluate=False)
    if isinstance(value, Relation) and len(value.signs) == 1:
        kinds = {"=": sympy.Eq, "!=": sympy.Ne, "<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge}
        if value.signs[0] in kinds:
            return kinds[value.signs[0]](to_sympy(value.sides[0]), to_sympy(value.sides[1]), evaluate=False)
    if isinstance(value, Quantity):
        return to_sympy(value.value) * (sympy.Rational(1, 100) if value.unit.text == "%" else 1)
    raise NotSymPy(type(value).__name__)


def _named_set(name: str) -> Any:
    import sympy

    sets = {
        "R": sympy.S.Reals,
        "Q": sympy.S.Rationals,
        "Z": sympy.S.Integers,
        "N": sympy.S.Naturals,
        "C": sympy.S.Complexes,
    }
    if name == "empty":
        return sympy.S.EmptySet
    if name not in sets:
        raise NotSymPy(name)
    return sets[name]


def _expression(value: Expression) -> Any:
    import sympy

    if isinstance(value, Number):
        return sympy.Rational(value.value.numerator, value.value.denominator)
    if isinstance(value, Symbol):
        return sympy.Symbol(value.name)
    if isinstance(value, Constant):
        return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "oo": sympy.oo}[value.name]
    return _call(value)


def _call(value: Call) -> Any:
    import sympy

    head = value.head
    if head in ("sum", "product", "integral", "limit", "derivative", "apply"):
        return _binding(value)
    if head == "matrix":
        return sympy.ImmutableDenseMatrix(
            [[_expression(x) for x in row.args] for row in value.args if isinstance(row, Call)]
        )
    args = [_expression(arg) for arg in value.args]
    if head == "add":
        return _folded(args, lambda a, b: a + b)
    if head == "mul":
        return _folded(args, lambda a, b: a * b)
    if head == "pow":
        return args[0] ** args[1]
    if head == "root":
        return sympy.root(args[0], args[1])
    if head == "log":
        return sympy.log(*args)
    if head in ("gcd", "lcm"):
        return _folded(args, sympy.gcd if head == "gcd" else sympy.lcm)
    if head in ("min", "max"):
        return (sympy.Min if head == "min" else sympy.Max)(*args)
    if head == "mod":
        return sympy.Mod(args[0], args[1])
    if head == "abs":
        return sympy.Abs(args[0])
    if head == "ceil":
        return sympy.ceiling(args[0])
    if head == "det":
        return args[0].det()
    if head in ("percent", "degree"):
        return args[0] / 100 if head == "percent" else args[0] * sympy.pi / 180
    if head in ("currency", "numeral"):
        return args[0]
    if head == "ratio" and len(args) == 2:
        return args[0] / args[1]
    if head in _SAME:
        return getattr(sympy, head)(*args)
    raise NotSymPy(head)


def _folded(args: list[Any], operation: Any) -> Any:
    total = args[0]
    for arg in args[1:]:
        total = operation(total, arg)
    return total


def _binding(value: Call) -> Any:
    import sympy

    args = [_expression(arg) for arg in value.args]
    if value.head == "apply":
        return sympy.Function(str(args[0]))(*args[1:])
    if value.head == "derivative":
        return sympy.Derivative(args[0], (args[1], 1))
    if value.head == "integral":
        return sympy.Integral(args[0], tuple(args[1:]) if len(args) > 2 else args[1])
    if value.head == "limit":
        side = str(args[3]).strip("Symbol") if len(args) > 3 else ""
        at_infinity = value.args[2] == ex.INFINITY
        return sympy.Limit(args[0], args[1], args[2], side if side in ("+", "-") else "-" if at_infinity else "+")
    if len(args) != 4:
        raise NotSymPy(value.head)
    return (sympy.Sum if value.head == "sum" else sympy.Product)(args[0], (args[1], args[2], args[3]))


@functools.lru_cache(maxsize=1024)
def carried_out(reference: Expression) -> Expression:
    """A reference with its integrals, sums, limits and derivatives worked out, as far as SymPy can.

    Only references come here: SymPy can be made to run for ever, and a completion would find out how.
    """
    import sympy

    sizes = [max(abs(p.value.numerator), p.value.denominator) for p in ex.walk(reference) if isinstance(p, Number)]
    if max(sizes, default=0) > MAX_NUMBER:
        return reference
    try:
        return _from_sympy(to_sympy(reference).doit())
    except (NotSymPy, ArithmeticError, TypeError, ValueError, AttributeError, NotImplementedError, sympy.SympifyError):
        return reference


def _from_sympy(tree: Any) -> Expression:
    import sympy

    if tree.is_Rational:
        return ex.number(Fraction(int(tree.p), int(tree.q)))
    if tree.is_Symbol:
        return Symbol(tree.name)
    constants = {sympy.pi: ex.PI, sympy.E: ex.E, sympy.I: ex.I, sympy.oo: ex.INFINITY}
    if tree in constants:
        return constants[tree]
    args = [_from_sympy(arg) for arg in tree.args]
    if tree.is_Add:
        return ex.add(*args)
    if tree.is_Mul:
        return ex.multiply(*args)
    if tree.is_Pow or isinstance(tree, sympy.exp):
        return ex.power(*args) if tree.is_Pow else ex.power(ex.E, args[0])
    name = {"Abs": "abs", "ceiling": "ceil"}.get(type(tree).__name__, type(tree).__name__)
    if name not in _SAME | {"log", "abs", "ceil", "floor"}:
        raise NotSymPy(name)
    return ex.rebuild(name, args)
