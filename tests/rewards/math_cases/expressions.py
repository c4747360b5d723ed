"""Expressions in letters: each family has forms that SymPy shows to be equal."""

from __future__ import annotations

import sympy as sp

from .forms import LETTERS, coefficient, letter, of_forms
from .notation import one_way, written
from .trusted import near
from .value import Draw, Value, distinct


def polynomial(draw: Draw) -> Value:
    x = letter(draw)
    a, b, c, d = (coefficient(draw) for _ in range(4))
    if draw.coin():
        e = draw.one(
            [(a * x + b) * (c * x + d), (x + a) ** 2 * (x + b), (x + a) * (x + b) * (x + c), (x**2 + a) * (x + b)]
        )
        return of_forms(draw, sp.expand(e), e, sp.factor(e))
    e = a * x ** draw.randint(2, 5) + b * x + sp.Rational(c, draw.one([1, 1, 2, 3]))
    return of_forms(draw, e, sp.horner(e), sp.factor(e))


def several_letters(draw: Draw) -> Value:
    x, y, z = sp.symbols(draw.few(LETTERS, 3))
    a, b, c = (coefficient(draw) for _ in range(3))
    e = draw.one(
        [
            (x + a * y) * (x - b * y),
            (x + y) ** 2 + c * x * y,
            (x + y + z) ** 2,
            (x - y) * (x**2 + x * y + y**2),
            a * x * y + b * y * z + c,
            x * (y + a) ** 2,
        ]
    )
    return of_forms(draw, sp.expand(e), e)


def rational_function(draw: Draw) -> Value:
    x = letter(draw)
    a, b, c = coefficient(draw), coefficient(draw), draw.whole(1, 9)
    if draw.coin():
        e = (x + a) / (x + b) if a != b else (x + a) / (2 * x + 1 + 2 * b)
        return of_forms(draw, e, sp.apart(e), sp.together(e))
    e = c / (x + a) + 1 / (x + a + 2)
    return of_forms(draw, e, sp.together(e), sp.factor(e))


def trig_identity(draw: Draw) -> Value:
    x = sp.Symbol(draw.one(["x", "x", "t", "theta", "a"]))
    k = draw.whole(1, 5)
    pairs = [
        (sp.sin(2 * x), 2 * sp.sin(x) * sp.cos(x)),
        (sp.cos(2 * x), 1 - 2 * sp.sin(x) ** 2),
        (sp.cos(2 * x), 2 * sp.cos(x) ** 2 - 1),
        (sp.tan(x) ** 2 + 1, sp.sec(x) ** 2),
        (sp.tan(x), sp.sin(x) / sp.cos(x)),
        (sp.sin(x) ** 2, (1 - sp.cos(2 * x)) / 2),
        (sp.sin(3 * x), 3 * sp.sin(x) - 4 * sp.sin(x) ** 3),
        (sp.cos(x) ** 2 + k, k + 1 - sp.sin(x) ** 2),
        (1 / sp.cos(x), sp.sec(x)),
        (sp.cot(x), sp.cos(x) / sp.sin(x)),
        (sp.cos(x) ** 4 - sp.sin(x) ** 4, sp.cos(2 * x)),
        ((sp.sin(x) + sp.cos(x)) ** 2, 1 + sp.sin(2 * x)),
    ]
    a, b = draw.one(pairs)
    return of_forms(draw, k * a, k * b)


def exponential(draw: Draw) -> Value:
    x = letter(draw)
    a, k = draw.whole(2, 6), draw.whole(1, 5)
    pairs = [
        (sp.exp(a * x), sp.exp(x) ** a),
        (sp.exp(x + k), sp.E**k * sp.exp(x)),
        (k * sp.exp(-x), k / sp.exp(x)),
        ((sp.exp(x) + sp.exp(-x)) / 2, sp.cosh(x)),
        (a ** (x + 1), a * a**x),
        ((1 + sp.exp(-x)) * sp.exp(x), sp.exp(x) + 1),
        (x * sp.exp(x) - k * sp.exp(x), (x - k) * sp.exp(x)),
        (sp.E**2 - k / sp.E, (sp.E**3 - k) / sp.E),
    ]
    return of_forms(draw, *draw.one(pairs))


def absolute(draw: Draw) -> Value:
    x = letter(draw)
    a, k = draw.whole(1, 9), draw.whole(1, 5)
    extra = (
        (f"|{a}-{x}|", f"\\lvert {x}-{a} \\rvert", f"abs({a}-{x})", f"\\left|{x}-{a}\\right|")
        if k == 1 and x.name != "theta" and len(x.name) == 1
        else ()
    )
    value = of_forms(draw, k * sp.Abs(x - a), k * sp.Abs(a - x), extra=extra)
    wrong = one_way(draw, k * (x - a)), one_way(draw, k * (a - x))
    return Value(value.same, (*value.other, (wrong[0], "no absolute value"), (wrong[1], "no absolute value")))


def definition(draw: Draw) -> Value:
    """`f(x) = ...` or `y = ...` for the expression, and `x = 3` for 3."""
    x = sp.Symbol("x")
    a, b = coefficient(draw), coefficient(draw)
    if draw.coin():
        e = a * x ** draw.randint(1, 3) + b
        texts, wrong = written(draw, e), near(e, draw)
        name = draw.one(["f(x)", "P(x)", "g(x)"])
        same = (*texts, *(f"{name} = {t}" for t in texts[:3]), f"y = {texts[0]}")
        bad = [one_way(draw, w) for w, _ in wrong]
        return Value(
            same,
            tuple((t, "another function") for t in bad) + tuple((f"{name} = {t}", "another function") for t in bad),
        )
    value = sp.Rational(a, draw.one([1, 1, 2, 3]))
    name = draw.one(["x", "n", "k", "\\theta", "a_1", "m"])
    texts = written(draw, value)
    same = (*texts, *(f"{name} = {t}" for t in texts), f"{name}={texts[0]}", f"{texts[0]} = {name}")
    other = [
        (f"{name} = {one_way(draw, value + 1)}", "off by one"),
        (f"{name} = {one_way(draw, -value)}", "sign"),
        (f"{one_way(draw, value - 1)}", "off by one"),
        (name, "no value"),
    ]
    return Value(distinct(*same), tuple(other))
