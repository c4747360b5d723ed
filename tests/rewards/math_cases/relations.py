"""Equations of lines, circles and planes up to a factor, congruences, ratios."""

from __future__ import annotations

from math import gcd

import sympy as sp

from .notation import Latex, Plain
from .value import Draw, Value, distinct


def equation(draw: Draw, left: sp.Expr, right: sp.Expr) -> str:
    style = Latex(draw) if draw.coin(0.6) else Plain(draw)
    return style(left) + draw.one([" = ", "="]) + style(right)


def line(draw: Draw) -> Value:
    x, y = sp.symbols("x y")
    a, b, c = (sp.Integer(draw.whole(-9, 9, 0)) for _ in range(3))
    e, k = a * x + b * y + c, draw.whole(-4, 4, 0, 1)
    sides = [
        (e, 0),
        (sp.expand(k * e), 0),
        (a * x + b * y, -c),
        (y, sp.expand(sp.solve(e, y)[0])),
        (a * x + c, -b * y),
        (0, e),
        (x, sp.expand(sp.solve(e, x)[0])),
        (b * y, -a * x - c),
    ]
    same = [equation(draw, *draw.one(sides)) for _ in range(4)] + [
        equation(draw, *s) for s in (sides[0], sides[2], sides[3])
    ]
    other = [
        (equation(draw, a * x + b * y, c), "sign of the constant"),
        (equation(draw, a * x - b * y + c, 0), "sign of a term"),
        (equation(draw, e + 1, 0), "off by one"),
        (equation(draw, y, sp.expand(-sp.solve(e, y)[0])), "sign"),
        (equation(draw, a * x**2 + b * y + c, 0), "exponent"),
        (Latex(draw)(e), "no equation"),
    ]
    if abs(a) != abs(b):
        other.append((equation(draw, b * x + a * y + c, 0), "coefficients swapped"))
    return Value(distinct(*same), tuple(other))


def conic(draw: Draw) -> Value:
    x, y = sp.symbols("x y")
    h, k = (draw.whole(-6, 6, 0) for _ in range(2))
    r2, a, b = draw.whole(1, 30), draw.whole(2, 6), draw.whole(2, 6)
    if draw.coin():
        circle = (x - h) ** 2 + (y - k) ** 2
        e = sp.expand(circle - r2)
        same = [
            equation(draw, circle, r2),
            equation(draw, e, 0),
            equation(draw, sp.expand(2 * circle), 2 * r2),
            equation(draw, r2, circle),
            equation(draw, sp.expand(circle) - h * h - k * k, r2 - h * h - k * k),
        ]
        other = [
            (equation(draw, circle, r2 + 1), "radius"),
            (equation(draw, (x + h) ** 2 + (y - k) ** 2, r2), "sign"),
            (equation(draw, e + 2, 0), "constant"),
            (equation(draw, (x - h) ** 2 - (y - k) ** 2, r2), "hyperbola"),
        ]
        if abs(h) != abs(k):
            other.append((equation(draw, (x - k) ** 2 + (y - h) ** 2, r2), "coordinates swapped"))
        return Value(distinct(*same), tuple(other))
    a = a if a != b else a + 1
    e = x**2 / a**2 + y**2 / b**2
    same = [
        equation(draw, e, 1),
        equation(draw, sp.expand(e * a**2 * b**2), a**2 * b**2),
        equation(draw, b**2 * x**2 + a**2 * y**2 - a**2 * b**2, 0),
    ]
    other = [
        (equation(draw, x**2 / b**2 + y**2 / a**2, 1), "axes swapped"),
        (equation(draw, x**2 / a**2 - y**2 / b**2, 1), "hyperbola"),
        (equation(draw, x**2 / a + y**2 / b, 1), "not squared"),
        (equation(draw, e, 2), "constant"),
    ]
    return Value(distinct(*same), tuple(other))


def plane(draw: Draw) -> Value:
    x, y, z = sp.symbols("x y z")
    a, b, c, d = (sp.Integer(draw.whole(-9, 9, 0)) for _ in range(4))
    e, k = a * x + b * y + c * z + d, draw.whole(2, 4)
    same = [
        equation(draw, e, 0),
        equation(draw, sp.expand(-e), 0),
        equation(draw, sp.expand(k * e), 0),
        equation(draw, a * x + b * y + c * z, -d),
        equation(draw, a * x + b * y, -c * z - d),
    ]
    other = [
        (equation(draw, a * x + b * y + c * z, d), "sign"),
        (equation(draw, e - 1, 0), "off by one"),
        (equation(draw, a * x + b * y - c * z + d, 0), "sign of a term"),
        (equation(draw, a * x + b * y + d, 0), "a term is missing"),
    ]
    return Value(distinct(*same), tuple(other))


def parabola(draw: Draw) -> Value:
    """`y = ...` of the second degree, complete square and expanded."""
    x, y = sp.symbols("x y")
    a, h, k = draw.whole(-4, 4, 0), draw.whole(-6, 6, 0), sp.Rational(draw.whole(-9, 9, 0), draw.one([1, 1, 2]))
    e = a * (x - h) ** 2 + k
    same = [
        equation(draw, y, e),
        equation(draw, y, sp.expand(e)),
        equation(draw, sp.expand(e), y),
        equation(draw, y - k, a * (x - h) ** 2),
        equation(draw, sp.expand(y - e), 0),
    ]
    other = [
        (equation(draw, y, a * (x + h) ** 2 + k), "sign"),
        (equation(draw, y, sp.expand(e) + 1), "off by one"),
        (equation(draw, y, -a * (x - h) ** 2 + k), "sign"),
        (equation(draw, x, e.subs(x, y)), "letters swapped"),
    ]
    return Value(distinct(*same), tuple(other))


def congruence(draw: Draw) -> Value:
    m = draw.one([5, 7, 11, 13, 17, 19, 24, 30])
    r = draw.whole(1, m - 1)
    n = draw.one(["n", "x", "k"])
    same = (
        f"{n} \\equiv {r} \\pmod{{{m}}}",
        f"{n}\\equiv {r}\\pmod {m}" if m < 10 else f"{n}\\equiv {r}\\pmod{{{m}}}",
        f"{n} ≡ {r} (mod {m})",
        f"{n} \\equiv {r} \\bmod {m}",
        f"{n} \\equiv {r} \\ (\\text{{mod }} {m})",
        f"{n} \\equiv {r + m} \\pmod{{{m}}}",
        f"{n} \\equiv {r - m} \\pmod{{{m}}}",
    )
    other = (
        (f"{n} \\equiv {r + 1} \\pmod{{{m}}}", "residue"),
        (f"{n} \\equiv {r} \\pmod{{{m + 1}}}", "modulus"),
        (f"{n} ≡ {(r + 2) % m} (mod {m})", "residue"),
        (f"{n} \\equiv {r} \\pmod{{{2 * m}}}", "modulus"),
    )
    return Value(distinct(*same), other)


def residue(draw: Draw) -> Value:
    """The reference is the residue; the congruence says it too."""
    m = draw.one([5, 7, 11, 13, 17, 19])
    r = draw.whole(1, m - 1)
    same = (str(r), f"n \\equiv {r} \\pmod{{{m}}}", f"{r} \\pmod{{{m}}}", f"x ≡ {r} (mod {m})", f"{r} \\bmod {m}")
    other = (
        (f"n \\equiv {r + 1} \\pmod{{{m}}}", "residue"),
        (str(r + 1), "off by one"),
        (f"{r + 1} \\pmod{{{m}}}", "residue"),
        (str(m), "the modulus"),
    )
    return Value(same, other, references=same[:1])


def ratio(draw: Draw) -> Value:
    a, b = draw.whole(1, 15), draw.whole(1, 15)
    while gcd(a, b) > 1 or a == b:
        a, b = draw.whole(1, 15), draw.whole(1, 15)
    same = (f"{a}:{b}", f"{a} : {b}", f"{a}\\colon {b}", f"${a}:{b}$" if draw.coin() else f"{a}:{b}")
    other = (
        (f"{b}:{a}", "turned over"),
        (f"{a + 1}:{b}", "off by one"),
        (f"{a}:{b + 1}", "off by one"),
        (f"{a}:{b}:1", "a part more"),
        (str(a + b), "the sum of the parts"),
    )
    return Value(distinct(*same[:3]), other)
