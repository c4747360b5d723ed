"""The grammar: tokens to a value, by recursive descent.

A whole answer is a list of items separated by commas, semicolons, `and` or `or`; an item is a chain
of relations; a side is a combination of sets or an arithmetic expression. Implicit products bind
tighter than `/` unless both neighbours of the slash are plain numbers: `1/2x` is `x/2`, `a/2b` is `a/(2b)`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from . import math_expression as ex
from . import math_matrices as matrices
from .math_expression import Call, Constant, Expression, Number, Symbol, Unreadable
from .math_tokens import FUNCTIONS, GREEK, Token, numeral_parts
from .math_values import EXPRESSIONS, Group, Matrix, NamedSet, Relation, SetOperation, Value

MAX_DEPTH = 60

_SIGNS = {
    "=": "=", "ne": "!=", "<": "<", "le": "<=", ">": ">", "ge": ">=", "approx": "~", "in": "in", "notin": "notin", "equiv": "equiv",
    "subset": "subset", "subseteq": "subset", "implies": "implies", "to": "to",
}  # fmt: skip
_SETS = {"reals": "R", "integers": "Z", "naturals": "N", "rationals": "Q", "complexes": "C", "emptyset": "empty"}
_SET_SIGNS = {"cup": "union", "cap": "intersection", "setminus": "minus"}
_CLOSING = {"(": ")", "[": "]", "\\{": "\\}", "{": "}", "langle": "rangle", "]": "["}
_POSTFIX_STOPS = frozenset(
    {")", "]", "}", "\\}", ",", ";", ")|", "rfloor", "rceil", "rangle", "end", "&", "\\\\", "mid"}
)
_MATRICES = frozenset(
    ["matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array", "psmallmatrix", "bsmallmatrix"]
)
#: Letters that name a function when brackets follow; all others are multiplied.
_FUNCTION_LETTERS = frozenset("fg")


class Parser:
    """Reads one value from tokens. Raises Unreadable."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.position, self.depth = tokens, 0, 0
        self.bars = 0  # open absolute values
        self.differentials = 0  # open integrals
        self.alternatives = False  # the last list had an "or" in it
        self.builder = False  # before the bar of {x | x > 0}

    # --- tokens -------------------------------------------------------------------------------------------------

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

    # --- lists and relations ------------------------------------------------------------------------------------

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

    # --- arithmetic ---------------------------------------------------------------------------------------------

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
            fraction = self.power()
            value = ex.add(value, self.expression_of(fraction))
        elif isinstance(value, Number) and self.plain_mixed(start):
            over, under = self.tokens[self.position].text, self.tokens[self.position + 2].text
            self.position += 3
            value = ex.add(value, _fraction(over, under))
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
        if kind == "end of text" or text in _POSTFIX_STOPS:
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
        return (
            text in GREEK
            or text in FUNCTIONS
            or text in ("frac", "infty", "lfloor", "lceil", "int", "lim", "overline", "bar", "vec", "hat", "e", "i", "angle", "triangle", "variable", "iint", "sum", "prod")
        ) and text not in ("mod",)  # fmt: skip

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
                value = numeral(str(value.value), _integer(base))
            else:
                return value

    def matrix_power(self, value: Matrix) -> Matrix:
        if self.peek() in ("T", "top") or (
            self.is_symbol("{") and self.peek(1) in ("T", "top") and self.peek(2) == "}"
        ):
            self.position += 3 if self.is_symbol("{") else 1
            return matrices.transpose(value)
        exponent = _integer(self.exponent())
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
        text = self.peek()
        self.position += 1
        try:
            return Number(_decimal(text), "." in text)
        except (ValueError, OverflowError):
            raise Unreadable(f"{text[:40]!r} is no number that can be read") from None

    # --- primaries ----------------------------------------------------------------------------------------------

    def primary(self) -> Value:
        text, kind = self.peek(), self.kind()
        if kind == "number":
            value = self.number()
            return self.repeating(value) if self.peek() in ("overline", "bar", "dot") else value
        if kind == "numeral":
            self.position += 1
            return numeral(*numeral_parts(text))
        if kind == "letter":
            return self.letter()
        if kind == "word":
            return self.word()
        if kind == "begin":
            return self.environment()
        if kind == "command":
            return self.command()
        if text in ("(", "[", "\\{", "{", "]"):
            return self.bracketed(text)
        if text in ("|", "|("):
            return self.absolute(text)
        if text == "\\$":
            self.position += 1
            return Call("currency", (self.expression_of(self.power()), Symbol("$")))
        raise Unreadable(f"{text!r} was not expected" if text else "the text ends too soon")

    def repeating(self, value: Number) -> Expression:
        """`0.1\\overline{36}`: the digits under the bar repeat."""
        shown = self.tokens[self.position - 1].text
        if "." not in shown:
            return ex.multiply(value, self.expression_of(self.command()))
        self.position += 1
        braced = self.take("{")
        digits = self.peek()
        self.position += 1
        if braced:
            self.need("}")
        if not digits.isdigit():
            raise Unreadable("a bar over something other than digits")
        places = len(shown.partition(".")[2])
        tail = Fraction(int(digits), (10 ** len(digits) - 1) * 10**places)
        return Number(value.value + tail)

    def letter(self) -> Value:
        name = self.peek()
        self.position += 1
        if name in ("e", "i") and not (self.is_symbol("_") or self.is_symbol("'")):
            return ex.E if name == "e" else ex.I
        symbol = self.subscripted(name)
        if name == "C" and self.is_symbol("(") and self.peek(2) == ",":
            chosen = self.applied(name)
            return ex.binomial(chosen.args[1], chosen.args[2]) if len(chosen.args) == 3 else chosen
        if self.is_symbol("(") and self.peek(-1) == name and (name in _FUNCTION_LETTERS or self.defines()):
            return self.applied(symbol.name)
        if symbol.name.rstrip("'") in _FUNCTION_LETTERS and self.is_symbol("(") and "'" in symbol.name:
            return self.applied(symbol.name)
        return symbol

    def defines(self) -> bool:
        """Whether `P(x) =` stands at the beginning: a name and its argument before an equals sign."""
        first = self.position == 1 or self.peek(-2) in (",", ";", "and", "or")
        return first and self.kind(1) in ("letter", "number") and self.peek(2) == ")" and self.peek(3) == "="

    def applied(self, name: str) -> Call:
        self.need("(")
        args = [self.expression_of(item) for item in self.items(lambda: self.is_symbol(")"))]
        self.need(")")
        return Call("apply", (Symbol(name), *args))

    def subscripted(self, name: str) -> Symbol:
        """The name with its subscript and primes: `x_1`, `S_{ABC}`, `f'`."""
        while True:
            if self.is_symbol("_"):
                self.position += 1
                name += "_" + self.subscript()
            elif self.is_symbol("'"):
                self.position += 1
                name += "'"
            else:
                return Symbol(name)

    def subscript(self) -> str:
        if not self.is_symbol("{"):
            self.position += 1
            return self.peek(-1)
        depth, parts = 0, []
        while self.position < len(self.tokens):
            text, symbol = self.peek(), self.kind() == "symbol"
            depth += (symbol and text == "{") - (symbol and text == "}")
            self.position += 1
            if depth == 0:
                return "".join(parts)
            if not (symbol and text in "{}"):
                parts.append(text.strip())
        raise Unreadable("an unclosed subscript")

    def word(self) -> Value:
        """A run of letters as the product of variables. Longer words are no mathematics."""
        run = self.peek()
        if len(run) > 4 or not run.isascii():
            raise Unreadable(f"{run[:40]!r} is a word")
        token = self.tokens[self.position]
        letters = [Token("letter", c, token.space and n == 0, token.start) for n, c in enumerate(run)]
        self.tokens[self.position : self.position + 1] = letters
        return self.power()

    def bracketed(self, opening: str) -> Value:
        """Brackets: a grouping where one thing stands inside, else a tuple, interval or set."""
        self.position += 1
        bars, self.bars = self.bars, 0
        differentials, self.differentials = self.differentials, 0
        left = {"\\{": "{", "langle": "("}.get(opening, opening)
        if (opening == "{" and self.peek(1) == "choose") or (opening == "{" and self.find_choose()):
            return self.choose()
        builder, self.builder = self.builder, opening == "\\{"
        items = self.items(lambda: self.closes(opening) or (self.builder and self.peek() in ("|", "mid", ":")))
        self.builder = builder
        if opening == "\\{" and (self.take("|") or self.take("mid") or self.take(":")):
            conditions = self.items(lambda: self.closes(opening))
            items = conditions if len(conditions) == 1 else [Group("", tuple(conditions), "")]
            left = "{|"
        right = {"\\}": "}", "rangle": ")"}.get(self.peek(), self.peek())
        if not self.closes(opening):
            raise Unreadable(f"{opening!r} is not closed")
        comma = self.peek(-1) == ","
        self.position += 1
        self.bars, self.differentials = bars, differentials
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

    def closes(self, opening: str) -> bool:
        if self.kind() not in ("symbol", "command"):
            return False
        if opening in ("(", "["):
            return self.peek() in (")", "]")
        if opening == "]":
            return self.peek() in ("[", "]", ")")
        return self.peek() == _CLOSING[opening]

    def find_choose(self) -> bool:
        """Whether `\\choose` or `\\over` stands inside the braces that were just opened."""
        depth = 0
        for token in self.tokens[self.position :]:
            if token.kind == "command" and token.text in ("choose", "over") and depth == 0:
                return True
            depth += (token.text == "{" and token.kind == "symbol") - (token.text == "}" and token.kind == "symbol")
            if depth < 0:
                return False
        return False

    def choose(self) -> Expression:
        over = self.arithmetic()
        fraction = self.take("over")
        if not fraction:
            self.need("choose")
        under = self.arithmetic()
        self.need("}")
        return ex.divide(over, under) if fraction else ex.binomial(over, under)

    def absolute(self, opening: str) -> Value:
        self.position += 1
        closing = "|" if opening == "|" else ")|"
        self.bars += 1
        value = self.expression_of(self.sum())
        self.bars -= 1
        if not self.take(closing) and not self.take(")|") and not self.take("|"):
            raise Unreadable("an absolute value is not closed")
        if isinstance(value, Call) and value.head == "matrix":
            return Call("det", (value,))
        return Call("abs", (value,))

    def environment(self) -> Value:
        name = self.peek()
        self.position += 1
        if name in ("cases", "aligned", "align", "gathered", "split", "equation", "align*", "gather", "alignedat"):
            return self.lines(name)
        if name not in _MATRICES:
            raise Unreadable(f"{name!r} cannot be read")
        if name == "array" and self.take("{"):
            while not self.take("}"):
                self.position += 1
                if self.position >= len(self.tokens):
                    raise Unreadable("an unclosed array")
        rows: list[list[Expression]] = [[]]
        while self.kind() != "end":
            if self.position >= len(self.tokens):
                raise Unreadable("a matrix is not closed")
            if self.take("\\\\"):
                rows.append([])
            elif self.take("hline") or self.take("&"):
                continue
            else:
                rows[-1].append(self.arithmetic())
        self.position += 1
        rows = [row for row in rows if row]
        if not rows or len({len(row) for row in rows}) != 1:
            raise Unreadable("a matrix with rows of different lengths")
        matrix = Matrix(tuple(map(tuple, rows)))
        if name == "vmatrix":
            return Call("det", (self.expression_of(matrix),))
        return matrix

    def lines(self, name: str) -> Value:
        """`cases` and alignments: their lines as a list."""
        self.tokens = [t for t in self.tokens if not (t.kind == "symbol" and t.text == "&")]
        items = self.items(lambda: self.kind() == "end" or self.position >= len(self.tokens))
        if self.kind() != "end":
            raise Unreadable(f"{name!r} is not closed")
        self.position += 1
        return items[0] if len(items) == 1 else Group("", tuple(items), "")

    def command(self) -> Value:
        from .math_functions import read_command

        return read_command(self)


def _as_set(value: Value) -> Value:
    """`{2}` among set operations is a set, though its braces only group elsewhere."""
    return Group("{", (value,), "}") if isinstance(value, Number | Symbol | Constant) else value


def _decimal(text: str) -> Fraction:
    mantissa, _, exponent = text.lower().partition("e")
    if len(exponent) > 5 or abs(int(exponent or 0)) > 4_000:
        raise ValueError
    return Fraction(mantissa if mantissa != "." else "x") * Fraction(10) ** int(exponent or 0)


def _fraction(over: str, under: str) -> Number:
    return Number(Fraction(int(over), int(under)))


def _integer(value: Expression) -> int:
    if isinstance(value, Number) and value.value.denominator == 1:
        return int(value.value)
    raise Unreadable("a base that is no number")


def numeral(digits: str, base: int) -> Expression:
    """A numeral: its value, its base and its digits."""
    if not 2 <= base <= 36:
        raise Unreadable(f"base {base}")
    whole, _, places = digits.partition(".")
    try:
        value = Fraction(int(whole + places, base), base ** len(places))
    except ValueError:
        raise Unreadable(f"{digits!r} is no numeral of base {base}") from None
    return Call("numeral", (ex.number(value), ex.number(base), Symbol(digits.upper())))


