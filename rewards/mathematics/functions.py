"""The commands of the grammar: fractions, roots, functions, sums, integrals, limits, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import expression as ex
from .brackets import bracketed
from .expression import Call, Expression, Symbol, Unreadable
from .names import subscript, subscripted
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
    "sin": "asin", "cos": "acos", "tan": "atan", "cot": "acot", "sec": "asec", "csc": "acsc", "sinh": "asinh", "cosh": "acosh", "tanh": "atanh",
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
        over = parser.digit()
        return ex.binomial(over, parser.digit())
    if name == "pi":
        return ex.PI if not parser.is_symbol("_") else subscripted(parser, "pi")
    if name == "infty":
        return ex.INFINITY
    if name in _SETS:
        return NamedSet(_SETS[name])
    if name == "lfloor" or name == "lceil":
        return _rounded(parser, name)
    if name in ("sum", "prod") and (parser.is_symbol("_") or parser.is_symbol("^")):
        return _iterated(parser, "sum" if name == "sum" else "product")
    if name == "int":
        return _integral(parser)
    if name == "lim":
        return _limit(parser)
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


def _fraction(parser: Parser) -> Expression:
    if (derived := _derivative(parser)) is not None:
        return derived
    over = parser.digit()
    return ex.divide(over, parser.digit())


def _derivative(parser: Parser) -> Expression | None:
    """`\\frac{d}{dx}` and what follows it."""
    texts = [token.text for token in parser.tokens[parser.position : parser.position + 7]]
    if texts[:4] != ["{", "d", "}", "{"] or len(texts) < 6 or texts[4][:1] != "d":
        return None
    if texts[4] == "d" and texts[6:7] == ["}"]:
        variable, used = texts[5], 7
    elif len(texts[4]) == 2 and texts[5] == "}":
        variable, used = texts[4][1], 6
    else:
        raise Unreadable("a derivative that cannot be read")
    parser.position += used
    if not parser.begins_factor():
        raise Unreadable("a derivative of nothing")
    return Call("derivative", (parser.expression_of(parser.implicit()), Symbol(variable)))


def _root(parser: Parser, name: str) -> Expression:
    degree: Expression = ex.number(3) if name == "cbrt" else ex.TWO
    if parser.is_symbol("["):
        parser.position += 1
        degree = parser.arithmetic()
        parser.need("]")
    inside = parser.argument()
    return ex.power(inside, ex.HALF) if degree == ex.TWO else _nth_root(inside, degree)


def _nth_root(inside: Expression, degree: Expression) -> Expression:
    folded = ex.power(inside, ex.power(degree, ex.MINUS_ONE))
    return folded if isinstance(folded, ex.Number) else Call("root", (inside, degree))


def _rounded(parser: Parser, name: str) -> Expression:
    inside = parser.arithmetic()
    parser.need("rfloor" if name == "lfloor" else "rceil")
    return Call("floor" if name == "lfloor" else "ceil", (inside,))


def _bounds(parser: Parser) -> tuple[Value | None, Expression | None]:
    """The subscript and superscript of a big operator, in either order."""
    low: Value | None = None
    high: Expression | None = None
    for _ in range(2):
        if parser.take("_"):
            if parser.take("{"):
                if not parser.take("}"):
                    low = parser.relation()
                    parser.need("}")
            else:
                low = parser.primary()
        elif parser.take("^"):
            if parser.is_symbol("{") and parser.peek(1) == "}":
                parser.position += 2
            elif parser.kind() == "letter":  # its subscript belongs to the operator
                parser.position += 1
                high = Symbol(parser.peek(-1))
            else:
                high = parser.argument()
    return low, high


def _iterated(parser: Parser, head: str) -> Expression:
    from .values import Relation

    low, high = _bounds(parser)
    body = parser.expression_of(parser.term())
    if not isinstance(low, Relation) or low.signs != ("=",) or high is None:
        return Call(head, (body, Symbol("?")))
    variable = low.sides[0]
    if variable == ex.I:
        variable = Symbol("i")
        body = _renamed(body, ex.I, variable)
    if not isinstance(variable, Symbol):
        raise Unreadable(f"a {head} over something that is no variable")
    return Call(head, (body, variable, parser.expression_of(low.sides[1]), high))


def _renamed(expression: Expression, old: Expression, new: Expression) -> Expression:
    if expression == old:
        return new
    if isinstance(expression, Call):
        return ex.rebuild(expression.head, [_renamed(arg, old, new) for arg in expression.args])
    return expression


def _integral(parser: Parser) -> Expression:
    low, high = _bounds(parser)
    parser.differentials += 1
    at_differential = parser.peek() == "d" and parser.kind(1) in ("letter", "command")
    at_differential |= parser.kind() == "word" and len(parser.peek()) == 2 and parser.peek()[0] == "d"
    body = ex.ONE if at_differential else _body_of_integral(parser)
    parser.differentials -= 1
    if parser.kind() == "word" and parser.peek()[0] == "d" and len(parser.peek()) == 2:
        variable = parser.peek()[1]
        parser.position += 1
    elif parser.peek() == "d" and parser.kind(1) in ("letter", "command"):
        variable = parser.peek(1)
        parser.position += 2
    else:
        raise Unreadable("an integral without its variable")
    bounds = () if low is None or high is None else (parser.expression_of(low), high)
    return Call("integral", (body, Symbol(variable), *bounds))


def _body_of_integral(parser: Parser) -> Expression:
    _split_differentials(parser)
    return parser.arithmetic()


def _split_differentials(parser: Parser) -> None:
    """`xdx` came as one run of letters: sets the differential at its end apart."""
    from .tokens import Token

    for index in range(parser.position, len(parser.tokens)):
        token = parser.tokens[index]
        if token.kind == "word" and len(token.text) in (2, 3, 4) and token.text[-2] == "d":
            letters = [Token("letter", c, False, token.start) for c in token.text]
            parser.tokens[index : index + 1] = letters
            return


def _limit(parser: Parser) -> Expression:
    parser.need("_")
    parser.need("{")
    variable = parser.primary()
    if not parser.take("to") or not isinstance(variable, Symbol):
        raise Unreadable("a limit that cannot be read")
    side = _side_of_limit(parser)
    point = parser.arithmetic()
    parser.need("}")
    return Call("limit", (parser.expression_of(parser.term()), variable, point, Symbol(side)))


def _side_of_limit(parser: Parser) -> str:
    """Takes `^+` or `^{-}` out of the coming tokens, up to the brace that closes the limit."""
    for index in range(parser.position, min(parser.position + 12, len(parser.tokens) - 2)):
        texts = [token.text for token in parser.tokens[index : index + 5]]
        for mark in ("+", "-"):
            for pattern in (["^", mark, "}"], ["^", "{", mark, "}", "}"]):
                if texts[: len(pattern)] == pattern:
                    del parser.tokens[index : index + len(pattern) - 1]
                    return mark
    return ""


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
    exponent: Expression | None = None
    for _ in range(2):
        if parser.take("_"):
            base = parser.argument()
        elif parser.is_symbol("^"):
            parser.position += 1
            exponent = parser.exponent()
    if exponent == ex.MINUS_ONE and name in _INVERSES:
        name, exponent = _INVERSES[name], None
    args = _arguments(parser, name)
    value = _applied(name, base, args)
    return ex.power(value, exponent) if exponent is not None else value


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
