"""Answers of several parts: points, sets, lists, intervals, unions, matrices, plus-minus pairs."""

from __future__ import annotations

import sympy as sp

from .forms import coefficient
from .notation import Latex, Plain
from .trusted import equal
from .value import Draw, Value, distinct

BOTH = "\\pm"
SURDS = (sp.sqrt(2), sp.pi, sp.sqrt(3) / 2, sp.pi / 3, 1 + sp.sqrt(5), sp.E)


def entry(draw: Draw) -> sp.Expr:
    """An integer, a fraction or, seldom, something with a root."""
    if draw.coin(0.6):
        return sp.Integer(draw.whole(-12, 12))
    if draw.coin(0.6):
        return sp.Rational(draw.whole(-9, 9, 0), draw.randint(2, 9))
    return draw.one(SURDS)


def entries(draw: Draw, count: int) -> list[sp.Expr]:
    """Different entries."""
    found: list[sp.Expr] = []
    while len(found) < count:
        new = entry(draw)
        if all(not equal(new, old) for old in found):
            found.append(new)
    return found


def texts(draw: Draw, items: list[sp.Expr]) -> list[str]:
    """All items in one style, LaTeX or plain."""
    style = Latex(draw) if draw.coin(0.6) else Plain(draw)
    return [style(item) for item in items]


def changed(draw: Draw, items: list[sp.Expr]) -> tuple[list[sp.Expr], str]:
    """The items with one of them changed into a value that is none of them."""
    place = draw.randrange(len(items))
    for new, why in ((-items[place], "sign"), (items[place] + 1, "off by one"), (items[place] + 7, "another entry")):
        if all(not equal(new, old) for old in items):
            return [*items[:place], new, *items[place + 1 :]], why
    return [*items[:place], items[place] + 100, *items[place + 1 :]], "another entry"


def parenthesised(draw: Draw, items: list[sp.Expr]) -> str:
    inner = draw.one([", ", ",", ",\\ ", " , "]).join(texts(draw, items))
    return draw.one(["({})", "\\left({}\\right)", "\\left( {} \\right)", "( {} )", "\\big({}\\big)"]).format(inner)


def point(draw: Draw) -> Value:
    items = entries(draw, draw.randint(2, 4))
    same = [parenthesised(draw, items) for _ in range(4)]
    wrong, why = changed(draw, items)
    other = [
        (wrong, why),
        (items[:-1] if len(items) > 2 else [*items, sp.Integer(0)], "length"),
        ([*items, items[0]], "extra"),
    ]
    other.append(([items[1], items[0], *items[2:]], "swapped"))
    bad = [(parenthesised(draw, o), why) for o, why in other]
    bad.append((braced(draw, items), "a set"))
    return Value(distinct(*same), tuple(bad))


def named_point(draw: Draw) -> Value:
    """Coordinates by name, and as a pair."""
    names = draw.one([("x", "y"), ("a", "b"), ("x", "y", "z"), ("p", "q"), ("m", "n")])
    items = entries(draw, len(names))
    written = texts(draw, items)
    pair = parenthesised(draw, items)

    def named(values: list[str]) -> str:
        joint = draw.one([", ", ",\\ ", " \\text{ and } ", ", \\quad "])
        return joint.join(f"{n} = {v}" for n, v in zip(names, values, strict=True))

    same = (named(written), named(written), f"({','.join(names)}) = {pair}", f"({', '.join(names)})={pair}")
    turned = texts(draw, [items[1], items[0], *items[2:]])
    wrong, why = changed(draw, items)
    other = (
        (named(turned), "swapped"),
        (named(texts(draw, wrong)), why),
        (f"({','.join(names)}) = {parenthesised(draw, wrong)}", why),
        (f"{names[0]} = {written[0]}", "one coordinate"),
        (", ".join(f"{n} = {v}" for n, v in zip((*names[:-1], "w"), written, strict=True)), "another name"),
    )
    return Value(distinct(*same, pair), other, references=distinct(*same))


def braced(draw: Draw, items: list[sp.Expr]) -> str:
    inner = draw.one([", ", ","]).join(texts(draw, items))
    return draw.one(
        ["\\{{{}\\}}", "\\left\\{{{}\\right\\}}", "\\{{ {} \\}}", "\\left\\{{ {} \\right\\}}", "\\lbrace {} \\rbrace"]
    ).format(inner)


def finite_set(draw: Draw) -> Value:
    items = entries(draw, draw.randint(2, 5))
    mixed = draw.few(items, len(items))
    wrong, why = changed(draw, items)
    extra = max(items, key=float) + 1
    plain = ", ".join(Plain(draw)(i) for i in mixed)
    same = (
        braced(draw, items),
        braced(draw, mixed),
        braced(draw, mixed),
        f"{{{plain}}}",
        f"x \\in {braced(draw, items)}",
        plain,
    )
    other = (
        (braced(draw, wrong), why),
        (braced(draw, items[1:]), "missing"),
        (braced(draw, [*items, extra]), "extra"),
        (parenthesised(draw, items), "a tuple"),
    )
    return Value(distinct(*same), other, references=same[:4])


def answer_list(draw: Draw) -> Value:
    """Several answers, in any order, joined in the ways people join them."""
    items = entries(draw, draw.randint(2, 4))
    name = draw.one(["x", "n", "t"])

    def joined(values: list[sp.Expr]) -> str:
        shown = texts(draw, draw.few(values, len(values)))
        if len(shown) < 2:
            return shown[0]
        way = draw.randint(0, 6)
        if way == 0:
            return draw.one([", ", "; ", ",", ",\\ "]).join(shown)
        if way == 1:
            return ", ".join(shown[:-1]) + draw.one([" and ", " \\text{ and } ", " or ", " \\text{ or } "]) + shown[-1]
        if way == 2:
            return ", ".join(shown[:-1]) + draw.one([", and ", ", or ", ", \\text{ and } "]) + shown[-1]
        if way == 3:
            return f"{name} = " + f", {name} = ".join(shown)
        if way == 4:
            return f"{name} = " + f" \\text{{ or }} {name} = ".join(shown)
        return (
            f"{name} = {', '.join(shown)}"
            if way == 5
            else f"{name} = {shown[0]} or {name} = " + f" or {name} = ".join(shown[1:])
        )

    wrong, why = changed(draw, items)
    extra = max(items, key=float) + 1
    other = (
        (joined(wrong), why),
        (joined(items[1:]), "missing"),
        (joined([*items, extra]), "extra"),
        (joined([items[0]]), "one of several"),
    )
    return Value(distinct(*(joined(items) for _ in range(5))), other)


def plus_minus(draw: Draw) -> Value:
    a, b = sp.Integer(draw.whole(-9, 9, 0)), sp.sqrt(draw.one([2, 3, 5, 7, 11, 13])) * draw.randint(1, 3)
    q = draw.one([1, 1, 2, 3])
    u, v = Latex(draw)(a), Latex(draw)(b)
    v = v if v.startswith("\\sqrt") or v[0].isdigit() else f"({v})"
    both = [(a + b) / q, (a - b) / q]

    def short(sign: str, u: str = u) -> str:
        return f"{u} {sign} {v}" if q == 1 else f"\\frac{{{u} {sign} {v}}}{{{q}}}"

    plain = f"{a} ± {Plain(draw)(b)}" if q == 1 else f"({a} ± {Plain(draw)(b)})/{q}"
    pair = texts(draw, both)
    same = (
        short("\\pm"),
        f"x = {short(BOTH)}",
        plain,
        ", ".join(pair),
        braced(draw, both),
        f"x = {pair[1]} \\text{{ or }} x = {pair[0]}",
        short("\\mp"),
    )
    other = (
        (pair[0], "one of two"),
        (short("-"), "one of two"),
        (short("\\pm", Latex(draw)(-a)), "sign"),
        (short("\\pm", Latex(draw)(a + 1)), "off by one"),
        (braced(draw, [both[0], -both[1]]), "sign"),
    )
    return Value(distinct(*same), other)


def matrix(draw: Draw) -> Value:
    rows, columns = draw.one([(2, 2), (2, 2), (3, 3), (2, 3), (3, 1), (2, 1)])
    m = sp.Matrix(rows, columns, lambda i, j: entry(draw))

    def shown(m: sp.Matrix) -> str:
        cells = [texts(draw, list(m.row(i))) for i in range(m.rows)]
        way = draw.randint(0, 6)
        if way == 0 and m.cols > 1:
            return "[" + ", ".join("[" + ", ".join(row) + "]" for row in cells) + "]"
        if way == 1:
            return str(m)  # Matrix([[1, 2], [3, 4]])
        if way == 2:
            return sp.latex(m)
        body = draw.one([" \\\\ ", "\\\\ ", "\\\\\n"]).join(draw.one([" & ", "&"]).join(row) for row in cells)
        if way == 3:
            return f"\\left(\\begin{{array}}{{{'c' * m.cols}}}{body}\\end{{array}}\\right)"
        kind = draw.one(["pmatrix", "bmatrix", "pmatrix"])
        return f"\\begin{{{kind}}}{body}\\end{{{kind}}}"

    bad: list[tuple[sp.Matrix, str]] = [
        (m.copy(), "an entry"),
        (-m, "sign"),
        (m.col_insert(0, m.col(0)), "a column more"),
    ]
    i, j = draw.randrange(rows), draw.randrange(columns)
    bad[0][0][i, j] = m[i, j] + draw.one([1, -1, 5])
    bad += [(m.T, "transposed"), (m[:, ::-1], "columns swapped"), (m[::-1, :], "rows swapped"), (2 * m, "factor")]
    wrong = [
        (shown(other), why)
        for other, why in bad
        if other.shape != m.shape or any(not equal(a, b) for a, b in zip(other, m, strict=True))
    ]
    if columns == 1:
        wrong = [w for w in wrong if w[1] != "transposed"]  # policy: a vector may be written either way
    return Value(distinct(*(shown(m) for _ in range(5))), tuple(wrong))


def determinant(draw: Draw) -> Value:
    m = sp.Matrix(2, 2, lambda i, j: coefficient(draw))
    a, b, c, d = m
    value = int(m.det())
    body = f"{a} & {b} \\\\ {c} & {d}"
    same = (str(value), f"\\begin{{vmatrix}} {body} \\end{{vmatrix}}")
    other = (
        (str(value + 1), "off by one"),
        (str(-value or 7), "sign"),
        (f"\\begin{{vmatrix}} {a} & {b} \\\\ {c} & {d + 1} \\end{{vmatrix}}", "an entry"),
        (f"\\begin{{pmatrix}} {body} \\end{{pmatrix}}", "a matrix"),
    )
    return Value(same, other, references=same[1:])
