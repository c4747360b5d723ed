"""Closed values that need algebra, and expressions in letters: each family has forms that SymPy shows to be equal."""

from __future__ import annotations

import sympy as sp

from .notation import one_way, written
from .trusted import equal, near
from .value import Draw, Value, distinct

LETTERS = ["x", "y", "t", "n", "a", "m", "z", "k", "r", "s", "p", "q", "u", "v", "w"]


def of_forms(draw: Draw, *forms: sp.Expr, extra: tuple[str, ...] = (), count: int = 8) -> Value:
    """The value of forms that are all equal, with near misses of the first."""
    for form in forms[1:]:
        assert equal(forms[0], form), forms
    other = [(one_way(draw, wrong), why) for wrong, why in near(forms[0], draw)]
    return Value(distinct(*written(draw, *forms, count=count), *extra), tuple(other))


def letter(draw: Draw) -> sp.Symbol:
    return sp.Symbol(draw.one(LETTERS[:4]) if draw.coin(0.7) else draw.one([*LETTERS, "theta", "alpha", "beta"]))


def coefficient(draw: Draw) -> sp.Integer:
    return sp.Integer(draw.whole(-9, 9, 0))


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


def surd(draw: Draw) -> Value:
    n, k = draw.one([2, 3, 5, 6, 7, 10, 11, 13]), draw.randint(2, 7)
    a, b = draw.whole(1, 9), draw.whole(-6, 6, 0)
    root = sp.sqrt(n)
    u = sp.UnevaluatedExpr
    kind = draw.randint(0, 4)
    if kind == 0:  # sqrt(18) = 3 sqrt(2)
        extra = (
            f"\\sqrt{{{n * k * k}}}",
            f"sqrt({n * k * k})",
            f"\\sqrt {{{n * k * k}}}",
            f"{n * k * k}^{{1/2}}",
            f"√{n * k * k}",
            f"{k}\\sqrt {n}",
        )
        return of_forms(draw, k * root, extra=extra)
    if kind == 1:  # 1/sqrt(2) = sqrt(2)/2
        extra = (
            f"\\frac{{{a}}}{{\\sqrt{{{n}}}}}",
            f"{a}/sqrt({n})",
            f"{a}/\\sqrt{{{n}}}",
            f"\\frac{{{a}\\sqrt{{{n}}}}}{{{n}}}",
            f"{a}*sqrt({n})/{n}",
        )
        return of_forms(draw, a / root, extra=extra)
    if kind == 2:
        return of_forms(draw, (a + b * root) / k, sp.expand((a + b * root) / k))
    if kind == 3:  # rationalised denominator
        e = 1 / (a + u(root)).doit() if a * a != n else 1 / (a + 1 + root)
        return of_forms(draw, e, sp.radsimp(e))
    e = (a + b * root) ** 2
    return of_forms(draw, sp.expand(e), e)


def radical(draw: Draw) -> Value:
    """Nested radicals, and roots of higher order."""
    a, b = sorted(draw.few(range(2, 12), 2))
    if draw.coin():
        inner = f"{a + b}+2\\sqrt{{{a * b}}}"
        extra = (
            f"\\sqrt{{{inner}}}",
            f"sqrt({a + b}+2*sqrt({a * b}))",
            f"\\sqrt{{{a}}}+\\sqrt{{{b}}}",
            f"sqrt({b}) + sqrt({a})",
        )
        wrong = (
            (f"\\sqrt{{{a + b}-2\\sqrt{{{a * b}}}}}", "sign inside"),
            (f"\\sqrt{{{b}}}-\\sqrt{{{a}}}", "sign"),
            (f"\\sqrt{{{a + b}}}", "roots added inside"),
        )
        value = of_forms(draw, sp.sqrt(a) + sp.sqrt(b), extra=extra)
        return Value(value.same, value.other + wrong)
    k, order = draw.randint(2, 5), draw.randint(3, 5)
    n = draw.one([2, 3, 5, 7])
    extra = (
        f"\\sqrt[{order}]{{{n * k**order}}}",
        f"{k}*{n}**(1/{order})",
        f"{k}*{n}^(1/{order})",
        f"{k} \\cdot {n}^{{\\frac{{1}}{{{order}}}}}",
        f"{n * k**order}^{{1/{order}}}",
    )
    if order == 4:
        extra += (f"{k}\\sqrt{{\\sqrt{{{n}}}}}",)
    return of_forms(draw, k * sp.root(n, order), extra=extra)


def logarithm(draw: Draw) -> Value:
    a, b, k = draw.one([2, 3, 5]), draw.one([6, 7, 10]), draw.randint(2, 5)
    kind = draw.randint(0, 3)
    if kind == 0:
        extra = (
            f"\\ln {a**k}",
            f"\\ln({a**k})",
            f"{k}\\ln {a}",
            f"ln({a**k})",
            f"{k}*ln({a})",
            f"\\ln\\left({a}^{{{k}}}\\right)",
        )
        return of_forms(draw, k * sp.log(a), extra=extra)
    if kind == 1:
        same = (
            f"\\log_{{{a}}} {b}",
            f"\\log_{a} {b}",
            f"\\log_{{{a}}}({b})",
            f"\\frac{{\\ln {b}}}{{\\ln {a}}}",
            f"ln({b})/ln({a})",
            f"\\frac{{\\log {b}}}{{\\log {a}}}",
            f"\\log_{{{a}}}{{{b}}}",
        )
        other = (
            (f"\\log_{{{b}}} {a}", "base swapped"),
            (f"\\log_{{{a}}} {b + 1}", "off by one"),
            (f"\\frac{{\\ln {a}}}{{\\ln {b}}}", "turned over"),
            (f"\\ln {b} - \\ln {a}", "minus for divided by"),
        )
        return Value(same, other)
    if kind == 2:
        return Value(
            (str(k), f"\\log_{{{a}}} {a**k}", f"\\log_{a}({a**k})", f"\\log_{{{a}}}{{{a**k}}}"),
            (
                (f"\\log_{{{a}}} {a ** (k + 1)}", "another power"),
                (str(k + 1), "off by one"),
                (f"\\frac{{1}}{{{k}}}", "turned over"),
            ),
        )
    e = sp.log(a) + sp.log(b)
    return of_forms(draw, e, extra=(f"\\ln {a * b}", f"\\ln({a * b})", f"\\ln {a} + \\ln {b}", f"ln({a * b})"))


def trig_value(draw: Draw) -> Value:
    q, p = draw.one([3, 4, 6, 12]), draw.whole(1, 11)
    f = draw.one([sp.sin, sp.cos])
    angle = sp.pi * p / q
    value = f(angle)
    name = f.__name__
    extra = (
        f"\\{name}\\frac{{{p}\\pi}}{{{q}}}",
        f"{name}({p}*pi/{q})",
        f"\\{name}\\left(\\frac{{{p}\\pi}}{{{q}}}\\right)",
        f"\\{name} {180 * p // q}^\\circ",
        f"\\{name}({180 * p // q}^{{\\circ}})",
    )
    if value == 0 or value.is_integer:
        return Value((str(value), *extra), ((str(value + 1), "off by one"), (str(value - 1), "off by one")))
    return of_forms(draw, value, sp.expand(sp.sqrtdenest(value)), extra=extra)


def pi_multiple(draw: Draw) -> Value:
    p, q = draw.whole(1, 9), draw.one([1, 2, 3, 4, 5, 6, 8])
    a = draw.whole(-5, 5, 0)
    e = draw.one([sp.pi * p / q, sp.pi * p / q + a, sp.pi**2 / (q + 1), sp.sqrt(p + 1) * sp.pi / q, sp.atan(1) * p])
    extra = (f"\\frac{{{p}}}{{{q}}}\\pi", f"{p}\\pi/{q}", f"{p}π/{q}") if e == sp.pi * p / q else ()
    value = of_forms(draw, e, sp.expand(e), extra=extra)
    return Value(value.same, (*value.other, (f"{float(e):.4f}", "rounded")))


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


def complex_number(draw: Draw) -> Value:
    a, b, c, d = (coefficient(draw) for _ in range(4))
    z = a + b * sp.I
    if draw.coin():
        extra = (
            f"{a}{b:+d}i",
            f"{b}i{a:+d}",
            f"{a} {'+' if b > 0 else '-'} {abs(b)}*I",
            f"{a}{'+' if b > 0 else '-'}i\\cdot{abs(b)}",
        )
        return of_forms(draw, z, extra=tuple(e.replace("+1i", "+i").replace("-1i", "-i") for e in extra))
    e = draw.one([sp.Mul(z, c + d * sp.I, evaluate=False), z / (c + d * sp.I), (a + b * sp.sqrt(2) * sp.I) / c])
    return of_forms(draw, sp.expand_complex(e), e)


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


def rounded(draw: Draw) -> Value:
    """Floor and ceiling."""
    p, q = draw.whole(7, 99), draw.whole(2, 6)
    down, up = p // q, -(-p // q)
    n = sp.Symbol("n")
    if draw.coin(0.3):
        return of_forms(draw, sp.floor(n / 2) + 1, sp.floor((n + 2) / 2))
    same = (
        str(down),
        f"\\lfloor {p}/{q} \\rfloor",
        f"\\left\\lfloor \\frac{{{p}}}{{{q}}} \\right\\rfloor",
        f"floor({p}/{q})",
        f"\\lfloor\\frac{{{p}}}{{{q}}}\\rfloor",
    )
    other = [
        (str(down + 1), "off by one"),
        (f"\\lfloor {p + q}/{q} \\rfloor", "off by one"),
        (f"\\lceil {p + q}/{q} \\rceil", "off by one"),
    ]
    if up != down:
        other += [(f"\\lceil {p}/{q} \\rceil", "ceiling for floor"), (f"\\frac{{{p}}}{{{q}}}", "not rounded")]
    return Value(same, tuple(other))


def counting(draw: Draw) -> Value:
    """Factorials and binomials, of numbers and of n."""
    n, k = draw.whole(4, 12), draw.whole(2, 3)
    kind = draw.randint(0, 3)
    if kind == 0:
        m = int(sp.factorial(n))
        return Value(
            (f"{n}!", str(m), f"{m:,}", f"{n} \\cdot {n - 1}!", f"factorial({n})"),
            (
                (f"{n + 1}!", "off by one"),
                (str(m + 1), "off by one"),
                (f"{n - 1}!", "off by one"),
                (str(n), "no factorial"),
            ),
        )
    if kind == 1:
        m = int(sp.binomial(n, k))
        same = (
            f"\\binom{{{n}}}{{{k}}}",
            f"\\binom{{{n}}}{{{n - k}}}",
            str(m),
            f"\\dbinom{{{n}}}{{{k}}}",
            f"C({n},{k})",
            f"\\frac{{{n}!}}{{{k}!{n - k}!}}",
            f"{{{n} \\choose {k}}}",
            f"binomial({n}, {k})",
            f"\\frac{{{n}!}}{{{k}! \\cdot {n - k}!}}",
        )
        return Value(
            same,
            (
                (f"\\binom{{{n}}}{{{k + 1}}}" if 2 * k + 1 != n else str(m - 1), "next"),
                (f"\\binom{{{n + 1}}}{{{k}}}", "off by one"),
                (str(m + 1), "off by one"),
                (f"\\frac{{{n}!}}{{{n - k}!}}", "ordered"),
                (f"\\frac{{{n}}}{{{k}}}", "a fraction"),
            ),
        )
    x = sp.Symbol("n")
    if kind == 2:
        return Value(
            (f"{k}n!", f"{k} \\cdot n!", f"{k}n(n-1)!", f"{k}*n!", f"{k}\\cdot n\\cdot(n-1)!"),
            ((f"({k}n)!", "inside"), (f"{k}(n+1)!", "off by one"), ("n!", "a factor is missing")),
        )
    e = x * (x - 1) / 2
    return of_forms(
        draw, e, sp.expand(e), extra=("\\binom{n}{2}", "\\frac{n(n-1)}{2}", "C(n,2)", "\\frac{n!}{2!(n-2)!}")
    )


def sums(draw: Draw) -> Value:
    """The reference is a sum or product with bounds; its closed value is the same, other bounds are not."""
    n, k = draw.whole(4, 12), draw.whole(1, 3)
    i = sp.Symbol("k")
    total = int(sp.Sum(i**k, (i, 1, n)).doit())
    power = "" if k == 1 else f"^{k}"
    if draw.coin():
        gold = (f"\\sum_{{k=1}}^{{{n}}} k{power}", f"\\sum_{{i=1}}^{{{n}}} i{power}")
        other = (
            (f"\\sum_{{k=1}}^{{{n + 1}}} k{power}", "another bound"),
            (f"\\sum_{{k=2}}^{{{n}}} k{power}", "another bound"),
            (str(total + 1), "off by one"),
            (str(total - n**k), "last term missing"),
        )
        return Value((*gold, str(total), f"{total:,}"), other, references=gold)
    m = int(sp.factorial(n)) * 2**n
    gold = (f"\\prod_{{k=1}}^{{{n}}} 2k", f"\\prod_{{j=1}}^{{{n}}} (2j)")
    return Value(
        (*gold, str(m), f"2^{{{n}}} \\cdot {n}!"),
        (
            (f"\\prod_{{k=1}}^{{{n + 1}}} 2k", "another bound"),
            (f"{n}!", "a factor is missing"),
            (str(m + 2), "off by two"),
        ),
        references=gold,
    )


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
