"""The grammar: tokens to a value, by recursive descent.

A whole answer is a list of items separated by commas, semicolons, `and` or `or`; an item is a chain
of relations; a side is a combination of sets or an arithmetic expression. Implicit products bind
tighter than `/` unless both neighbours of the slash are plain numbers: `1/2x` is `x/2`, `a/2b` is `a/(2b)`.
"""

from __future__ import annotations

from collections.abc import Callable

from . import expression as ex
from . import matrices
from .cursor import Cursor
from .expression import Call, Constant, Expression, Number, Symbol, Unreadable
from .numerals import fraction
from .powers import power
from .primaries import primary
from .values import EXPRESSIONS, Group, Matrix, Relation, SetOperation, Value

MAX_DEPTH = 60

_SIGNS = {
    "=": "=", "ne": "!=", "<": "<", "le": "<=", ">": ">", "ge": ">=", "approx": "~", "in": "in", "notin": "notin",
    "equiv": "equiv", "subset": "subset", "subseteq": "subset", "implies": "implies", "to": "to",
}  # fmt: skip
_SET_SIGNS = {"cup": "union", "cap": "intersection", "setminus": "minus"}


class Parser(Cursor):
    """Reads one value from tokens. Raises Unreadable."""

    def whole(self) -> Value:
        """All tokens as one value."""
        value = self.listed()
        if self.position < len(self.tokens):
            raise Unreadable(f"{self.peek()!r} was not expected")
        return value

    def listed(self) -> Value:
        items = self.items(lambda: self.position >= len(self.tokens))
        if not items:
            raise Unreadable("empty")
        return items[0] if len(items) == 1 else Group("", tuple(items), self.connective)

    def items(self, at_end: Callable[[], bool]) -> list[Value]:
        """Items up to the end; a semicolon separates groups where commas separate their members."""
        rows: list[list[Value]] = [[]]
        semicolons, connective = False, ""
        while not at_end():
            rows[-1].append(self.relation())
            separated = False
            while self.peek() in (",", ";", "and", "or", "\\\\", "dots") and self.kind() in ("symbol", "command"):
                if self.peek() == "dots":
                    raise Unreadable("an unfinished list")
                if self.peek() in ("and", "or") and connective != "or":
                    connective = self.peek()
                if self.peek() in (";", "\\\\") and rows[-1]:
                    rows.append([])
                    semicolons = True
                self.position += 1
                separated = True
            if not separated and not at_end():
                raise Unreadable(f"{self.peek()!r} was not expected")
        self.connective = connective  # brackets inside have had their own
        rows = [row for row in rows if row]
        if semicolons and any(len(row) > 1 for row in rows):
            return [row[0] if len(row) == 1 else Group("", tuple(row), "") for row in rows]
        return [item for row in rows for item in row]

    def relation(self) -> Value:
        """A side, or a chain of sides with signs between them."""
        sides: list[Value] = [self.ratio()]
        signs: list[str] = []
        modulus = None
        while self.peek() in _SIGNS and self.kind() in ("symbol", "command"):
            sign = _SIGNS[self.peek()]
            if sign in ("implies", "to"):
                raise Unreadable("a derivation, not an answer")
            self.position += 1
            if sign in ("<", ">") and self.is_symbol("="):
                self.position += 1
                sign += "="
            if sign == "=" and self.position >= len(self.tokens):
                raise Unreadable("an equation without a right side")
            signs.append(sign)
            sides.append(self.ratio())
        if "equiv" in signs or self.peek() == "pmod" or (self.is_symbol("(") and self.peek(1) == "mod"):
            modulus = self.modulus()
        last = sides[-1]
        if signs == ["equiv"] and modulus is None and isinstance(last, Call) and last.head == "mod":
            sides[-1], modulus = last.args[0], last.args[1]  # n \\equiv 5 \\bmod 7
        if not signs and modulus is not None:
            return Relation((Symbol("?"), sides[0]), ("equiv",), modulus)
        if not signs:
            return sides[0]
        return Relation(tuple(sides), tuple(signs), modulus)

    def modulus(self) -> Expression | None:
        """`\\pmod{5}`, `(mod 5)`, `\\mod 5`."""
        bracket = self.is_symbol("(") and self.peek(1) == "mod"
        if bracket:
            self.position += 1
        if not (self.take("pmod") or self.take("mod")):
            return None
        value = self.arithmetic()
        if bracket:
            self.need(")")
        return value

    def ratio(self) -> Value:
        """`a : b` on the level of relations."""
        value = self.sets()
        parts = [value]
        while self.is_symbol(":") and not self.builder:
            self.position += 1
            parts.append(self.sets())
        if len(parts) == 1:
            return value
        return Call("ratio", tuple(self.expression_of(part) for part in parts))

    def sets(self) -> Value:
        value = self.sum()
        while self.peek() in _SET_SIGNS and self.kind() == "command":
            sign = _SET_SIGNS[self.peek()]
            self.position += 1
            value = SetOperation(sign, _as_set(value), _as_set(self.sum()))
        if self.is_symbol("U") or (self.peek() == "U" and isinstance(value, Group)):
            self.position += 1
            value = SetOperation("union", value, self.sets())
        return value

    def expression_of(self, value: Value) -> Expression:
        if isinstance(value, EXPRESSIONS):
            return value
        if isinstance(value, Matrix):
            return Call("matrix", tuple(Call("row", row) for row in value.rows))
        raise Unreadable("a list or relation where a number was expected")

    def arithmetic(self) -> Expression:
        return self.expression_of(self.sum())

    def sum(self) -> Value:
        """Terms with `+`, `-`, `\\pm`, `\\mp` between them."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("nested too deeply")
        sign = self.sign()
        value = self.term()
        if sign == "" and not (self.peek() in ("+", "-", "pm", "mp") and self.kind() in ("symbol", "command")):
            self.depth -= 1
            return value
        if isinstance(value, Matrix):
            return self.matrix_sum(value, sign)
        total = self.expression_of(value)
        if sign == "-" and isinstance(total, Call) and total.head == "mod":
            total, sign = Call("mod", (ex.negate(total.args[0]), total.args[1])), ""
        total = ex.negate(total) if sign == "-" else Call(sign, (ex.ZERO, total)) if sign in ("pm", "mp") else total
        terms = [total]
        while self.peek() in ("+", "-", "pm", "mp") and self.kind() in ("symbol", "command"):
            operator = self.peek()
            self.position += 1
            inner = self.sign()
            term = self.expression_of(self.term())
            term = ex.negate(term) if inner == "-" else term
            if operator in ("pm", "mp"):
                terms = [Call(operator, (ex.add(*terms), term))]
            else:
                terms.append(ex.negate(term) if operator == "-" else term)
        self.depth -= 1
        return ex.add(*terms)

    def matrix_sum(self, total: Matrix, sign: str) -> Matrix:
        total = matrices.scale(total, ex.MINUS_ONE) if sign == "-" else total
        while self.peek() in ("+", "-") and self.kind() == "symbol":
            direction = 1 if self.peek() == "+" else -1
            self.position += 1
            term = self.term()
            if not isinstance(term, Matrix):
                raise Unreadable("a number is added to a matrix")
            total = matrices.add(total, term, direction)
        self.depth -= 1
        return total

    def sign(self) -> str:
        """The sign in front of a term: '', '+', '-', 'pm' or 'mp'."""
        sign = ""
        while self.peek() in ("+", "-", "pm", "mp") and self.kind() in ("symbol", "command"):
            new = self.peek()
            self.position += 1
            sign = new if sign in ("", "+") else "+" if (sign, new) == ("-", "-") else sign
        return sign

    def term(self) -> Value:
        """Factors with `*`, `/`, `mod` or nothing between them."""
        first = self.tokens[self.position] if self.position < len(self.tokens) else None
        value = self.implicit()
        while (operator := self.peek()) in ("*", "/", "mod") and self.kind() in ("symbol", "command"):
            if operator == "mod" and self.kind(-1) == "symbol" and self.peek(-1) == "(":
                break
            plain = first is not None and first.kind == "number" and self.tokens[self.position - 1] is first
            self.position += 1
            first = self.tokens[self.position] if self.position < len(self.tokens) else None
            sign = self.sign()
            if operator == "/" and plain and first is not None and first.kind == "number":
                right: Value = self.power()
                value = self.products(self.combine(value, operator, right, sign))
                continue
            right = self.implicit()
            value = self.combine(value, operator, right, sign)
        return value

    def combine(self, left: Value, operator: str, right: Value, sign: str) -> Value:
        if operator == "*" and (isinstance(left, Matrix) or isinstance(right, Matrix)):
            product = matrices.multiply(left, right)
            return matrices.scale(product, ex.MINUS_ONE) if sign == "-" else product
        a, b = self.expression_of(left), self.expression_of(right)
        b = ex.negate(b) if sign == "-" else b
        if operator == "*":
            return ex.multiply(a, b)
        return ex.divide(a, b) if operator == "/" else Call("mod", (a, b))

    def implicit(self) -> Value:
        """Factors side by side."""
        start = self.position
        value = self.power()
        if isinstance(value, Number) and self.kind(0) == "command" and self.is_mixed(start):
            part = self.power()
            value = ex.add(value, self.expression_of(part))
        elif isinstance(value, Number) and self.plain_mixed(start):
            over, under = self.tokens[self.position].text, self.tokens[self.position + 2].text
            self.position += 3
            value = ex.add(value, fraction(over, under))
        return self.products(value)

    def products(self, value: Value) -> Value:
        """The value times the factors that follow without an operator."""
        factors: list[Expression] = []
        while self.begins_factor() and not isinstance(value, Group):
            factor = self.implicit_factor()
            if isinstance(value, Matrix) or isinstance(factor, Matrix):
                value = matrices.multiply(self.gathered(value, factors), factor)
                factors = []
            else:
                factors.append(self.expression_of(factor))
        return self.gathered(value, factors)  # after a list comes no product, whatever it is

    def gathered(self, value: Value, factors: list[Expression]) -> Value:
        return ex.multiply(self.expression_of(value), *factors) if factors else value

    def implicit_factor(self) -> Value:
        start = self.position
        value = self.power()
        if isinstance(value, Number) and self.kind(0) == "command" and self.is_mixed(start):
            return ex.add(value, self.expression_of(self.power()))
        return value

    def primary(self) -> Value:
        return primary(self)

    def power(self) -> Value:
        return power(self)


def _as_set(value: Value) -> Value:
    """`{2}` among set operations is a set, though its braces only group elsewhere."""
    return Group("{", (value,), "}") if isinstance(value, Number | Symbol | Constant) else value
