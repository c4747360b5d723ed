"""Brackets of all kinds: groupings, tuples, intervals, sets, absolute values, matrices and aligned lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import expression as ex
from .expression import Call, Expression, Unreadable
from .values import Group, Matrix, NamedSet, Relation, Value

if TYPE_CHECKING:
    from .grammar import Parser

_CLOSING = {"(": ")", "[": "]", "\\{": "\\}", "{": "}", "langle": "rangle", "]": "["}
_MATRICES = frozenset(
    "matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix array psmallmatrix bsmallmatrix".split()
)
_LINES = frozenset("cases aligned align gathered split equation gather alignedat".split())


def bracketed(parser: Parser, opening: str) -> Value:
    """Brackets: a grouping where one thing stands inside, else a tuple, interval or set."""
    parser.position += 1
    bars, parser.bars = parser.bars, 0
    differentials, parser.differentials = parser.differentials, 0
    left = {"\\{": "{", "langle": "("}.get(opening, opening)
    if (opening == "{" and parser.peek(1) == "choose") or (opening == "{" and _find_choose(parser)):
        return _choose(parser)
    builder, parser.builder = parser.builder, opening == "\\{"
    items = parser.items(lambda: _closes(parser, opening) or (parser.builder and parser.peek() in ("|", "mid", ":")))
    parser.builder = builder
    if opening == "\\{" and (parser.take("|") or parser.take("mid") or parser.take(":")):
        conditions = parser.items(lambda: _closes(parser, opening))
        items = conditions if len(conditions) == 1 else [Group("", tuple(conditions), "")]
        left = "{|"
    right = {"\\}": "}", "rangle": ")"}.get(parser.peek(), parser.peek())
    if not _closes(parser, opening):
        raise Unreadable(f"{opening!r} is not closed")
    comma = parser.peek(-1) == ","
    parser.position += 1
    parser.bars, parser.differentials = bars, differentials
    if left == "{|":
        return items[0] if isinstance(items[0], Relation) else Group("", tuple(items), "")
    if not items and left == "{" and opening == "\\{":
        return NamedSet("empty")
    if not items:
        raise Unreadable("empty brackets")
    if len(items) == 1 and opening != "\\{" and not comma:
        if (left, right) in (("(", ")"), ("[", "]"), ("{", "}")):
            return items[0]
        raise Unreadable("brackets of two kinds around one thing")
    return Group(left, tuple(items), right)


def _closes(parser: Parser, opening: str) -> bool:
    if parser.kind() not in ("symbol", "command"):
        return False
    if opening in ("(", "["):
        return parser.peek() in (")", "]") or (parser.peek(-1) != opening and parser.ends_interval())
    if opening == "]":
        return parser.peek() in ("[", "]", ")")
    return parser.peek() == _CLOSING[opening]


def _find_choose(parser: Parser) -> bool:
    """Whether `\\choose` or `\\over` stands inside the braces that were just opened."""
    depth = 0
    for token in parser.tokens[parser.position :]:
        if token.kind == "command" and token.text in ("choose", "over") and depth == 0:
            return True
        depth += (token.text == "{" and token.kind == "symbol") - (token.text == "}" and token.kind == "symbol")
        if depth < 0:
            return False
    return False


def _choose(parser: Parser) -> Expression:
    over = parser.arithmetic()
    fraction = parser.take("over")
    if not fraction:
        parser.need("choose")
    under = parser.arithmetic()
    parser.need("}")
    return ex.divide(over, under) if fraction else ex.binomial(over, under)


def absolute(parser: Parser, opening: str) -> Value:
    parser.position += 1
    closing = "|" if opening == "|" else ")|"
    parser.bars += 1
    value = parser.expression_of(parser.sum())
    parser.bars -= 1
    if not parser.take(closing) and not parser.take(")|") and not parser.take("|"):
        raise Unreadable("an absolute value is not closed")
    if isinstance(value, Call) and value.head == "matrix":
        return Call("det", (value,))
    return Call("abs", (value,))


def environment(parser: Parser) -> Value:
    name = parser.peek()
    parser.position += 1
    if name in _LINES:
        return _lines(parser, name)
    if name not in _MATRICES:
        raise Unreadable(f"{name!r} cannot be read")
    if name == "array" and parser.take("{"):
        while not parser.take("}"):
            parser.position += 1
            if parser.position >= len(parser.tokens):
                raise Unreadable("an unclosed array")
    rows: list[list[Expression]] = [[]]
    while parser.kind() != "end":
        if parser.position >= len(parser.tokens):
            raise Unreadable("a matrix is not closed")
        if parser.take("\\\\"):
            rows.append([])
        elif parser.take("hline") or parser.take("&"):
            continue
        else:
            rows[-1].append(parser.arithmetic())
    parser.position += 1
    rows = [row for row in rows if row]
    if not rows or len({len(row) for row in rows}) != 1:
        raise Unreadable("a matrix with rows of different lengths")
    matrix = Matrix(tuple(map(tuple, rows)))
    if name == "vmatrix":
        return Call("det", (parser.expression_of(matrix),))
    return matrix


def _lines(parser: Parser, name: str) -> Value:
    """`cases` and alignments: their lines as a list."""
    parser.tokens = [t for t in parser.tokens if not (t.kind == "symbol" and t.text == "&")]
    items = parser.items(lambda: parser.kind() == "end" or parser.position >= len(parser.tokens))
    if parser.kind() != "end":
        raise Unreadable(f"{name!r} is not closed")
    parser.position += 1
    return items[0] if len(items) == 1 else Group("", tuple(items), "")
