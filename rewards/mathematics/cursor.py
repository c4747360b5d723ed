"""The tokens of an answer and a position among them: what every part of the grammar reads from."""

from __future__ import annotations

from .expression import Unreadable
from .tokens import Token


class Cursor:
    """Looks at coming tokens and takes them. Knows what is open around the position."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.position, self.depth = tokens, 0, 0
        self.bars = 0  # open absolute values
        self.differentials = 0  # open integrals
        self.alternatives = False  # the last list had an "or" in it
        self.builder = False  # before the bar of {x | x > 0}

    def peek(self, ahead: int = 0) -> str:
        """The text of a coming token, with its kind where the text alone is ambiguous; '' at the end."""
        index = self.position + ahead
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def kind(self, ahead: int = 0) -> str:
        index = self.position + ahead
        return self.tokens[index].kind if index < len(self.tokens) else "end of text"

    def is_symbol(self, text: str, ahead: int = 0) -> bool:
        return self.peek(ahead) == text and self.kind(ahead) in ("symbol", "command")

    def take(self, text: str) -> bool:
        if self.is_symbol(text):
            self.position += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.take(text):
            raise Unreadable(f"{text!r} expected before {self.peek()!r}")
