"""The tokens of an answer and a position among them: what every part of the grammar reads from."""

from __future__ import annotations

from .expression import Unreadable
from .tokens import Token
from .vocabulary import FUNCTIONS, GREEK

#: What may follow an interval, and nothing that stands in brackets begins with.
_AFTER_INTERVALS = frozenset({"cup", "cap", "setminus", ",", ";", "and", "or", "\\}", "}", ")", "U"})
#: What ends a product.
_STOPS = frozenset({")", "]", "}", "\\}", ",", ";", ")|", "rfloor", "rceil", "rangle", "end", "&", "\\\\", "mid"})
#: Commands that begin a factor, beside functions and Greek letters.
_FACTORS = frozenset(
    "frac sqrt infty lfloor lceil int lim overline bar vec hat e i angle triangle variable iint sum prod".split()
)


class Cursor:
    """Looks at coming tokens and takes them. Knows what is open around the position."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.position, self.depth = tokens, 0, 0
        self.bars = 0  # open absolute values
        self.differentials = 0  # open integrals
        self.connective = ""  # what joined the last list: "or", "and" or only commas
        self.builder = False  # before the bar of {x | x > 0}

    def peek(self, ahead: int = 0) -> str:
        """The text of a coming token; '' beyond the ends."""
        index = self.position + ahead
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def kind(self, ahead: int = 0) -> str:
        """The kind of a coming token."""
        index = self.position + ahead
        return self.tokens[index].kind if index < len(self.tokens) else "end of text"

    def is_symbol(self, text: str, ahead: int = 0) -> bool:
        """Whether a coming token is this symbol or command, and no letter or word of the same text."""
        return self.peek(ahead) == text and self.kind(ahead) in ("symbol", "command")

    def take(self, text: str) -> bool:
        """Takes the symbol if it comes next, and says so."""
        if self.is_symbol(text):
            self.position += 1
            return True
        return False

    def need(self, text: str) -> None:
        """Takes the symbol. Raises Unreadable where another comes."""
        if not self.take(text):
            raise Unreadable(f"{text!r} expected before {self.peek()!r}")

    def is_mixed(self, start: int) -> bool:
        """`1\\frac{1}{2}`: one whole-number token and then a fraction of two whole numbers."""
        if self.position != start + 1 or not self.tokens[start].text.isdigit() or self.peek() != "frac":
            return False
        texts = [token.text for token in self.tokens[self.position + 1 : self.position + 8]]
        if texts[:1] and texts[0].isdigit():
            return len(texts[0]) == 2 or (len(texts) > 1 and (texts[1].isdigit() or texts[1] == "{"))
        return (
            texts[:1] == ["{"]
            and texts[1:2] != []
            and texts[1].isdigit()
            and texts[2:4] == ["}", "{"]
            and texts[4].isdigit()
        )

    def plain_mixed(self, start: int) -> bool:
        """`1 1/2`: a whole number, a space, and a fraction."""
        here = self.tokens[self.position : self.position + 3]
        return (
            self.position == start + 1
            and self.tokens[start].text.isdigit()
            and len(here) == 3
            and here[0].space
            and here[0].text.isdigit()
            and here[1].text == "/"
            and here[2].text.isdigit()
            and here[2].text.strip("0") != ""
        )

    def ends_interval(self) -> bool:
        """Whether a `[` closes `]0, 1[`: nothing that it could open follows."""
        return self.is_symbol("[") and (self.kind(1) == "end of text" or self.peek(1) in _AFTER_INTERVALS)

    def begins_factor(self) -> bool:
        """Whether another factor follows without an operator."""
        text, kind = self.peek(), self.kind()
        if kind == "end of text" or text in _STOPS:
            return False
        if kind in ("number", "letter", "numeral"):
            return not (self.differentials and text == "d" and self.kind(1) in ("letter", "command"))
        if kind in ("begin", "word", "text"):
            return kind != "text"
        if text == "|":
            return self.bars == 0 and not self.builder
        if text == "(" and self.peek(1) == "mod":
            return False
        if kind == "symbol":
            if self.ends_interval():
                return False
            return text in ("(", "[", "{", "\\{", "|(", "'")
        return text != "mod" and (text in GREEK or text in FUNCTIONS or text in _FACTORS)
