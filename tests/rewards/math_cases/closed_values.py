"""Closed values that need algebra: roots, logarithms, angles, complex numbers, factorials, sums."""

from __future__ import annotations

import sympy as sp

from .forms import coefficient, of_forms
from .value import Draw, Value


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


def complex_number(draw: Draw) -> Value:
    a, b, c, d = (coefficient(draw) for _ in range(4))
    z = a + b * sp.I
    if draw.coin():
        extra = (
            f"{a}{int(b):+d}i",
            f"{b}i{int(a):+d}",
            f"{a} {'+' if b > 0 else '-'} {abs(b)}*I",
            f"{a}{'+' if b > 0 else '-'}i\\cdot{abs(b)}",
        )
        return of_forms(draw, z, extra=tuple(e.replace("+1i", "+i").replace("-1i", "-i") for e in extra))
    e = draw.one([sp.Mul(z, c + d * sp.I, evaluate=False), z / (c + d * sp.I), (a + b * sp.sqrt(2) * sp.I) / c])
    return of_forms(draw, sp.expand_complex(e), e)


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
