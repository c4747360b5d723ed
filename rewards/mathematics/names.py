"""Names of variables with what hangs on them."""

from __future__ import annotations

from .cursor import Cursor
from .expression import Symbol, Unreadable


def subscripted(cursor: Cursor, name: str) -> Symbol:
    """The name with its subscript and primes: `x_1`, `S_{ABC}`, `f'`."""
    while True:
        if cursor.is_symbol("_"):
            cursor.position += 1
            name += "_" + subscript(cursor)
        elif cursor.is_symbol("'"):
            cursor.position += 1
            name += "'"
        else:
            return Symbol(name)


def subscript(cursor: Cursor) -> str:
    """The text of a subscript, in braces or one token. Raises Unreadable where its brace is not closed."""
    if not cursor.is_symbol("{"):
        cursor.position += 1
        return cursor.peek(-1)
    depth = 0
    parts: list[str] = []
    while cursor.position < len(cursor.tokens):
        text, symbol = cursor.peek(), cursor.kind() == "symbol"
        depth += (symbol and text == "{") - (symbol and text == "}")
        cursor.position += 1
        if depth == 0:
            return "".join(parts)
        if not (symbol and text in "{}"):
            parts.append(text.strip())
    raise Unreadable("an unclosed subscript")
