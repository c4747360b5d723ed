"""Intervals, their unions, inequalities and chains: the same set of numbers in all notations."""

from __future__ import annotations

import sympy as sp

from .notation import Latex, Plain
from .structures import entry
from .value import Draw, Value, distinct


def ends(draw: Draw, count: int) -> list[sp.Expr]:
    """Increasing numbers."""
    found: list[sp.Expr] = []
    while len(found) < count:
        new = entry(draw)
        if all(abs(float(new - old)) > 1e-9 for old in found):
            found.append(new)
    return sorted(found, key=float)


def span(draw: Draw, low: sp.Expr, high: sp.Expr, closed: tuple[bool, bool], plain: bool | None = None) -> str:
    """An interval with its brackets."""
    plain = draw.coin(0.4) if plain is None else plain
    style = Plain(draw) if plain else Latex(draw)
    a, b = style(low) if low != -sp.oo else "", style(high) if high != sp.oo else ""
    infinity = draw.one(["oo", "inf", "infinity", "∞"]) if plain else "\\infty"
    a = a or f"-{infinity}"
    b = b or draw.one([infinity, infinity, f"+{infinity}"])
    left, right = "[" if closed[0] else "(", "]" if closed[1] else ")"
    if not plain and draw.coin():
        left, right = f"\\left{left}", f"\\right{right}"
    return f"{left}{a}{draw.one([', ', ','])}{b}{right}"


def less(draw: Draw, strict: bool, plain: bool, turned: bool = False) -> str:
    if turned:
        return (
            draw.one([">", " > "])
            if strict
            else draw.one([">=", " ≥ "] if plain else [" \\ge ", " \\geq ", "\\geqslant "])
        )
    return (
        draw.one(["<", " < "]) if strict else draw.one(["<=", " ≤ "] if plain else [" \\le ", " \\leq ", "\\leqslant "])
    )


def chain(draw: Draw, low: sp.Expr, high: sp.Expr, closed: tuple[bool, bool], name: str = "x") -> str:
    """a < x <= b, or b >= x > a, or one half of it where an end is infinite."""
    plain = draw.coin(0.4)
    style = Plain(draw) if plain else Latex(draw)
    if low == -sp.oo or high == sp.oo:
        end, strict = (high, not closed[1]) if low == -sp.oo else (low, not closed[0])
        below = low == -sp.oo
        if draw.coin(0.7):
            return f"{name}{less(draw, strict, plain, not below)}{style(end)}"
        return f"{style(end)}{less(draw, strict, plain, below)}{name}"
    if draw.coin(0.75):
        return f"{style(low)}{less(draw, not closed[0], plain)}{name}{less(draw, not closed[1], plain)}{style(high)}"
    signs = [less(draw, not end, plain, turned=True) for end in closed]
    return f"{style(high)}{signs[1]}{name}{signs[0]}{style(low)}"


def notations(draw: Draw, low: sp.Expr, high: sp.Expr, closed: tuple[bool, bool]) -> list[str]:
    out = [span(draw, low, high, closed) for _ in range(3)] + [chain(draw, low, high, closed) for _ in range(3)]
    out += [f"x \\in {span(draw, low, high, closed, plain=False)}"]
    if low != -sp.oo and high != sp.oo:
        over, under = chain(draw, low, sp.oo, closed), chain(draw, -sp.oo, high, closed)
        out.append(f"{over} \\text{{ and }} {under}")
    return out


def interval(draw: Draw) -> Value:
    low, high = ends(draw, 2)
    closed = draw.coin(), draw.coin()
    if draw.coin(0.35):
        low, high = (-sp.oo, high) if draw.coin() else (low, sp.oo)
    closed = closed[0] and low != -sp.oo, closed[1] and high != sp.oo
    bad: list[tuple[sp.Expr, sp.Expr, tuple[bool, bool], str]] = []
    if low != -sp.oo:
        bad += [
            (low - 1, high, closed, "low end"),
            (low, high, (not closed[0], closed[1]), "kind of the low end"),
            (-sp.oo, high, (False, closed[1]), "no low end"),
        ]
    if high != sp.oo:
        bad += [
            (low, high + 1, closed, "high end"),
            (low, high, (closed[0], not closed[1]), "kind of the high end"),
            (low, sp.oo, (closed[0], False), "no high end"),
        ]
    if low == -sp.oo:
        bad.append((high, sp.oo, (closed[1], False), "the other side"))
    if high == sp.oo:
        bad.append((-sp.oo, low, (False, closed[0]), "the other side"))
    other = [(draw.one(notations(draw, *o[:3])), o[3]) for o in bad]
    if low != -sp.oo and high != sp.oo:
        other.append(
            (f"{chain(draw, low, sp.oo, closed)} \\text{{ or }} {chain(draw, -sp.oo, high, closed)}", "or for and")
        )
    return Value(distinct(*notations(draw, low, high, closed)), tuple(other))


def union(draw: Draw) -> Value:
    a, b, c, d = ends(draw, 4)
    parts = [(a, b, (draw.coin(), draw.coin())), (c, d, (draw.coin(), draw.coin()))]
    if draw.coin():  # outside of an interval
        parts = [(-sp.oo, b, (False, draw.coin())), (c, sp.oo, (draw.coin(), False))]

    def shown(parts: list[tuple[sp.Expr, sp.Expr, tuple[bool, bool]]]) -> str:
        parts = draw.few(parts, len(parts))
        way = draw.randint(0, 4)
        if way == 0:
            return draw.one([" \\text{ or } ", " or ", "\\ \\text{or}\\ "]).join(chain(draw, *p) for p in parts)
        if way == 1:
            return draw.one([" U ", " ∪ "]).join(span(draw, *p, plain=True) for p in parts)
        text = draw.one([" \\cup ", "\\cup"]).join(span(draw, *p, plain=False) for p in parts)
        return f"x \\in {text}" if way == 2 else text

    low, high, closed = parts[0]
    flipped = (low, high, (closed[0], not closed[1]))
    moved = (low, high + 1 if float(high + 1) < float(parts[1][0]) else high - sp.Rational(1, 50), closed)
    bad = [
        ([parts[0]], "a part is missing"),
        ([flipped, parts[1]], "kind of an end"),
        ([parts[1]], "a part is missing"),
        ([(parts[0][0], parts[1][1], (closed[0], parts[1][2][1]))], "the gap is missing"),
    ]
    wrong = [(shown(p), why) for p, why in bad]
    wrong.append((" \\text{ and } ".join(chain(draw, *p) for p in parts), "and for or"))
    if float(moved[1]) > float(low if low != -sp.oo else -1e9):
        wrong.append((shown([moved, parts[1]]), "another end"))
    return Value(distinct(*(shown(parts) for _ in range(6))), tuple(wrong))


def punctured(draw: Draw) -> Value:
    """All numbers but one or two."""
    a, b = ends(draw, 2)
    style = Latex(draw)
    s, t = style(a), style(b)
    if draw.coin():
        same = (
            f"(-\\infty, {s}) \\cup ({s}, \\infty)",
            f"x \\neq {s}",
            f"x \\ne {s}",
            f"\\mathbb{{R}} \\setminus \\{{{s}\\}}",
            f"x != {Plain(draw)(a)}",
        )
        other = (
            (f"x = {s}", "equal for unequal"),
            (f"x \\neq {style(a + 1)}", "another number"),
            (f"(-\\infty, {s}] \\cup [{s}, \\infty)", "closed"),
            ("\\mathbb{R}", "all"),
            (f"(-\\infty, {s})", "one half"),
        )
        return Value(same, other)
    same = (
        f"(-\\infty, {s}) \\cup ({s}, {t}) \\cup ({t}, \\infty)",
        f"\\mathbb{{R}} \\setminus \\{{{s}, {t}\\}}",
        f"({s}, {t}) \\cup (-\\infty, {s}) \\cup ({t}, \\infty)",
    )
    other = (
        (f"(-\\infty, {s}) \\cup ({t}, \\infty)", "the middle is missing"),
        (f"(-\\infty, {s}) \\cup ({s}, {t}] \\cup ({t}, \\infty)", "closed"),
        (f"\\mathbb{{R}} \\setminus \\{{{s}\\}}", "one of two"),
    )
    return Value(same, other)


def inequality(draw: Draw) -> Value:
    """One bound, rearranged and scaled."""
    name = draw.one(["x", "x", "t", "n", "a"])
    x = sp.Symbol(name)
    bound, k = draw.whole(-12, 12, 0), draw.whole(2, 7)
    strict, below = draw.coin(), draw.coin()

    def shown(left: sp.Expr, right: sp.Expr, strict: bool, below: bool) -> str:
        plain = draw.coin(0.4)
        style = Plain(draw) if plain else Latex(draw)
        return f"{style(left)}{less(draw, strict, plain, not below)}{style(right)}"

    c = draw.whole(-6, 6)
    sides = [
        (x, bound, below),
        (bound, x, not below),
        (k * x, sp.Integer(k * bound), below),
        (x - bound, 0, below),
        (-x, -bound, not below),
        (k * x + c, k * bound + c, below),
    ]
    same = tuple(shown(left, right, strict, b) for left, right, b in sides)
    other = (
        (shown(x, bound, not strict, below), "strictness"),
        (shown(x, bound, strict, not below), "direction"),
        (shown(x, -bound, strict, below), "sign"),
        (shown(x, bound + 1, strict, below), "off by one"),
        (f"{name} = {bound}", "an equation"),
        (shown(-x, -bound, strict, below), "sign change forgot the direction"),
        (str(bound), "only the bound"),
    )
    return Value(distinct(*same), other)
