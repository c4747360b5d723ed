"""SymPy expressions written as people and models write them: LaTeX in several styles, and plain ASCII."""

from __future__ import annotations

import re
from collections.abc import Callable

import sympy as sp

from .value import Draw, distinct

SUM, PRODUCT, POWER = 0, 1, 2  # how tightly the surroundings bind

_FUNCTIONS = ("sin", "cos", "tan", "sec", "csc", "cot", "log", "exp", "sinh", "cosh", "asin", "acos", "atan")
_LATEX_NAMES = {"log": "\\ln", "asin": "\\arcsin", "acos": "\\arccos", "atan": "\\arctan"}
_ASCII_NAMES = {"log": "ln", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
_GREEK = {"alpha": "α", "beta": "β", "theta": "θ", "lambda": "λ"}


def _sorted_args(e: sp.Expr, draw: Draw, shuffle: bool) -> list[sp.Expr]:
    args = list(e.as_ordered_terms() if e.is_Add else e.as_ordered_factors())
    if shuffle:
        draw.shuffle(args)
    return args


def _split(e: sp.Expr) -> tuple[bool, list[sp.Expr], list[sp.Expr]]:
    """A product as its sign, the factors above and the factors below the fraction bar."""
    number, rest = e.as_coeff_Mul()
    negative = bool(number.is_negative)
    number = abs(number)
    above: list[sp.Expr] = [sp.Integer(number.p)] if number.is_Rational and number.p != 1 else []
    below: list[sp.Expr] = [sp.Integer(number.q)] if number.is_Rational and number.q != 1 else []
    for factor in sp.Mul.make_args(rest):
        base, power = factor.as_base_exp()
        if power.is_Rational and power.is_negative:
            below.append(sp.Pow(base, -power))
        elif factor != 1:
            above.append(factor)
    return negative, above, below


def _rank(factor: sp.Expr) -> tuple[bool, bool, bool]:
    """Numbers first, then letters, then functions, then parentheses."""
    inside = factor.as_base_exp()[0]
    return not factor.is_Number, bool(inside.is_Function), bool(inside.is_Add)


class Latex:
    """One style of LaTeX, drawn at random, used throughout an expression."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.frac = draw.one(["\\frac", "\\frac", "\\dfrac", "\\tfrac", "/"])
        self.tight = draw.coin(0.3)  # \frac12, \sqrt2
        self.dot = draw.one(["", "", " ", "\\cdot ", " \\cdot ", " \\times ", "\\,"])
        self.left = draw.one([("(", ")"), ("\\left(", "\\right)"), ("\\left( ", " \\right)"), ("(", ")")])
        self.roots = draw.coin(0.85)  # otherwise powers of 1/2
        self.shuffle = draw.coin(0.4)
        self.bare_argument = draw.coin(0.4)  # \sin x
        self.braced_powers = draw.coin()
        self.gap = draw.one([" ", " ", ""])

    def __call__(self, e: sp.Expr) -> str:
        return self.write(sp.sympify(e), SUM)

    def group(self, text: str) -> str:
        return f"{self.left[0]}{text}{self.left[1]}"

    def write(self, e: sp.Expr, around: int) -> str:
        if e.is_Integer and e >= 0:
            return str(e)
        if e.is_Add:
            text = self._sum(e)
            return self.group(text) if around > SUM else text
        if e.is_Rational or e.is_Mul or (e.is_Pow and e.exp.is_Rational and e.exp.is_negative):
            text = self._product(e)
            return self.group(text) if around == POWER or (around and text[0] == "-") else text
        if e.is_Pow and e.base != sp.E:
            text = self._power(e.base, e.exp)
            return self.group(text) if around == POWER and not text.startswith("\\sqrt") else text
        if isinstance(e, sp.exp) or e.is_Pow:
            text = "e^" + self._braced(self.write(e.exp if e.is_Pow else e.args[0], SUM))
            return self.group(text) if around == POWER else text
        return self._atom(e)

    def _sum(self, e: sp.Expr) -> str:
        out = ""
        for term in _sorted_args(e, self.draw, self.shuffle):
            text = self.write(term, SUM)
            if not out:
                out = text
            elif text.startswith("-"):
                out += f"{self.gap}-{self.gap}{text[1:].lstrip()}"
            else:
                out += f"{self.gap}+{self.gap}{text}"
        return out

    def _product(self, e: sp.Expr) -> str:
        negative, above, below = _split(e)
        top = self._factors(above) if above else "1"
        text = top
        if below:
            if self.frac == "/":
                top = self.group(top) if len(above) == 1 and above[0].is_Add else top
                bottom = self._factors(below)
                text = f"{top}/{bottom if len(below) == 1 and bottom.isdigit() else self.group(bottom)}"
            else:
                top = self.write(above[0], SUM) if len(above) == 1 else top
                bottom = self.write(below[0], SUM) if len(below) == 1 else self._factors(below)
                both = top + bottom
                tight = self.tight and len(both) == 2 and both.isdigit()
                text = f"{self.frac}{both}" if tight else f"{self.frac}{{{top}}}{{{bottom}}}"
        return f"-{text}" if negative else text

    def _factors(self, factors: list[sp.Expr]) -> str:
        if len(factors) == 1:
            return self.write(factors[0], PRODUCT)
        out = ""
        order = sorted(factors, key=_rank)
        for factor in order:
            named = factor.is_Function and not isinstance(factor, sp.exp)
            text = self._atom(factor, factor is order[-1]) if named else self.write(factor, PRODUCT)
            out = self._joined(out, text) if out else text
        return out

    def _joined(self, left: str, right: str) -> str:
        if right[0].isdigit() or (right.startswith("\\frac") and left[-1].isdigit()):  # 2 \frac12 is a mixed number
            return left + self.draw.one([" \\cdot ", " \\times "]) + right
        glued = not self.dot and right[0].isalpha() and re.search(r"\\[a-zA-Z]+$", left)
        return left + (" " if glued else self.dot) + right

    def _power(self, base: sp.Expr, power: sp.Expr) -> str:
        if power.is_Rational and power.q > 1 and self.roots and power.p == 1:
            inside = self.write(base, SUM)
            if power.q == 2:
                return (
                    f"\\sqrt{inside}" if self.tight and len(inside) == 1 and inside.isdigit() else f"\\sqrt{{{inside}}}"
                )
            return f"\\sqrt[{power.q}]{{{inside}}}"
        if base.is_Function and not isinstance(
            base, sp.Abs | sp.factorial | sp.floor | sp.ceiling | sp.binomial | sp.exp
        ):
            if power.is_Integer and power > 0:
                name = _LATEX_NAMES.get(base.func.__name__, "\\" + base.func.__name__)
                return f"{name}^{self._braced(str(power))}{self._argument(base.args[0], bare=False)}"
            return self.group(self._atom(base)) + "^" + self._braced(self.write(power, SUM))
        return self.write(base, POWER) + "^" + self._braced(self.write(power, SUM))

    def _braced(self, text: str) -> str:
        return text if len(text) == 1 and not self.braced_powers else f"{{{text}}}"

    def _argument(self, e: sp.Expr, bare: bool) -> str:
        text = self.write(e, SUM)
        if bare and self.bare_argument and (e.is_Symbol or (e.is_Mul and len(text) == 2 and text[0].isdigit())):
            return f" {text}"
        return self.group(text)

    def _atom(self, e: sp.Expr, bare: bool = True) -> str:
        fixed: dict[sp.Expr, str] = {sp.pi: "\\pi", sp.E: "e", sp.I: "i", sp.oo: "\\infty"}
        if e in fixed:
            return fixed[e]
        if e.is_Symbol:
            return f"\\{e.name}" if e.name in _GREEK else e.name
        inside = [self.write(arg, SUM) for arg in e.args]
        name = e.func.__name__
        if isinstance(e, sp.Abs):
            return f"|{inside[0]}|" if self.draw.coin() else f"\\left|{inside[0]}\\right|"
        if isinstance(e, sp.factorial):
            return (inside[0] if len(inside[0]) == 1 or inside[0].isdigit() else self.group(inside[0])) + "!"
        if isinstance(e, sp.floor | sp.ceiling):
            edge = "floor" if isinstance(e, sp.floor) else "ceil"
            return f"\\lfloor {inside[0]} \\rfloor" if edge == "floor" else f"\\left\\lceil {inside[0]} \\right\\rceil"
        if isinstance(e, sp.binomial):
            return f"\\binom{{{inside[0]}}}{{{inside[1]}}}"
        if name in _FUNCTIONS:
            return _LATEX_NAMES.get(name, f"\\{name}") + self._argument(e.args[0], bare)
        raise TypeError(f"no LaTeX for {name}")


class Plain:
    """One style of ASCII (or Unicode) mathematics, drawn at random."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.power = draw.one(["^", "^", "**"])
        self.star = draw.one(["*", "*", " * ", "·"]) if self.power == "^" else "*"
        self.implied = self.power == "^" and draw.coin(0.6)  # 3x^2
        self.gap = draw.one([" ", " ", ""])
        self.slash = draw.one(["/", "/", " / "])
        self.shuffle = draw.coin(0.4)
        self.roots = draw.coin(0.8)
        self.unicode = draw.coin(0.15)

    def __call__(self, e: sp.Expr) -> str:
        return self.write(sp.sympify(e), SUM)

    def write(self, e: sp.Expr, around: int) -> str:
        if e.is_Integer and e >= 0:
            return str(e)
        if e.is_Add:
            text = self._sum(e)
            return f"({text})" if around > SUM else text
        if e.is_Rational or e.is_Mul or (e.is_Pow and e.exp.is_Rational and e.exp.is_negative):
            text = self._product(e)
            return f"({text})" if around == POWER or (around and text[0] == "-") else text
        if e.is_Pow and e.base != sp.E:
            text = self._power(e)
            return f"({text})" if around == POWER else text
        if isinstance(e, sp.exp) or e.is_Pow:
            inside = self.write(e.exp if e.is_Pow else e.args[0], SUM)
            if self.power == "**":
                return f"exp({inside})"
            text = f"e^{inside}" if len(inside) == 1 else f"e^({inside})"
            return f"({text})" if around == POWER else text
        return self._atom(e)

    def _sum(self, e: sp.Expr) -> str:
        out = ""
        for term in _sorted_args(e, self.draw, self.shuffle):
            text = self.write(term, SUM)
            if not out:
                out = text
            else:
                sign = "-" if text.startswith("-") else "+"
                out += f"{self.gap}{sign}{self.gap}{text.removeprefix('-')}"
        return out

    def _product(self, e: sp.Expr) -> str:
        negative, above, below = _split(e)
        text = self._factors(above) if above else "1"
        if below:
            bottom = self._factors(below)
            bare = len(below) == 1 and (below[0].is_Add or not any(mark in bottom for mark in "*·^/ "))
            text += self.slash + (bottom if bare else f"({bottom})")
        return f"-{text}" if negative else text

    def _factors(self, factors: list[sp.Expr]) -> str:
        out = ""
        for factor in sorted(factors, key=_rank):
            text = self.write(factor, PRODUCT)
            letter = factor.as_base_exp()[0]
            short = (letter.is_Symbol and len(letter.name) == 1) or letter.is_Add
            if not out:
                out = text
            elif self.implied and short and (out[-1].isdigit() or out[-1] == ")") and "^" not in out:
                out += text
            else:
                out += self.star + text
        return out

    def _power(self, e: sp.Pow) -> str:
        base, power = e.base, e.exp
        if power == sp.Rational(1, 2) and self.roots:
            inside = self.write(base, SUM)
            if self.unicode:
                return f"√{inside}" if inside.isdigit() else f"√({inside})"
            return f"sqrt({inside})"
        if self.unicode and power in (2, 3) and (base.is_Symbol or base.is_Add):
            return self.write(base, POWER) + "²³"[int(power) - 2]
        exponent = self.write(power, SUM)
        exponent = exponent if exponent.isdigit() or exponent.isalpha() else f"({exponent})"
        return self.write(base, POWER) + self.power + exponent

    def _atom(self, e: sp.Expr) -> str:
        fixed: dict[sp.Expr, str] = {sp.pi: "π" if self.unicode else "pi", sp.E: "e", sp.I: "i", sp.oo: "oo"}
        if e in fixed:
            return fixed[e]
        if e.is_Symbol:
            return _GREEK.get(e.name, e.name) if self.unicode else e.name
        inside = [self.write(arg, SUM) for arg in e.args]
        name = e.func.__name__
        if isinstance(e, sp.Abs):
            return self.draw.one(["|{}|", "abs({})"]).format(inside[0])
        if isinstance(e, sp.factorial):
            return (inside[0] if len(inside[0]) == 1 or inside[0].isdigit() else f"({inside[0]})") + "!"
        if isinstance(e, sp.floor | sp.ceiling):
            return f"{'floor' if isinstance(e, sp.floor) else 'ceil'}({inside[0]})"
        if isinstance(e, sp.binomial):
            return self.draw.one(["binomial({}, {})", "C({},{})"]).format(*inside)
        if name in _FUNCTIONS:
            return f"{_ASCII_NAMES.get(name, name)}({inside[0]})"
        raise TypeError(f"no plain notation for {name}")


def written(draw: Draw, *forms: sp.Expr, count: int = 6) -> tuple[str, ...]:
    """Notations of the forms, which must all be equal: own LaTeX and ASCII styles, and SymPy's two printers."""
    out: list[str] = []
    for form in forms:
        printers: list[Callable[[sp.Expr], str]] = [Latex(draw), Latex(draw), Plain(draw), Plain(draw)]
        out += [print_(form) for print_ in printers]
        if not form.has(sp.log):  # SymPy calls the natural logarithm \log, which others read with base ten
            out += [sp.latex(form), str(form)]
    draw.shuffle(out)
    return distinct(*out)[:count]


def one_way(draw: Draw, e: sp.Expr) -> str:
    """One notation."""
    return Latex(draw)(e) if draw.coin() else Plain(draw)(e)
