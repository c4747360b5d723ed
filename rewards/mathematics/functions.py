"""The commands of the grammar: fractions, roots, functions, sums, integrals, limits, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import expression as ex
from .big_operators import derivative, integral, iterated, limit
from .brackets import bracketed
from .expression import Call, Expression, Symbol, Unreadable
from .names import subscript, subscripted
from .powers import argument, digit, exponent
from .values import Group, NamedSet, Value
from .vocabulary import FUNCTIONS, GREEK

if TYPE_CHECKING:
    from .grammar import Parser

_SETS = {"reals": "R", "integers": "Z", "naturals": "N", "rationals": "Q", "complexes": "C", "emptyset": "empty"}
_ACCENTS = frozenset(
    ["overline", "bar", "vec", "hat", "tilde", "overrightarrow", "dot", "widehat", "overleftrightarrow", "overset"]
)
_RENAMED = {"Abs": "abs", "ceiling": "ceil", "sgn": "sign", "conj": "conjugate", "lcm": "lcm"}
#: Functions of several arguments, which need brackets.
_SEVERAL = frozenset(["gcd", "lcm", "min", "max", "binomial", "binom", "root", "sum", "product", "prod", "log"])
_INVERSES = {
    "sin": "asin", "cos": "acos", "tan": "atan", "cot": "acot", "sec": "asec", "csc": "acsc", "sinh": "asinh",
    "cosh": "acosh", "tanh": "atanh",
}  # fmt: skip


def read_command(parser: Parser) -> Value:
    """The primary that begins with the command at the parser's position."""
    name = parser.peek()
    parser.position += 1
    if name == "frac":
        return _fraction(parser)
    if name == "sqrt" or name == "cbrt":
        return _root(parser, name)
    if name == "binom":
        over = digit(parser)
        return ex.binomial(over, digit(parser))
    if name == "pi":
        return ex.PI if not parser.is_symbol("_") else subscripted(parser, "pi")
    if name == "infty":
        return ex.INFINITY
    if name in _SETS:
        return NamedSet(_SETS[name])
    if name == "lfloor" or name == "lceil":
        return _rounded(parser, name)
    if name in ("sum", "prod") and (parser.is_symbol("_") or parser.is_symbol("^")):
        return iterated(parser, "sum" if name == "sum" else "product")
    if name == "int":
        return integral(parser)
    if name == "lim":
        return limit(parser)
    if name == "overline" and _is_conjugated(parser):
        return Call("conjugate", (argument(parser),))
    if name in _ACCENTS:
        return subscripted(parser, f"{'bar' if name == 'overline' else name}{{{_name_of(parser)}}}")
    if name in ("angle", "triangle", "measuredangle", "odot"):
        return Symbol(f"{name} {_point_names(parser)}")
    if name in FUNCTIONS or (name == "Gamma" and parser.is_symbol("(")):
        return _function(parser, _RENAMED.get(name, name.lower() if name == "Gamma" else name))
    if name in GREEK:
        return subscripted(parser, name)
    if name == "langle":
        parser.position -= 1
        return bracketed(parser, "langle")
    if name == "variable":
        return Symbol(_name_of(parser))
    if name in ("euro", "pounds", "yen", "rupee"):
        return Call("currency", (parser.expression_of(parser.power()), Symbol(name)))
    raise Unreadable(f"\\{name} cannot be read")


def _is_conjugated(parser: Parser) -> bool:
    """Whether a sum with `i` in it stands under the bar, which is then no part of a name."""
    texts = [token.text for token in parser.tokens[parser.position : parser.position + 12]]
    inside = texts[1 : texts.index("}")] if texts[:1] == ["{"] and "}" in texts else []
    return "i" in inside and ("+" in inside or "-" in inside)


def _fraction(parser: Parser) -> Expression:
    if (derived := derivative(parser)) is not None:
        return derived
    over = digit(parser)
    return ex.divide(over, digit(parser))


def _root(parser: Parser, name: str) -> Expression:
    degree: Expression = ex.number(3) if name == "cbrt" else ex.TWO
    if parser.is_symbol("["):
        parser.position += 1
        degree = parser.arithmetic()
        parser.need("]")
    inside = argument(parser)
    return ex.power(inside, ex.HALF) if degree == ex.TWO else _nth_root(inside, degree)


def _nth_root(inside: Expression, degree: Expression) -> Expression:
    folded = ex.power(inside, ex.power(degree, ex.MINUS_ONE))
    return folded if isinstance(folded, ex.Number) else Call("root", (inside, degree))


def _rounded(parser: Parser, name: str) -> Expression:
    inside = parser.arithmetic()
    parser.need("rfloor" if name == "lfloor" else "rceil")
    return Call("floor" if name == "lfloor" else "ceil", (inside,))


def _name_of(parser: Parser) -> str:
    """The letters in the braces of an accent, as a name."""
    if parser.is_symbol("{"):
        return subscript(parser)
    parser.position += 1
    return parser.peek(-1)


def _point_names(parser: Parser) -> str:
    names = []
    while parser.kind() in ("letter", "word") and parser.peek().isupper():
        names.append(parser.peek())
        parser.position += 1
    if not names and parser.kind() in ("letter", "number"):
        names.append(parser.peek())
        parser.position += 1
    return "".join(names)


def _function(parser: Parser, name: str) -> Expression:
    """A function with its arguments, in brackets or without: `\\sin^2 x`, `\\log_2 8`, `\\sin 2x`."""
    base: Expression | None = None
    power: Expression | None = None
    for _ in range(2):
        if parser.take("_"):
            base = argument(parser)
        elif parser.is_symbol("^"):
            parser.position += 1
            power = exponent(parser)
    if power == ex.MINUS_ONE and name in _INVERSES:
        name, power = _INVERSES[name], None
    args = _arguments(parser, name)
    value = _applied(name, base, args)
    return ex.power(value, power) if power is not None else value


def _arguments(parser: Parser, name: str) -> list[Expression]:
    if parser.is_symbol("(") or parser.is_symbol("[") or (parser.is_symbol("{") and name in _SEVERAL):
        group = bracketed(parser, parser.peek())
        if isinstance(group, Group):
            return [parser.expression_of(item) for item in group.items]
        value = parser.expression_of(group)
        # (x)^2 after a function's name belongs to the function's value, `sin (x) y` multiplies it.
        return [value]
    if parser.is_symbol("\\{") and name in _SEVERAL:
        group = bracketed(parser, "\\{")
        if isinstance(group, Group):
            return [parser.expression_of(item) for item in group.items]
    return [_bare_argument(parser)]


def _bare_argument(parser: Parser) -> Expression:
    """Factors up to the next function, operator or bracket: `\\sin 2x \\cos x` is two functions."""
    sign = parser.sign()
    value = parser.expression_of(parser.power())
    if isinstance(value, ex.Number) and parser.is_mixed(parser.position - 1):
        value = ex.add(value, parser.expression_of(parser.power()))
    while parser.begins_factor() and parser.peek() not in FUNCTIONS and parser.peek() not in ("(", "[", "|", "int"):
        value = ex.multiply(value, parser.expression_of(parser.power()))
    if parser.is_symbol("/") and ex.PI in ex.walk(value) and parser.kind(1) == "number":
        parser.position += 1
        value = ex.divide(value, parser.expression_of(parser.power()))
    return ex.negate(value) if sign == "-" else value


def _applied(name: str, base: Expression | None, args: list[Expression]) -> Expression:
    if name in ("log", "ln", "lg"):
        base = base or (args[1] if len(args) == 2 else ex.number(10) if name == "lg" else None)
        if len(args) > 2:
            raise Unreadable("a logarithm of several numbers")
        return Call("log", (args[0], base)) if base is not None and base != ex.E else Call("log", (args[0],))
    if name == "exp":
        return ex.power(ex.E, args[0])
    if name == "sqrt":
        return ex.power(args[0], ex.HALF)
    if name == "cbrt":
        return _nth_root(args[0], ex.number(3))
    if name == "root" and len(args) == 2:
        return _nth_root(args[0], args[1])
    if name in ("binomial", "binom"):
        if len(args) != 2:
            raise Unreadable("a binomial of other than two numbers")
        return ex.binomial(args[0], args[1])
    if name == "factorial":
        return ex.factorial(args[0])
    if len(args) != 1 and name not in _SEVERAL:
        raise Unreadable(f"{name} of {len(args)} arguments")
    return Call(name, tuple(args))
