"""Operations that bind a variable: sums, products, integrals, limits, derivatives. They are read, not carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import expression as ex
from .expression import Call, Expression, Symbol, Unreadable
from .powers import argument
from .tokens import Token
from .values import Relation, Value

if TYPE_CHECKING:
    from .grammar import Parser


def derivative(parser: Parser) -> Expression | None:
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
                high = argument(parser)
    return low, high


def iterated(parser: Parser, head: str) -> Expression:
    """A sum or product over a variable; with its body alone where its bounds are not both known."""
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
    """The expression with one part replaced: `i` counts in `\\sum_{i=1}^n i`."""
    if expression == old:
        return new
    if isinstance(expression, Call):
        return ex.rebuild(expression.head, [_renamed(arg, old, new) for arg in expression.args])
    return expression


def integral(parser: Parser) -> Expression:
    """An integral, with bounds or without; the factor `d` and a variable end it."""
    low, high = _bounds(parser)
    parser.differentials += 1
    at_differential = parser.peek() == "d" and parser.kind(1) in ("letter", "command")
    at_differential |= parser.kind() == "word" and len(parser.peek()) == 2 and parser.peek()[0] == "d"
    if not at_differential:
        _split_differentials(parser)
    body = ex.ONE if at_differential else parser.arithmetic()
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


def _split_differentials(parser: Parser) -> None:
    """`xdx` came as one run of letters: sets the differential at its end apart."""
    for index in range(parser.position, len(parser.tokens)):
        token = parser.tokens[index]
        if token.kind == "word" and len(token.text) in (2, 3, 4) and token.text[-2] == "d":
            letters = [Token("letter", c, False, token.start) for c in token.text]
            parser.tokens[index : index + 1] = letters
            return


def limit(parser: Parser) -> Expression:
    """A limit: what of, the variable, its point, and from which side."""
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
