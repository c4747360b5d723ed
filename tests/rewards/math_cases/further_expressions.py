"""Powers and roots of a letter, antiderivatives, general solutions, and structures that hold expressions."""

from __future__ import annotations

import sympy as sp

from .forms import coefficient, letter, of_forms
from .notation import Latex, Plain, one_way
from .structures import braced, parenthesised
from .trusted import near
from .value import Draw, Value, distinct


def power(draw: Draw) -> Value:
    """Negative and broken exponents, of a letter that stands for a positive number."""
    x = letter(draw)
    k, n = draw.whole(2, 7), draw.whole(2, 5)
    name = Latex(draw)(x)
    forms = [
        (k * x ** (-n), (f"\\frac{{{k}}}{{{name}^{n}}}", f"{k} {name}^{{-{n}}}", f"{k}{name}^{{-{n}}}")),
        (x ** sp.Rational(3, 2), (f"{name}\\sqrt{{{name}}}", f"{name}^{{3/2}}", f"{name}^{{1.5}}")),
        (
            1 / sp.sqrt(x),
            (f"\\frac{{1}}{{\\sqrt{{{name}}}}}", f"{name}^{{-1/2}}", f"\\frac{{\\sqrt{{{name}}}}}{{{name}}}"),
        ),
        (k * sp.sqrt(x), (f"{k}\\sqrt{{{name}}}", f"{k}{name}^{{\\frac12}}", f"{k} \\sqrt {name}")),
        (x**n / k, (f"\\frac{{{name}^{n}}}{{{k}}}", f"\\frac{{1}}{{{k}}}{name}^{n}", f"\\frac1{k} {name}^{{{n}}}")),
    ]
    e, extra = draw.one(forms)
    return of_forms(draw, e, extra=extra)


def antiderivative(draw: Draw) -> Value:
    """With a constant of integration."""
    x, c = sp.symbols("x C")
    a, b = coefficient(draw), draw.whole(1, 6)
    e = draw.one(
        [a * x**3 / 3 + b * x, a * sp.sin(b * x) / b, sp.exp(b * x) / b, (x - 1) * sp.exp(x), x * sp.log(x) - x, -a / x]
    )
    value = of_forms(draw, e + c, sp.expand(e) + c)
    changed = [(one_way(draw, wrong + c), why) for wrong, why in near(e, draw) if (wrong - e).free_symbols - {c}]
    return Value(value.same, ((one_way(draw, e), "no constant"), *changed))  # another constant is the same family


def general_solution(draw: Draw) -> Value:
    q, p, m = draw.one([3, 4, 6]), draw.whole(1, 2), draw.whole(1, 2)
    k = draw.one(["k", "n"])
    period = "" if m == 1 else str(m)
    start = f"\\frac{{{'' if p == 1 else p}\\pi}}{{{q}}}"
    same = (
        f"x = {start} + {period}{k}\\pi, {k} \\in \\mathbb{{Z}}",
        f"x = {start} + {period}\\pi {k}, \\ {k} \\in \\mathbb{{Z}}",
        f"x={start}+{period}{k}\\pi, \\quad {k}\\in\\mathbb{{Z}}",
        f"x = {period}{k}\\pi + {start}, {k} \\in \\mathbb{{Z}}",
    )
    other = (
        (f"x = -{start} + {period}{k}\\pi, {k} \\in \\mathbb{{Z}}", "sign"),
        (f"x = {start} + {m + 1}{k}\\pi, {k} \\in \\mathbb{{Z}}", "period"),
        (f"x = \\frac{{\\pi}}{{{q + 1}}} + {period}{k}\\pi, {k} \\in \\mathbb{{Z}}", "start"),
        (f"x = {start}", "one solution"),
    )
    return Value(same, other)


def points(draw: Draw) -> Value:
    """Several points, in any order."""
    count = draw.randint(2, 3)
    pairs = [tuple(sp.Integer(n) for n in draw.few(range(-9, 10), 2)) for _ in range(count)]
    while len({*pairs}) < count or any(p[::-1] in pairs for p in pairs):
        pairs = [tuple(sp.Integer(n) for n in draw.few(range(-9, 10), 2)) for _ in range(count)]

    def shown(chosen: list[tuple[sp.Integer, ...]]) -> str:
        texts = [parenthesised(draw, list(p)).replace("\\big", "") for p in draw.few(chosen, len(chosen))]
        if len(texts) == 1:
            return texts[0]
        way = draw.randint(0, 3)
        if way == 0:
            return "\\{" + ", ".join(texts) + "\\}"
        if way == 1:
            return ", ".join(texts)
        return ", ".join(texts[:-1]) + draw.one([" and ", " \\text{ and } ", " \\text{ or } "]) + texts[-1]

    turned = [pairs[0][::-1], *pairs[1:]]
    moved = [(pairs[0][0], pairs[0][1] + 20), *pairs[1:]]
    other = (
        (shown(turned), "swapped"),
        (shown(moved), "another point"),
        (shown(pairs[1:]), "missing"),
        (shown([*pairs, (sp.Integer(11), sp.Integer(12))]), "extra"),
    )
    return Value(distinct(*(shown(pairs) for _ in range(5))), other)


def expressions_inside(draw: Draw) -> Value:
    """A tuple, set or matrix of expressions in letters."""
    x = sp.Symbol(draw.one(["x", "t", "a"]))
    a, b = draw.whole(2, 7), draw.whole(2, 6)
    items = draw.few(
        [x + a, b * x, x**2 - a, sp.sqrt(x), x / b, (x + 1) * (x - a), sp.sin(x), sp.Integer(b)], draw.randint(2, 3)
    )
    other_forms = [sp.expand(e) for e in items]
    place = draw.randrange(len(items))
    wrong = [*items[:place], items[place] + 1, *items[place + 1 :]]
    kind = draw.randint(0, 2)
    if kind == 0:
        same = [parenthesised(draw, i) for i in (items, other_forms, items)]
        other = [
            (parenthesised(draw, wrong), "off by one"),
            (parenthesised(draw, items[::-1]), "order"),
            (parenthesised(draw, [-e for e in items]), "sign"),
        ]
    elif kind == 1:
        same = [braced(draw, i) for i in (items, other_forms[::-1], items[1:] + items[:1])]
        other = [
            (braced(draw, wrong if len({*wrong}) == len(items) else [*items, x + 40]), "another element"),
            (braced(draw, items[1:]), "missing"),
            (braced(draw, [*items, x + 50]), "extra"),
        ]
    else:

        def column(entries: list[sp.Expr]) -> str:
            style = Latex(draw) if draw.coin() else Plain(draw)
            body = " \\\\ ".join(style(e) for e in entries)
            return f"\\begin{{pmatrix}} {body} \\end{{pmatrix}}"

        same = [column(i) for i in (items, other_forms, items)]
        other = [
            (column(wrong), "an entry"),
            (column(items[::-1]), "order"),
            (column([2 * e for e in items]), "factor"),
        ]
    return Value(distinct(*same), tuple(other))


def labelled_expression(draw: Draw) -> Value:
    """An expression with indexed and Greek letters."""
    a, b = draw.few(["a_1", "x_2", "\\lambda", "\\theta", "v_0", "\\alpha", "R", "m", "g"], 2)
    k = draw.whole(2, 9)
    same = (
        f"{k}{a} + {b}",
        f"{b} + {k} {a}",
        f"{b}+{k}\\cdot {a}",
        f"{k} {a}+{b}",
        f"\\frac{{{2 * k} {a} + 2 {b}}}{{2}}",
    )
    other = (
        (f"{k}{b} + {a}", "letters swapped"),
        (f"{k}{a} - {b}", "sign"),
        (f"{k + 1}{a} + {b}", "off by one"),
        (f"{k}{a}", "a term is missing"),
        (f"{k}({a} + {b})", "parentheses"),
    )
    return Value(distinct(*same), other)


def logarithm_of_letter(draw: Draw) -> Value:
    """`\\ln` of letters that are positive, and `\\log` with a base."""
    a, k = draw.one(["x", "t", "n"]), draw.whole(2, 5)
    base = draw.one([2, 3, 5, 10])
    if draw.coin():
        same = (f"{k}\\ln {a}", f"{k} \\ln({a})", f"{k}*ln({a})", f"\\ln({a}^{k})", f"{k}\\ln\\left({a}\\right)")
        other = (
            (f"(\\ln {a})^{k}", "exponent outside"),
            (f"{k + 1}\\ln {a}", "off by one"),
            (f"\\ln({k}{a})", "inside"),
            (f"-{k}\\ln {a}", "sign"),
        )
        return Value(same[:3] + same[4:], other)  # \ln(x^2) is wider than 2 \ln x
    same = (
        f"\\log_{{{base}}} {a}",
        f"\\log_{{{base}}}({a})",
        f"\\frac{{\\ln {a}}}{{\\ln {base}}}",
        f"\\log_{{{base}}}\\left({a}\\right)",
    )
    other = (
        (f"\\log_{{{base + 1}}} {a}", "base"),
        (f"\\log_{{{a}}} {base}", "turned over"),
        (f"\\log_{{{base}}} ({a}+1)", "off by one"),
        (f"\\frac{{\\ln {base}}}{{\\ln {a}}}", "turned over"),
    )
    return Value(same, other)
