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
from .numerals import decimal, fraction, integer, numeral
from .primaries import primary
from .tokens import Token
from .values import EXPRESSIONS, Group, Matrix, NamedSet, Relation, SetOperation, Value
from .vocabulary import FUNCTIONS, GREEK

MAX_DEPTH = 60

_SIGNS = {
    "=": "=", "ne": "!=", "<": "<", "le": "<=", ">": ">", "ge": ">=", "approx": "~", "in": "in", "notin": "notin",
    "equiv": "equiv", "subset": "subset", "subseteq": "subset", "implies": "implies", "to": "to",
}  # fmt: skip
_SET_SIGNS = {"cup": "union", "cap": "intersection", "setminus": "minus"}
_STOPS = frozenset({")", "]", "}", "\\}", ",", ";", ")|", "rfloor", "rceil", "rangle", "end", "&", "\\\\", "mid"})
#: Commands that begin a factor, beside functions and Greek letters.
_FACTORS = frozenset(
    "frac sqrt infty lfloor lceil int lim overline bar vec hat e i angle triangle variable iint sum prod".split()
)


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
        return items[0] if len(items) == 1 else Group("", tuple(items), "or" if self.alternatives else "")

    def items(self, at_end: Callable[[], bool]) -> list[Value]:
        """Items up to the end; a semicolon separates groups where commas separate their members."""
        rows: list[list[Value]] = [[]]
        semicolons = False
        self.alternatives = False
        while not at_end():
            rows[-1].append(self.relation())
            separated = False
            while self.peek() in (",", ";", "and", "or", "\\\\", "dots") and self.kind() in ("symbol", "command"):
                if self.peek() == "dots":
                    raise Unreadable("an unfinished list")
                self.alternatives |= self.peek() == "or"
                if self.peek() in (";", "\\\\") and rows[-1]:
                    rows.append([])
                    semicolons = True
                self.position += 1
                separated = True
            if not separated and not at_end():
                raise Unreadable(f"{self.peek()!r} was not expected")
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

    def begins_factor(self) -> bool:
        """Whether another factor follows without an operator."""
        text, kind = self.peek(), self.kind()
        if kind == "end of text" or text in _STOPS:
            return False
        if kind in ("number", "letter", "numeral"):
            return not (self.differentials and text == "d" and self.kind(1) in ("letter", "command"))
        if kind == "begin":
            return True
        if kind == "word":
            return True
        if kind == "text":
            return False
        if text == "|":
            return self.bars == 0 and not self.builder
        if text == "(" and self.peek(1) == "mod":
            return False
        if kind == "symbol":
            return text in ("(", "{", "\\{", "|(", "'") or (text == "[" and self.bars >= 0)
        return text != "mod" and (text in GREEK or text in FUNCTIONS or text in _FACTORS)

    def primary(self) -> Value:
        return primary(self)

    def power(self) -> Value:
        """A primary with its postfixes and exponent."""
        value = self.primary()
        while True:
            text, kind = self.peek(), self.kind()
            if kind not in ("symbol", "command"):
                return value
            if text == "^":
                self.position += 1
                if self.take("circ") or self.take("degree"):
                    value = Call("degree", (self.expression_of(value),))
                elif self.is_symbol("{") and self.peek(1) in ("circ", "degree") and self.peek(2) == "}":
                    self.position += 3
                    value = Call("degree", (self.expression_of(value),))
                elif (self.is_symbol("{") and self.peek(1) == "'") or self.is_symbol("'"):
                    value = self.primed(value)
                elif isinstance(value, Matrix):
                    value = self.matrix_power(value)
                else:
                    value = self.raised(value, self.exponent())
            elif text == "!":
                self.position += 1
                value = ex.factorial(self.expression_of(value))
            elif text == "%":
                self.position += 1
                value = Call("percent", (self.expression_of(value),))
            elif text in ("\\$", "euro", "pounds", "yen", "rupee"):
                self.position += 1
                value = Call("currency", (self.expression_of(value), Symbol(text.strip("\\"))))
            elif text == "degree":
                self.position += 1
                value = Call("degree", (self.expression_of(value),))
            elif text == "_" and isinstance(value, Number) and self.tokens[self.position - 1].text == ")":
                self.position += 1
                base = self.argument()
                value = numeral(str(value.value), integer(base))
            else:
                return value

    def matrix_power(self, value: Matrix) -> Matrix:
        if self.peek() in ("T", "top") or (
            self.is_symbol("{") and self.peek(1) in ("T", "top") and self.peek(2) == "}"
        ):
            self.position += 3 if self.is_symbol("{") else 1
            return matrices.transpose(value)
        exponent = integer(self.exponent())
        if not 1 <= exponent <= 8:
            raise Unreadable("a power of a matrix")
        power = value
        for _ in range(exponent - 1):
            power = matrices.multiply(power, value)
        return power

    def primed(self, value: Value) -> Value:
        while self.take("{") or self.take("}") or self.take("'"):
            pass
        if isinstance(value, Symbol):
            return Symbol(value.name + "'")
        raise Unreadable("a prime on something that has no name")

    def raised(self, value: Value, exponent: Expression) -> Value:
        if isinstance(value, NamedSet):
            return NamedSet(value.name + "^" + ex.key(exponent))
        return ex.power(self.expression_of(value), exponent)

    def exponent(self) -> Expression:
        sign = self.sign()
        if self.kind() == "number":
            value: Expression = self.number()
            if self.is_symbol("!"):
                self.position += 1
                value = ex.factorial(value)
        else:
            value = self.argument()
        if self.is_symbol("^"):  # towers associate to the right
            self.position += 1
            value = ex.power(value, self.exponent())
        return ex.negate(value) if sign == "-" else value

    def argument(self) -> Expression:
        """What a command or `^` takes: braces, or one token; of a number only its first digit where `frac` asks."""
        if self.take("{"):
            value = self.sum()
            self.need("}")
            return self.expression_of(value)
        return self.expression_of(self.primary())

    def digit(self) -> Expression:
        """The argument of `\\frac`: braces or one character."""
        if self.kind() == "number" and len(self.peek()) > 1 and self.peek().isdigit():
            token = self.tokens[self.position]
            self.tokens[self.position] = Token("number", token.text[1:], token.space, token.start)
            return ex.number(int(token.text[0]))
        return self.argument()

    def number(self) -> Number:
        self.position += 1
        return decimal(self.peek(-1))


def _as_set(value: Value) -> Value:
    """`{2}` among set operations is a set, though its braces only group elsewhere."""
    return Group("{", (value,), "}") if isinstance(value, Number | Symbol | Constant) else value
