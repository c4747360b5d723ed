"""Units: their sizes in base units, and how a unit is written.

`km/h`, `meters per second`, `square feet`, `cm^2`, `\\text{ kg}\\cdot\\text{m/s}^2` are read into a factor
and powers of base units. Any other words (apples, students) are a unit that only agrees with itself.
"""

from __future__ import annotations

import re
from fractions import Fraction

from .expression import PI, Expression, Number, divide, multiply, number, power
from .values import Unit

_BASE = {
    "length": "m meter metre", "mass": "kg kilogram", "time": "s sec second", "angle": "rad radian", "temperature": "K kelvin",
    "dollar": "$ \\$ dollar usd buck", "euro": "€ euro eur", "pound": "£ pounds pound_sterling gbp", "yen": "yen jpy", "yuan": "yuan rmb cny 元",
    "rupee": "rupee rs inr", "current": "ampere amp", "amount": "mol mole", "data": "bit",
}  # fmt: skip
_DERIVED: dict[str, tuple[str, str, dict[str, int]]] = {  # names: (spellings, factor, powers)
    "km": ("km kilometer kilometre kms", "1000", {"length": 1}), "cm": ("cm centimeter centimetre cms", "1/100", {"length": 1}),
    "mm": ("mm millimeter millimetre", "1/1000", {"length": 1}), "dm": ("dm decimeter decimetre", "1/10", {"length": 1}),
    "um": ("um µm micrometer micron", "1/1000000", {"length": 1}), "nm": ("nm nanometer nanometre", "1/1000000000", {"length": 1}),
    "in": ("inch inches in", "127/5000", {"length": 1}), "ft": ("ft foot feet", "381/1250", {"length": 1}), "yd": ("yd yard yds", "1143/1250", {"length": 1}),
    "mi": ("mi mile", "201168/125", {"length": 1}), "g": ("g gram gm gms", "1/1000", {"mass": 1}), "mg": ("mg milligram", "1/1000000", {"mass": 1}),
    "t": ("tonne metric_ton", "1000", {"mass": 1}), "lb": ("lb lbs pound_mass", "45359237/100000000", {"mass": 1}),
    "oz": ("oz ounce", "45359237/1600000000", {"mass": 1}), "min": ("min minute mins", "60", {"time": 1}), "h": ("h hr hour hrs", "3600", {"time": 1}),
    "ms": ("ms millisecond", "1/1000", {"time": 1}), "day": ("day days", "86400", {"time": 1}), "week": ("week wk", "604800", {"time": 1}),
    "year": ("year yr", "31556952", {"time": 1}), "month": ("month", "2629746", {"time": 1}), "L": ("L l liter litre", "1/1000", {"length": 3}),
    "mL": ("mL ml milliliter millilitre", "1/1000000", {"length": 3}), "cL": ("cl centiliter", "1/100000", {"length": 3}), "cc": ("cc", "1/1000000", {"length": 3}),
    "gal": ("gallon gal", "473176473/125000000000", {"length": 3}), "ha": ("ha hectare", "10000", {"length": 2}), "acre": ("acre", "316160658/78125", {"length": 2}),
    "cent": ("cent cents ¢", "1/100", {"dollar": 1}), "N": ("N newton", "1", {"mass": 1, "length": 1, "time": -2}),
    "J": ("J joule", "1", {"mass": 1, "length": 2, "time": -2}), "kJ": ("kJ kilojoule", "1000", {"mass": 1, "length": 2, "time": -2}),
    "W": ("W watt", "1", {"mass": 1, "length": 2, "time": -3}), "kW": ("kW kilowatt", "1000", {"mass": 1, "length": 2, "time": -3}),
    "kWh": ("kWh kilowatthour", "3600000", {"mass": 1, "length": 2, "time": -2}), "Pa": ("Pa pascal", "1", {"mass": 1, "length": -1, "time": -2}),
    "kPa": ("kPa", "1000", {"mass": 1, "length": -1, "time": -2}), "Hz": ("Hz hertz", "1", {"time": -1}), "kHz": ("kHz", "1000", {"time": -1}),
    "mph": ("mph", "1397/3125", {"length": 1, "time": -1}), "kph": ("kph kmh kmph", "5/18", {"length": 1, "time": -1}),
    "A": ("A", "1", {"current": 1}), "V": ("V volt", "1", {"mass": 1, "length": 2, "time": -3, "current": -1}),
    "ohm": ("ohm ohms Ω", "1", {"mass": 1, "length": 2, "time": -3, "current": -2}), "C": ("coulomb", "1", {"current": 1, "time": 1}),
    "dozen": ("dozen", "12", {"item": 1}), "byte": ("byte B", "8", {"data": 1}), "kB": ("kB KB kilobyte", "8000", {"data": 1}),
    "MB": ("MB megabyte", "8000000", {"data": 1}), "GB": ("GB gigabyte", "8000000000", {"data": 1}),
}  # fmt: skip
_FOREIGN = {
    "km": "公里 千米 км kilómetro quilômetro quilómetro kilomètre", "m": "米 м metro mètre meter_", "cm": "厘米 см centímetro centimètre zentimeter",
    "kg": "公斤 千克 кг kilogramo quilograma kilogramme kilogramm", "g": "克 г gramo grama gramme", "h": "小时 小時 ч час часа часов hora heure stunde std",
    "min": "分钟 分鐘 мин минута минуты минут minuto", "s": "秒 сек секунда секунды секунд segundo seconde sekunde", "dollar": "美元 доллар долларов dólar",
    "day": "天 день дня дней día dia jour tag", "yuan": "块", "L": "升 литр литров litro", "week": "周 semana semaine woche",
    "year": "年 год лет año ano jahr", "percent": "процент процентов por_ciento pour_cent prozent",
}  # fmt: skip

PERCENT = Unit("%", number(Fraction(1, 100)), (("percent", 1),))
DEGREE = Unit("degree", divide(PI, number(180)), (("angle", 1),))
_PERCENT_NAMES = frozenset(
    [
        "%",
        "percent",
        "percentage",
        "pct",
        "percents",
        "percentages",
        "per_cent",
        "百分",
        "процентов",
        "процента",
        "процент",
        "prozent",
        "porcentaje",
    ]
)
_DEGREE_NAMES = frozenset(["degree", "degrees", "deg", "^\\circ", "\\circ", "°"])
_TEMPERATURES = {
    "celsius": (Fraction(1), Fraction(27315, 100)), "fahrenheit": (Fraction(5, 9), Fraction(45967, 180)),
}  # fmt: skip
#: Words that make a sentence: `42 is wrong` is no quantity.
_CLAIMS = frozenset(
    "is are was were be not no nor isn't aren't wrong right false true incorrect correct maybe perhaps or if unless but "
    "except instead rather than never impossible possibly probably either neither answer would should could might must "
    "can't cannot".split()
)
_FILLERS = frozenset(["of", "the", "a", "an", "in", "each", "total", "altogether", "about", "exactly", "only"])
_PLAIN_COUNTS = frozenset(["unit", "units"])


def _table() -> dict[str, tuple[Fraction, tuple[tuple[str, int], ...]]]:
    table: dict[str, tuple[Fraction, tuple[tuple[str, int], ...]]] = {}
    for base, names in _BASE.items():
        for name in names.split():
            table[name] = (Fraction(1), ((base, 1),))
    for names, factor, powers in _DERIVED.values():
        for name in names.split():
            table[name] = (Fraction(factor), tuple(sorted(powers.items())))
    for canonical, names in _FOREIGN.items():
        if canonical in table:
            for name in names.split():
                table[name] = table[canonical]
    return table


_TABLE = _table()
#: Single letters that are a unit after a number and a space.
LETTERS = frozenset(["m", "s", "g", "h", "N", "J", "W", "V", "A", "K", "L"])


def known(name: str) -> tuple[Fraction, tuple[tuple[str, int], ...]] | None:
    """Factor and powers of one unit by any of its spellings, singular or plural."""
    for form in (
        name,
        name.lower(),
        name.removesuffix("s"),
        name.lower().removesuffix("s"),
        name.lower().removesuffix("es"),
    ):
        if form in _TABLE and (len(name) > 1 or form == name):
            return _TABLE[form]
    return None


def is_known(name: str) -> bool:
    return known(name) is not None or name.lower() in _PERCENT_NAMES or name.lower() in _DEGREE_NAMES


_LATEX = re.compile(
    r"\\(?:text|mathrm|textrm|textbf|mbox|textnormal|mathbf|operatorname|rm|hbox|textit)\b|[{}~]|\\[,;:! ]|\\(?=\s|$)"
)
_PIECE = re.compile(
    r"\s*(\*|/|\bper\b|\bpro\b|\ba(?=\s)|\bpor\b|\bpar\b)?\s*([^\W\d_]+|[%$€£¢°]|\\\$|每)\.?\s*(?:\^?\s*(-?[1-9]))?"
)


def plain(text: str) -> str:
    """The unit's text without LaTeX."""
    text = (
        text.replace("^\\circ", "°")
        .replace("^{\\circ}", "°")
        .replace("\\circ", "°")
        .replace("\\degree", "°")
        .replace("\\%", "%")
    )
    text = (
        text.replace("\\cdot", "*")
        .replace("\\times", "*")
        .replace("\\euro", "€")
        .replace("\\pounds", "£")
        .replace("\\yen", "yen")
    )
    text = re.sub(r"\^\s*\{\s*(-?\d)\s*\}", r"^\1", text)
    return re.sub(r"\s+", " ", _LATEX.sub(" ", text)).strip(" .,;:!()[]*")


def read(text: str) -> Unit | None:
    """The unit that a text names; None where it is none."""
    words = re.split(r"(?:^|\s)(?:because|since)\b", plain(text))[0].strip()
    if not words and text.strip():
        return Unit("", number(1), ())
    if _CLAIMS & set(re.findall(r"[a-z']+", words.lower())):
        return None
    if not words or len(words) > 200:
        return None
    lowered = words.lower()
    if lowered in _PERCENT_NAMES:
        return PERCENT
    if lowered in _DEGREE_NAMES:
        return DEGREE
    if (temperature := _temperature(lowered)) is not None:
        return temperature
    if (combined := _combined(words)) is not None:
        return combined
    if re.search(r"\d|[=<>+]|\\(?!text)", words):
        return None
    return Unit(" ".join(_stem(w) for w in re.findall(r"[^\W\d_]+", lowered) if w not in _FILLERS) or lowered)


def _temperature(text: str) -> Unit | None:
    name = re.sub(r"^(?:degrees?|deg|°)\s*", "", text)
    name = {"c": "celsius", "f": "fahrenheit", "centigrade": "celsius"}.get(name, name)
    if (name in _TEMPERATURES and name != text) or text in _TEMPERATURES:
        factor, offset = _TEMPERATURES[name]
        return Unit(name, number(factor), (("temperature", 1),), number(offset))
    return None


def _combined(text: str) -> Unit | None:
    factor, powers, position, shift = Fraction(1), dict[str, int](), 0, 1
    under = False
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None or match.end() == position:
            return None
        position = match.end()
        mark, name, exponent = match[1], match[2], int(match[3] or 1)
        if name.lower() in ("square", "sq", "cubic", "cu", "squared", "cubed"):
            if name.lower() in ("squared", "cubed"):
                return None
            shift = 2 if name.lower() in ("square", "sq") else 3
            under |= mark not in (None, "*")
            continue
        sign = -1 if under or mark not in (None, "*") else 1
        if name.lower() in ("unit", "units"):
            found: tuple[Fraction, tuple[tuple[str, int], ...]] | None = (Fraction(1), ())
        else:
            found = known(name)
        if found is None:
            return None
        exponent *= shift * sign
        factor *= found[0] ** exponent
        for base, size in found[1]:
            powers[base] = powers.get(base, 0) + size * exponent
        shift, under = 1, False
    return Unit(text, number(factor), tuple(sorted((b, n) for b, n in powers.items() if n)))


def _stem(word: str) -> str:
    """The singular, roughly: `people` stays, `boxes` and `apples` lose their ending."""
    for ending, new in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + new
    return word.removesuffix("s") if len(word) > 3 and not word.endswith("ss") else word


def in_base(value: Expression, unit: Unit) -> Expression:
    """A value of a known unit in base units."""
    assert unit.factor is not None
    if unit.offset is not None:
        from .expression import add

        return add(multiply(value, unit.factor), unit.offset)
    return multiply(value, unit.factor)


def agree(left: Unit, right: Unit) -> bool | None:
    """Whether two units name the same kind of thing: True where values convert, False where not, None for words that match."""
    if left.factor is not None and right.factor is not None:
        return left.powers == right.powers
    if left.factor is None and right.factor is None:
        ours, theirs = set(left.text.split()), set(right.text.split())
        return None if ours <= theirs or theirs <= ours else False
    known_one, words = (left, right) if left.factor is not None else (right, left)
    return None if known_one.powers == () and words.text else False


__all__ = ["DEGREE", "LETTERS", "PERCENT", "Number", "agree", "in_base", "is_known", "known", "power", "read"]
