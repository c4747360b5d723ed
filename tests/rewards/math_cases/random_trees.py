"""Expressions nobody thought of: random trees, rewritten by SymPy and changed at random."""

from __future__ import annotations

import sympy as sp

from .forms import LETTERS
from .notation import one_way, written
from .trusted import equal, near
from .value import Draw, Value, distinct

_ONE = (sp.sin, sp.cos, sp.exp, sp.sqrt, sp.Abs)


def tree(draw: Draw, letters: list[sp.Symbol], depth: int) -> sp.Expr:
    """A random expression; of numbers only where there are no letters."""
    if depth == 0 or draw.coin(0.15):
        if letters and draw.coin(0.7):
            return draw.one(letters)
        leaves = [
            sp.Integer(draw.whole(-9, 9, 0)),
            sp.Rational(draw.whole(1, 9), draw.whole(2, 7)),
            sp.Integer(draw.whole(2, 30)),
        ]
        return draw.one([*leaves, sp.pi, sp.sqrt(draw.whole(2, 11)), sp.E] if not letters else leaves)
    a = tree(draw, letters, depth - 1)
    kind = draw.randint(0, 8)
    if kind >= 7 and (letters or draw.coin(0.4)):
        return draw.one(_ONE)(a) if letters else draw.one([sp.sqrt, sp.exp])(abs(a))
    if kind == 6:
        return a ** draw.whole(2, 3)
    b = tree(draw, letters, depth - 1)
    return a / b if kind == 5 and b != 0 else a * b if kind >= 3 else a - b if kind == 2 else a + b


_WRITABLE = (sp.sin, sp.cos, sp.exp, sp.Abs)


def _writable(e: sp.Expr) -> bool:
    return not e.has(sp.nan, sp.zoo, sp.oo, sp.I) and all(isinstance(f, _WRITABLE) for f in e.atoms(sp.Function))


def _usable(e: sp.Expr, letters: list[sp.Symbol]) -> bool:
    """Neither trivial nor huge, and a real number at two points."""
    if not _writable(e) or not 2 <= e.count_ops() <= 16 or max(map(abs, e.atoms(sp.Integer)), default=0) > 10**6:
        return False
    if any(isinstance(node, sp.exp) and node.args[0].count_ops() > 4 for node in sp.preorder_traversal(e)):
        return False
    if bool(e.free_symbols) != bool(letters):
        return False
    points = [dict(zip(letters, point, strict=False)) for point in ((2, 3), (sp.Rational(7, 5), 5))]
    return all(bool(sp.N(e.subs(point)).is_real) for point in points)


def _value(draw: Draw, letters: list[sp.Symbol]) -> Value:
    e = tree(draw, letters, 3)
    while not _usable(e, letters):
        e = tree(draw, letters, 3)
    forms = [e]
    for rewrite in (sp.expand, sp.together, sp.factor_terms):
        form = rewrite(e)
        if _writable(form) and form.count_ops() < 25 and equal(e, form):
            forms.append(form)
    wrong = [(w, why) for w, why in near(e, draw) if _writable(w) and w.count_ops() < 25]
    other = [(one_way(draw, w), why) for w, why in wrong]
    if not letters and not e.is_rational:
        tiny = sp.Rational(1, 10 ** draw.one([12, 20, 35]))
        other.append((one_way(draw, e) + f" + 10^{{-{len(str(tiny.q)) - 1}}}", "a tiny term more"))
        other.append((f"{sp.N(e, draw.one([4, 8, 15, 30]))}", "rounded"))
    return Value(distinct(*written(draw, *forms, count=8)), tuple(other))


def random_number(draw: Draw) -> Value:
    return _value(draw, [])


def random_expression(draw: Draw) -> Value:
    return _value(draw, [sp.Symbol(draw.one(["x", "t", "a"]))])


def random_in_two_letters(draw: Draw) -> Value:
    return _value(draw, [sp.Symbol(name) for name in draw.few(LETTERS, 2)])
