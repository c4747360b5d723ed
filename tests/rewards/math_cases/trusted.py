"""What SymPy knows: whether two expressions are equal, and expressions that are nearly another one."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from .value import Draw

POINTS = (sp.Rational(7, 5), sp.Rational(23, 11), sp.Rational(5, 13), sp.Rational(31, 9), sp.Rational(17, 7))
DIGITS = 60


def equal(a: sp.Expr, b: sp.Expr) -> bool:
    """Whether the values agree to 40 digits, relative, at three points with positive coordinates."""
    letters = sorted(a.free_symbols | b.free_symbols, key=lambda s: s.name)
    for shift in range(3):
        point = {s: POINTS[(i + shift) % len(POINTS)] + sp.Rational(shift, 3) for i, s in enumerate(letters)}
        left, right = (sp.N(e.subs(point), DIGITS, maxn=4000) for e in (a, b))
        size = max(abs(left), abs(right))
        if size != 0 and abs(left - right) > size * sp.Float(10) ** -40:
            return False
    return True


def _bumped(e: sp.Expr, draw: Draw) -> Iterator[tuple[sp.Expr, str]]:
    """Changes at the top of the expression."""
    yield -e, "sign"
    yield e + draw.one([1, -1]), "off by one"
    yield e * draw.one([2, sp.Rational(1, 2), 10]), "factor"
    if e.is_Add:
        terms = sp.Add.make_args(e)
        chosen = draw.one(terms)
        yield e - 2 * chosen, "sign of a term"
        yield e - chosen, "a term is missing"
        yield e + chosen, "a term is doubled"
    if e.is_Mul:
        factors = [f for f in sp.Mul.make_args(e) if f != -1]
        yield e / draw.one(factors), "a factor is missing"
    if not e.is_Add and not e.is_number:
        yield 1 / e, "reciprocal"


def _inside(e: sp.Expr, draw: Draw) -> Iterator[tuple[sp.Expr, str]]:
    """Changes of one place inside the expression."""
    nodes = list(sp.preorder_traversal(e))
    numbers = [n for n in nodes if n.is_Integer and abs(n) > 1]
    powers = [n for n in nodes if n.is_Pow and n.exp.is_Integer and n.exp > 1]
    functions = [n for n in nodes if isinstance(n, sp.sin | sp.cos | sp.tan)]
    letters = sorted(e.free_symbols, key=lambda s: s.name)
    if numbers:
        number = draw.one(numbers)
        yield e.subs(number, number + draw.one([1, -1])), "a number is off by one"
    if powers:
        power = draw.one(powers)
        yield e.subs(power, power.base ** (power.exp + 1)), "wrong exponent"
    if functions:
        function = draw.one(functions)
        swapped = {sp.sin: sp.cos, sp.cos: sp.sin, sp.tan: sp.sin}[function.func]
        yield e.subs(function, swapped(*function.args)), "another function"
    if len(letters) > 1:
        a, b = draw.few(letters, 2)
        yield e.subs({a: b, b: a}, simultaneous=True), "letters swapped"
    elif letters:
        yield e.subs(letters[0], sp.Symbol("k" if letters[0].name != "k" else "m")), "another letter"


def near(e: sp.Expr, draw: Draw, count: int = 4) -> list[tuple[sp.Expr, str]]:
    """Expressions that look like this one and are not equal to it."""
    changed = [*_bumped(e, draw), *_inside(e, draw)]
    draw.shuffle(changed)
    found: list[tuple[sp.Expr, str]] = []
    for other, why in changed:
        if len(found) == count:
            break
        proper = not other.has(sp.nan, sp.zoo, sp.oo) and (other.free_symbols or not e.free_symbols)
        if proper and not equal(e, other):
            found.append((other, why))
    return found
