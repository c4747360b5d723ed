"""Quantities of several units, rates, inequalities with an absolute value, numerals with letters, labelled options."""

from __future__ import annotations

from fractions import Fraction

from .numerals import decimal
from .value import Draw, Value, distinct


def compound(draw: Draw) -> Value:
    """Hours and minutes, feet and inches."""
    if draw.coin():
        h, m = draw.whole(1, 9), draw.one([10, 12, 15, 20, 30, 45, 6, 18])
        total = 60 * h + m
        references = (
            f"{h} hours {m} minutes",
            f"{h}\\text{{ hours }}{m}\\text{{ minutes}}",
            f"{h} hours and {m} minutes",
            f"{h} h {m} min",
        )
        same = [*references, f"{total} minutes", f"{total}\\text{{ min}}"]
        if (hours := decimal(Fraction(total, 60))) is not None:
            same.append(f"{hours} hours")
        other = (
            (f"{h} hours {m + 1} minutes", "a minute"),
            (f"{total + 1} minutes", "a minute"),
            (f"{h + 1} hours {m} minutes", "an hour"),
            (
                f"{h}.{m} hours" if m not in (0,) and Fraction(f"{h}.{m}") != Fraction(total, 60) else f"{total} hours",
                "minutes for decimals",
            ),
            (f"{h} hours", "minutes missing"),
        )
        return Value(distinct(*same), other, references=references)
    ft, inches = draw.whole(2, 9), draw.whole(1, 11)
    references = (
        f"{ft} feet {inches} inches",
        f"{ft}\\text{{ ft }}{inches}\\text{{ in}}",
        f"{ft}\\text{{ feet }} {inches} \\text{{ inches}}",
    )
    total = 12 * ft + inches
    other = (
        (f"{ft} feet {(inches + 1) % 12} inches", "an inch"),
        (f"{total + 1} inches", "an inch"),
        (f"{inches} feet {ft} inches" if inches != ft else f"{ft} feet", "swapped"),
        (f"{total} feet", "another unit"),
    )
    return Value((*references, f"{total} inches", f"{total}\\text{{ inches}}"), other, references=references)


#: pairs of units of one kind, and how many of the second one of the first is
_RATES = (
    (("km/h", "\\text{ km/h}", "\\frac{\\text{km}}{\\text{h}}"), ("m/min", "\\text{ m/min}"), Fraction(50, 3)),
    (
        ("m/s", "\\text{ m/s}", "\\text{ m s}^{-1}", "\\,\\mathrm{m\\,s^{-1}}"),
        ("km/h", "\\text{ km/h}"),
        Fraction(18, 5),
    ),
    (("g/cm^3", "\\text{ g/cm}^3", "\\,\\mathrm{g/cm^3}"), ("kg/m^3", "\\text{ kg/m}^3"), Fraction(1000)),
    (("m^3", "\\text{ m}^3", "\\text{ cubic meters}"), ("L", "\\text{ liters}"), Fraction(1000)),
    (("km^2", "\\text{ km}^2", "\\text{ square kilometers}"), ("m^2", "\\text{ m}^2"), Fraction(1000000)),
    (("L", "\\text{ L}"), ("cm^3", "\\text{ cm}^3"), Fraction(1000)),
    (("miles per hour", "mph", "\\text{ mph}", "\\text{ miles/hour}"), ("miles per minute",), Fraction(1, 60)),
    (("dollars per hour", "\\text{ dollars per hour}"), ("cents per hour",), Fraction(100)),
    (("m/s^2", "\\text{ m/s}^2", "\\,\\mathrm{m/s^2}"), ("cm/s^2", "\\text{ cm/s}^2"), Fraction(100)),
)


def rate(draw: Draw) -> Value:
    """Units with powers and quotients."""
    ours, theirs, factor = draw.one(_RATES)
    n = draw.whole(1, 40) * (60 if factor.denominator > 1 else 1)
    converted = n * factor
    other_number = decimal(converted) or f"\\frac{{{converted.numerator}}}{{{converted.denominator}}}"

    def shown(number: str, units: tuple[str, ...]) -> str:
        unit = draw.one(units)
        return number + ("" if unit.startswith(("\\text{ ", "\\,")) else " ") + unit

    references = distinct(*(shown(str(n), ours) for _ in range(3)))
    same = (*references, shown(str(n), ours), str(n), shown(other_number, theirs))
    other = (
        (shown(str(n), theirs), "another unit"),
        (shown(str(n + 1), ours), "off by one"),
        (shown(str(n), ("kg", "\\text{ kg}")), "another dimension"),
        (shown(str(n), ("m", "\\text{ m}")), "another dimension"),
        (shown(str(10 * n), ours), "ten times"),
    )
    return Value(distinct(*same), other, references=references)


def absolute_inequality(draw: Draw) -> Value:
    a, r = draw.whole(-9, 9), draw.whole(1, 9)
    inside = f"x{-a:+d}" if a else "x"
    low, high = a - r, a + r
    if draw.coin():
        same = (
            f"|{inside}| < {r}",
            f"{low} < x < {high}",
            f"({low}, {high})",
            f"x \\in ({low}, {high})",
            f"abs({inside}) < {r}",
            f"{r} > |{inside}|",
        )
        other = (
            (f"|{inside}| \\le {r}", "strictness"),
            (f"|{inside}| > {r}", "direction"),
            (f"[{low}, {high}]", "closed"),
            (f"({low}, {high + 1})", "off by one"),
            (f"|x{a + 1:+d}| < {r}" if a else f"|x+1| < {r}", "centre"),
            (f"x < {high}", "one half"),
        )
        return Value(same, tuple(o for o in other if a != -a - 1 or o[1] != "centre"))
    same = (
        f"|{inside}| \\ge {r}",
        f"(-\\infty, {low}] \\cup [{high}, \\infty)",
        f"x \\le {low} \\text{{ or }} x \\ge {high}",
        f"x <= {low} or x >= {high}",
        f"|{inside}| >= {r}",
    )
    other = (
        (f"|{inside}| > {r}", "strictness"),
        (f"(-\\infty, {low}) \\cup ({high}, \\infty)", "open"),
        (f"x \\ge {high}", "one half"),
        (f"[{low}, {high}]", "the inside"),
        (f"(-\\infty, {low}] \\cup [{high + 1}, \\infty)", "off by one"),
    )
    return Value(same, other)


def hexadecimal(draw: Draw) -> Value:
    n = draw.whole(160, 65535)
    while not any(c in "ABCDEF" for c in f"{n:X}") or not f"{n:X}"[0].isdigit():
        n = draw.whole(160, 65535)
    text = f"{n:X}"
    same = (
        f"{text}_{{16}}",
        f"\\text{{{text}}}_{{16}}",
        f"{text.lower()}_{{16}}",
        f"({text})_{{16}}",
        f"\\mathrm{{{text}}}_{{16}}",
    )
    other = (
        (f"{n + 1:X}_{{16}}", "off by one"),
        (f"{text}0_{{16}}", "a digit more"),
        (f"{n ^ 0x30:X}_{{16}}", "a digit"),
    )
    return Value(same, other)


def labelled_option(draw: Draw) -> Value:
    """The reference names the option and says what it is."""
    letter, wrong = draw.few("ABCDE", 2)
    content, against = draw.few(["Paris", "London", "Rome", "Vienna", "a square", "a triangle", "green", "the moon"], 2)
    references = (f"({letter}) {content}", f"{letter}. {content}", f"\\text{{({letter}) {content}}}")
    same = (*references, letter, f"({letter})", f"\\text{{{letter}}}")
    other = (
        (wrong, "another option"),
        (f"({wrong})", "another option"),
        (f"({wrong}) {against}", "another option"),
        (f"\\text{{({wrong})}}", "another option"),
    )
    return Value(same, other, references=references)
