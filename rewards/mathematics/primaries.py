"""The smallest parts of the grammar: numbers, letters and words; brackets and commands are read elsewhere."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from . import expression as ex
from .brackets import absolute, bracketed, environment
from .expression import Call, Expression, Number, Symbol, Unreadable
from .functions import read_command
from .names import subscripted
from .numerals import numeral
from .powers import number
from .tokens import Token, numeral_parts
from .values import Value

if TYPE_CHECKING:
    from .grammar import Parser

#: Letters that name a function when brackets follow; all others are multiplied.
_FUNCTION_LETTERS = frozenset("fg")


def primary(parser: Parser) -> Value:
    text, kind = parser.peek(), parser.kind()
    if kind == "number":
        value = number(parser)
        return _repeating(parser, value) if parser.peek() in ("overline", "bar", "dot") else value
    if kind == "numeral":
        parser.position += 1
        return numeral(*numeral_parts(text))
    if kind == "letter":
        return _letter(parser)
    if kind == "word":
        return _word(parser)
    if kind == "begin":
        return environment(parser)
    if kind == "command":
        return read_command(parser)
    if text in ("(", "[", "\\{", "{", "]"):
        return bracketed(parser, text)
    if text in ("|", "|("):
        return absolute(parser, text)
    if text == "\\$":
        parser.position += 1
        return Call("currency", (parser.expression_of(parser.power()), Symbol("$")))
    raise Unreadable(f"{text!r} was not expected" if text else "the text ends too soon")


def _repeating(parser: Parser, value: Number) -> Expression:
    """`0.1\\overline{36}`: the digits under the bar repeat."""
    shown = parser.tokens[parser.position - 1].text
    if "." not in shown:
        return ex.multiply(value, parser.expression_of(read_command(parser)))
    parser.position += 1
    braced = parser.take("{")
    digits = parser.peek()
    parser.position += 1
    if braced:
        parser.need("}")
    if not digits.isdigit():
        raise Unreadable("a bar over something other than digits")
    places = len(shown.partition(".")[2])
    tail = Fraction(int(digits), (10 ** len(digits) - 1) * 10**places)
    return Number(value.value + tail)


def _letter(parser: Parser) -> Value:
    name = parser.peek()
    parser.position += 1
    if name in ("e", "i") and not (parser.is_symbol("_") or parser.is_symbol("'")):
        return ex.E if name == "e" else ex.I
    if name in _FUNCTION_LETTERS and [parser.peek(n) for n in range(6)] == ["^", "{", "-", "1", "}", "("]:
        parser.position += 5
        return _applied(parser, f"{name}^-1")
    symbol = subscripted(parser, name)
    if name == "C" and parser.is_symbol("(") and parser.peek(2) == ",":
        chosen = _applied(parser, name)
        return ex.binomial(chosen.args[1], chosen.args[2]) if len(chosen.args) == 3 else chosen
    if parser.is_symbol("(") and parser.peek(-1) == name and (name in _FUNCTION_LETTERS or _defines(parser)):
        return _applied(parser, symbol.name)
    if symbol.name.rstrip("'") in _FUNCTION_LETTERS and parser.is_symbol("(") and "'" in symbol.name:
        return _applied(parser, symbol.name)
    return symbol


def _defines(parser: Parser) -> bool:
    """Whether `P(x) =` stands at the beginning: a name and its argument before an equals sign."""
    first = parser.position == 1 or parser.peek(-2) in (",", ";", "and", "or")
    return first and parser.kind(1) in ("letter", "number") and parser.peek(2) == ")" and parser.peek(3) == "="


def _applied(parser: Parser, name: str) -> Call:
    parser.need("(")
    args = [parser.expression_of(item) for item in parser.items(lambda: parser.is_symbol(")"))]
    parser.need(")")
    return Call("apply", (Symbol(name), *args))


def _word(parser: Parser) -> Value:
    """A run of letters as the product of variables. Longer words are no mathematics."""
    run = parser.peek()
    if len(run) > 4 or not run.isascii():
        raise Unreadable(f"{run[:40]!r} is a word")
    token = parser.tokens[parser.position]
    letters = [Token("letter", c, token.space and n == 0, token.start) for n, c in enumerate(run)]
    parser.tokens[parser.position : parser.position + 1] = letters
    return parser.power()
