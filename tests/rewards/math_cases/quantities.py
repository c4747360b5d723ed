"""Percentages, quantities with units, money, dates, times of day, numerals in other bases."""

from __future__ import annotations

import calendar
from fractions import Fraction

from .numerals import decimal
from .value import Draw, Value, distinct

#: dimension -> {unit: (how many base units it is, notations)}
UNITS: dict[str, dict[str, tuple[Fraction, tuple[str, ...]]]] = {
    "length": {
        "mm": (Fraction(1, 1000), ("mm", "\\text{ mm}", "millimeters")),
        "cm": (Fraction(1, 100), ("cm", "\\text{ cm}", "\\,\\mathrm{cm}", "centimeters")),
        "m": (Fraction(1), ("m", "\\text{ m}", "\\,\\text{m}", "meters", "\\mbox{ meters}")),
        "km": (Fraction(1000), ("km", "\\text{ km}", "\\mathrm{km}", "kilometers")),
    },
    "imperial length": {
        "in": (Fraction(1), ("inches", "\\text{ inches}", "\\text{ in}")),
        "ft": (Fraction(12), ("feet", "\\text{ feet}", "ft")),
        "yd": (Fraction(36), ("yards", "\\text{ yards}")),
    },
    "mass": {
        "mg": (Fraction(1, 1000), ("mg", "\\text{ mg}")),
        "g": (Fraction(1), ("g", "\\text{ g}", "grams", "\\,\\mathrm{g}")),
        "kg": (Fraction(1000), ("kg", "\\text{ kg}", "kilograms", "\\,\\mathrm{kg}")),
    },
    "time": {
        "s": (Fraction(1), ("s", "seconds", "\\text{ s}", "\\text{ seconds}")),
        "min": (Fraction(60), ("min", "minutes", "\\text{ minutes}")),
        "h": (Fraction(3600), ("hours", "\\text{ hours}", "h", "\\text{ hr}")),
        "d": (Fraction(86400), ("days", "\\text{ days}")),
    },
    "area": {
        "cm2": (Fraction(1, 10000), ("cm^2", "\\text{ cm}^2", "\\text{ square centimeters}", "cm²")),
        "m2": (Fraction(1), ("m^2", "\\text{ m}^2", "\\,\\mathrm{m}^2", "square meters")),
    },
    "volume": {
        "mL": (Fraction(1, 1000), ("mL", "\\text{ mL}", "cm^3")),
        "L": (Fraction(1), ("L", "\\text{ L}", "liters", "\\text{ liters}")),
    },
    "speed": {
        "m/s": (
            Fraction(1),
            ("m/s", "\\text{ m/s}", "\\,\\mathrm{m/s}", "\\frac{\\text{m}}{\\text{s}}", "meters per second"),
        ),
        "km/h": (
            Fraction(5, 18),
            ("km/h", "\\text{ km/h}", "\\,\\mathrm{km/h}", "kilometers per hour", "\\frac{\\text{km}}{\\text{h}}"),
        ),
    },
    "money": {
        "cent": (Fraction(1, 100), ("cents", "\\text{ cents}")),
        "dollar": (Fraction(1), ("dollars", "\\text{ dollars}")),
    },
}


def plain_number(value: Fraction) -> str:
    return decimal(value) or f"\\frac{{{value.numerator}}}{{{value.denominator}}}"


def quantity_text(draw: Draw, value: Fraction, spellings: tuple[str, ...]) -> str:
    unit = draw.one(spellings)
    gap = (
        ""
        if unit.startswith(("\\text{ ", "\\,", "\\mbox{ "))
        else draw.one([" ", " ", "\\ ", "\\,"])
        if "\\" in unit
        else " "
    )
    return f"{plain_number(value)}{gap}{unit}"


def quantity(draw: Draw) -> Value:
    """A value with its unit, converted, and without any unit."""
    dimension = draw.one(list(UNITS))
    units = UNITS[dimension]
    name, against = draw.few(list(units), 2)
    factor, spellings = units[name]
    value = Fraction(draw.whole(1, 400), draw.one([1, 1, 2, 4, 5]))
    if dimension == "speed":
        value = Fraction(draw.whole(1, 40)) * (18 if name == "km/h" else 5)  # converts without a fraction
    references = distinct(*(quantity_text(draw, value, spellings) for _ in range(3)))
    other_factor, other_spellings = units[against]
    converted = value * factor / other_factor
    same = [*references, *(quantity_text(draw, value, spellings) for _ in range(3)), plain_number(value)]
    if decimal(converted) is not None:
        same.append(quantity_text(draw, converted, other_spellings))
    foreign = draw.one([d for d in UNITS if d != dimension and not {d, dimension} <= {"length", "imperial length"}])
    other = [
        (quantity_text(draw, value, other_spellings), "another unit"),
        (quantity_text(draw, value + 1, spellings), "off by one"),
        (quantity_text(draw, -value, spellings), "sign"),
        (quantity_text(draw, value, draw.one(list(UNITS[foreign].values()))[1]), "another dimension"),
        (plain_number(value + 1), "off by one"),
        (quantity_text(draw, value * 10, spellings), "ten times"),
    ]
    if converted != value and decimal(converted) is not None:
        other.append((plain_number(converted), "the number of another unit, bare"))
    return Value(distinct(*same), tuple(other), references=references)


def bare_number_with_unit(draw: Draw) -> Value:
    """The reference is a bare number: any one unit may follow it."""
    n = Fraction(draw.whole(2, 500), draw.one([1, 1, 2]))
    units = draw.one(list(UNITS.values()))
    _, spellings = draw.one(list(units.values()))
    same = (
        plain_number(n),
        quantity_text(draw, n, spellings),
        quantity_text(draw, n, spellings),
        f"{plain_number(n)}^\\circ",
        f"\\${plain_number(n)}",
        f"{plain_number(n)} apples",
        f"{plain_number(n)} \\text{{ units}}",
    )
    other = (
        (quantity_text(draw, n + 1, spellings), "off by one"),
        (quantity_text(draw, n * 10, spellings), "ten times"),
        (f"\\${plain_number(n + 1)}", "off by one"),
    )
    return Value(distinct(*same), other, references=same[:1])


def money(draw: Draw) -> Value:
    cents = draw.whole(1, 999999)
    text = f"{cents // 100}.{cents % 100:02d}"
    grouped = f"{cents // 100:,}.{cents % 100:02d}"
    same = (
        f"\\${text}",
        f"\\${grouped}",
        text,
        f"{text} \\text{{ dollars}}",
        f"{text} dollars",
        f"\\text{{\\${text}}}",
        f"\\$ {text}",
    )
    more = f"{(cents + 1) // 100}.{(cents + 1) % 100:02d}"
    other = (
        (f"\\${more}", "off by a cent"),
        (f"\\${cents // 100 + 1}.{cents % 100:02d}", "off by one"),
        (f"{text} \\text{{ cents}}", "another unit"),
        (f"-\\${text}", "sign"),
    )
    return Value(distinct(*same), other, references=same[:2])


def degrees(draw: Draw) -> Value:
    n = draw.whole(1, 359)
    same = (
        f"{n}^\\circ",
        f"{n}^{{\\circ}}",
        f"{n}°",
        f"{n} degrees",
        f"{n}\\text{{ degrees}}",
        str(n),
        f"{n}^{{\\circ}}",
    )
    other = (
        (f"{n + 1}^\\circ", "off by one"),
        (f"{n}0^\\circ", "ten times"),
        (f"{n - 1} degrees", "off by one"),
        (f"-{n}°", "sign"),
    )
    return Value(distinct(*same), other, references=same[:3])


def percent(draw: Draw) -> Value:
    """50 % matches 50 and 0.5, which do not match each other."""
    n = Fraction(draw.whole(1, 999), draw.one([1, 1, 1, 10, 4, 3]))
    share = n / 100
    number, part = plain_number(n), plain_number(share)
    signs = (
        f"{number}\\%",
        f"{number} \\%",
        f"{number}%",
        f"{number} percent",
        f"{number}\\text{{ percent}}",
        f"${number}\\%$" if draw.coin() else f"{number} %",
    )
    parts = (part, f"\\frac{{{share.numerator}}}{{{share.denominator}}}", f"{share.numerator}/{share.denominator}")
    wrong = (
        (f"{plain_number(n + 1)}\\%", "off by one"),
        (f"{plain_number(n * 10)}\\%", "ten times"),
        (f"{plain_number(share)}\\%", "a percentage of the percentage"),
        (plain_number(n * 10), "ten times"),
        (f"-{number}\\%", "sign"),
        (plain_number(share / 10), "a tenth"),
    )
    if draw.coin():
        return Value(distinct(*signs, number, *parts), wrong, references=signs[:4])
    if draw.coin():
        unlike = tuple(w for w in wrong if w[1] != "a percentage of the percentage")  # 0.5 is 0.5 %: any one unit
        return Value(distinct(*parts, *signs), (*unlike, (number, "a hundred times")), references=parts)
    return Value(distinct(number, *signs), (*wrong[:5], (part, "a hundredth")), references=(number,))


def date(draw: Draw) -> Value:
    year, month, day = draw.whole(1800, 2030), draw.whole(1, 12), draw.whole(1, 28)
    name = calendar.month_name[month]
    ending = "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    same = (
        f"{name} {day}, {year}",
        f"{day} {name} {year}",
        f"\\text{{{name} {day}, {year}}}",
        f"{name} {day}{ending}, {year}",
        f"{year}-{month:02d}-{day:02d}",
        f"\\text{{{name} }} {day}, {year}",
    )
    wrong = calendar.month_name[month % 12 + 1]
    other = (
        (f"{name} {day % 28 + 1}, {year}", "day"),
        (f"{wrong} {day}, {year}", "month"),
        (f"{name} {day}, {year + 1}", "year"),
        (f"{day} {wrong} {year}", "month"),
        (f"{year}-{month:02d}-{day % 28 + 1:02d}", "day"),
        (f"{year}", "the year only"),
    )
    return Value(same, other)


def time_of_day(draw: Draw) -> Value:
    hour, minute = draw.whole(1, 11), draw.whole(1, 59)
    late = draw.coin()
    half = "PM" if late else "AM"
    dotted = "p.m." if late else "a.m."
    full = hour + 12 if late else hour
    same = (
        f"{hour}:{minute:02d} {half}",
        f"{hour}:{minute:02d} \\text{{ {dotted}}}",
        f"{hour}:{minute:02d} {dotted}",
        f"{full}:{minute:02d}" if late else f"{hour:02d}:{minute:02d} a.m.",  # 5:49 alone may be either half
        f"{hour}:{minute:02d}\\text{{ {half}}}",
        f"{hour:02d}:{minute:02d} \\text{{{dotted.upper()}}}",
        f"{hour}:{minute:02d}{half.lower()}",
        f"\\text{{{hour}:{minute:02d} {half}}}",
    )
    shifted = (minute + 1) % 60
    other = (
        (f"{hour}:{minute:02d} {'AM' if late else 'PM'}", "half of the day"),
        (f"{hour}:{shifted:02d} {half}", "a minute"),
        (f"{hour + 1}:{minute:02d} {dotted}", "an hour"),
        (f"{hour + 12}:{shifted:02d}", "a minute"),
    )
    return Value(distinct(*same), other)


def based(draw: Draw) -> Value:
    base = draw.one([2, 3, 4, 5, 6, 7, 8, 9])
    digits = str(draw.randint(1, base - 1)) + "".join(str(draw.randrange(base)) for _ in range(draw.randint(2, 6)))
    words = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
    same = (
        f"{digits}_{base}",
        f"{digits}_{{{base}}}",
        f"({digits})_{base}",
        f"{digits}_{{\\text{{{words[base]}}}}}",
        f"{digits} base {base}",
        f"{digits} \\text{{ (base {base})}}",
        f"\\left({digits}\\right)_{{{base}}}",
    )
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % base)
    other = (
        (f"{digits}_{base + 1}", "another base"),
        (f"{wrong}_{base}", "a digit"),
        (f"{digits}0_{{{base}}}", "a digit more"),
        (f"{digits[:-1]}_{base}", "a digit missing"),
        (f"{digits}_{{{base + 2}}}", "another base"),
    )
    return Value(same, other)
