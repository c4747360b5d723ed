"""Primaries with what follows them: exponents, factorials, per cent, money, degrees; and the arguments of commands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from . import expression as ex
from . import matrices
from .expression import Call, Expression, Number, Symbol, Unreadable
from .numerals import decimal, integer, numeral
from .tokens import Token
from .values import Matrix, NamedSet, Value

if TYPE_CHECKING:
    from .grammar import Parser

MAX_MATRIX_POWER = 8


def power(parser: Parser) -> Value:
    """A primary with its postfixes and exponent."""
    value = parser.primary()
    while True:
        text, kind = parser.peek(), parser.kind()
        if kind not in ("symbol", "command"):
            return value
        if text == "^":
            parser.position += 1
            value = _raised(parser, value)
        elif text == "!":
            marks = _factorial_marks(parser)
            value = parser.expression_of(value)
            value = _double_factorial(value) if marks == 2 else _factorials(value, marks)
        elif text == "%":
            parser.position += 1
            value = Call("percent", (parser.expression_of(value),))
        elif text in ("\\$", "euro", "pounds", "yen", "rupee"):
            parser.position += 1
            value = Call("currency", (parser.expression_of(value), Symbol(text.strip("\\"))))
        elif text == "degree":
            parser.position += 1
            value = Call("degree", (parser.expression_of(value),))
        elif text == "_" and isinstance(value, Number) and parser.tokens[parser.position - 1].text == ")":
            parser.position += 1
            value = numeral(str(value.value), integer(argument(parser)))
        else:
            return value


def _factorial_marks(parser: Parser) -> int:
    marks = 0
    while parser.take("!"):
        marks += 1
    return marks


def _double_factorial(value: Expression) -> Expression:
    """`5!!` is 5 * 3 * 1; `(5!)!` needs its brackets."""
    if isinstance(value, Number) and value.value.denominator == 1 and 0 <= value.value <= ex.MAX_FACTORIAL:
        return ex.number(math.prod(range(int(value.value), 1, -2)))
    return Call("double_factorial", (value,))


def _factorials(value: Expression, count: int) -> Expression:
    for _ in range(count):
        value = ex.factorial(value)
    return value


def _raised(parser: Parser, value: Value) -> Value:
    """The value with what stands after `^`: degrees, primes, or a power of a number, a matrix or a set."""
    if parser.take("circ") or parser.take("degree"):
        return Call("degree", (parser.expression_of(value),))
    if parser.is_symbol("{") and parser.peek(1) in ("circ", "degree") and parser.peek(2) == "}":
        parser.position += 3
        return Call("degree", (parser.expression_of(value),))
    if parser.is_symbol("'") or (parser.is_symbol("{") and parser.peek(1) == "'"):
        return _primed(parser, value)
    if isinstance(value, Matrix):
        return _matrix_power(parser, value)
    raised = exponent(parser)
    if isinstance(value, NamedSet):
        return NamedSet(value.name + "^" + ex.key(raised))
    return ex.power(parser.expression_of(value), raised)


def _matrix_power(parser: Parser, value: Matrix) -> Matrix:
    """A transpose, or a small power worked out."""
    if parser.peek() in ("T", "top") or (
        parser.is_symbol("{") and parser.peek(1) in ("T", "top") and parser.peek(2) == "}"
    ):
        parser.position += 3 if parser.is_symbol("{") else 1
        return matrices.transpose(value)
    times = integer(exponent(parser))
    if not 1 <= times <= MAX_MATRIX_POWER:
        raise Unreadable("a power of a matrix")
    product = value
    for _ in range(times - 1):
        product = matrices.multiply(product, value)
    return product


def _primed(parser: Parser, value: Value) -> Value:
    while parser.take("{") or parser.take("}") or parser.take("'"):
        pass
    if isinstance(value, Symbol):
        return Symbol(value.name + "'")
    raise Unreadable("a prime on something that has no name")


def exponent(parser: Parser) -> Expression:
    """What `^` takes: a sign, a number or an argument, and a tower on top of it."""
    sign = parser.sign()
    if parser.kind() == "number":
        value: Expression = number(parser)
        if parser.is_symbol("!"):
            parser.position += 1
            value = ex.factorial(value)
    else:
        value = argument(parser)
    if parser.is_symbol("^"):  # towers associate to the right
        parser.position += 1
        value = ex.power(value, exponent(parser))
    return ex.negate(value) if sign == "-" else value


def argument(parser: Parser) -> Expression:
    """What a command or `^` takes: braces, or the next primary."""
    if parser.take("{"):
        value = parser.sum()
        parser.need("}")
        return parser.expression_of(value)
    return parser.expression_of(parser.primary())


def digit(parser: Parser) -> Expression:
    """The argument of `\\frac`: braces or one character."""
    if parser.kind() == "number" and len(parser.peek()) > 1 and parser.peek().isdigit():
        token = parser.tokens[parser.position]
        parser.tokens[parser.position] = Token("number", token.text[1:], token.space, token.start)
        return ex.number(int(token.text[0]))
    return argument(parser)


def number(parser: Parser) -> Number:
    """The number at the position."""
    parser.position += 1
    return decimal(parser.peek(-1))
