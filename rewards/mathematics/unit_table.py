"""The units that convert into each other: their sizes in base units and how they are written."""

from __future__ import annotations

from fractions import Fraction

#: Base units, by the dimension that they measure, and their spellings.
_BASE = {
    "length": "m meter metre", "mass": "kg kilogram", "time": "s sec second", "angle": "rad radian",
    "temperature": "K kelvin", "dollar": "$ \\$ dollar usd buck", "euro": "€ euro eur",
    "pound": "£ pounds pound_sterling gbp", "yen": "yen jpy", "yuan": "yuan rmb cny 元", "rupee": "rupee rs inr",
    "current": "ampere amp", "amount": "mol mole", "data": "bit",
}  # fmt: skip
#: name: (spellings, size in base units, powers of base units)
_DERIVED: dict[str, tuple[str, str, dict[str, int]]] = {
    "km": ("km kilometer kilometre kms", "1000", {"length": 1}),
    "cm": ("cm centimeter centimetre cms", "1/100", {"length": 1}),
    "mm": ("mm millimeter millimetre", "1/1000", {"length": 1}),
    "dm": ("dm decimeter decimetre", "1/10", {"length": 1}),
    "um": ("um µm micrometer micron", "1/1000000", {"length": 1}),
    "nm": ("nm nanometer nanometre", "1/1000000000", {"length": 1}),
    "in": ("inch inches in", "127/5000", {"length": 1}), "ft": ("ft foot feet", "381/1250", {"length": 1}),
    "yd": ("yd yard yds", "1143/1250", {"length": 1}), "mi": ("mi mile", "201168/125", {"length": 1}),
    "g": ("g gram gm gms", "1/1000", {"mass": 1}), "mg": ("mg milligram", "1/1000000", {"mass": 1}),
    "t": ("tonne metric_ton ton", "1000", {"mass": 1}), "lb": ("lb lbs pound_mass", "45359237/100000000", {"mass": 1}),
    "oz": ("oz ounce", "45359237/1600000000", {"mass": 1}), "min": ("min minute mins", "60", {"time": 1}),
    "h": ("h hr hour hrs", "3600", {"time": 1}), "ms": ("ms millisecond", "1/1000", {"time": 1}),
    "day": ("day days", "86400", {"time": 1}), "week": ("week wk", "604800", {"time": 1}),
    "year": ("year yr", "31556952", {"time": 1}), "month": ("month", "2629746", {"time": 1}),
    "L": ("L l liter litre", "1/1000", {"length": 3}),
    "mL": ("mL ml milliliter millilitre", "1/1000000", {"length": 3}),
    "cL": ("cl centiliter", "1/100000", {"length": 3}), "cc": ("cc", "1/1000000", {"length": 3}),
    "gal": ("gallon gal", "473176473/125000000000", {"length": 3}),
    "qt": ("quart qt", "473176473/500000000000", {"length": 3}),
    "pt": ("pint", "473176473/1000000000000", {"length": 3}),
    "ha": ("ha hectare", "10000", {"length": 2}),
    "acre": ("acre", "316160658/78125", {"length": 2}), "cent": ("cent cents ¢", "1/100", {"dollar": 1}),
    "N": ("N newton", "1", {"mass": 1, "length": 1, "time": -2}),
    "J": ("J joule", "1", {"mass": 1, "length": 2, "time": -2}),
    "kJ": ("kJ kilojoule", "1000", {"mass": 1, "length": 2, "time": -2}),
    "W": ("W watt", "1", {"mass": 1, "length": 2, "time": -3}),
    "kW": ("kW kilowatt", "1000", {"mass": 1, "length": 2, "time": -3}),
    "kWh": ("kWh kilowatthour", "3600000", {"mass": 1, "length": 2, "time": -2}),
    "Pa": ("Pa pascal", "1", {"mass": 1, "length": -1, "time": -2}),
    "kPa": ("kPa", "1000", {"mass": 1, "length": -1, "time": -2}), "Hz": ("Hz hertz", "1", {"time": -1}),
    "kHz": ("kHz", "1000", {"time": -1}), "mph": ("mph", "1397/3125", {"length": 1, "time": -1}),
    "kph": ("kph kmh kmph", "5/18", {"length": 1, "time": -1}), "A": ("A", "1", {"current": 1}),
    "V": ("V volt", "1", {"mass": 1, "length": 2, "time": -3, "current": -1}),
    "ohm": ("ohm ohms Ω", "1", {"mass": 1, "length": 2, "time": -3, "current": -2}),
    "C": ("coulomb", "1", {"current": 1, "time": 1}), "dozen": ("dozen", "12", {"item": 1}),
    "byte": ("byte B", "8", {"data": 1}), "kB": ("kB KB kilobyte", "8000", {"data": 1}),
    "MB": ("MB megabyte", "8000000", {"data": 1}), "GB": ("GB gigabyte", "8000000000", {"data": 1}),
}  # fmt: skip
#: Spellings in other languages.
_FOREIGN = {
    "km": "公里 千米 км kilómetro quilômetro quilómetro kilomètre", "m": "米 м metro mètre meter_",
    "cm": "厘米 см centímetro centimètre zentimeter", "kg": "公斤 千克 кг kilogramo quilograma kilogramme kilogramm",
    "g": "克 г gramo grama gramme", "h": "小时 小時 ч час часа часов hora heure stunde std",
    "min": "分钟 分鐘 мин минута минуты минут minuto", "s": "秒 сек секунда секунды секунд segundo seconde sekunde",
    "dollar": "美元 доллар долларов dólar", "day": "天 день дня дней día dia jour tag", "yuan": "块",
    "L": "升 литр литров litro", "week": "周 semana semaine woche", "year": "年 год лет año ano jahr",
    "percent": "процент процентов por_ciento pour_cent prozent",
}  # fmt: skip

PERCENT_NAMES = frozenset(
    "% percent percentage pct percents percentages per_cent 百分 процентов процента процент prozent porcentaje".split()
)

DEGREE_NAMES = frozenset(["degree", "degrees", "deg", "^\\circ", "\\circ", "°"])
#: (size of a degree, zero of the scale), both in kelvin.
TEMPERATURES = {
    "celsius": (Fraction(1), Fraction(27315, 100)), "fahrenheit": (Fraction(5, 9), Fraction(45967, 180)),
}  # fmt: skip


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
    small = name.lower()
    for form in (name, small, name.removesuffix("s"), small.removesuffix("s"), small.removesuffix("es")):
        if form in _TABLE and (len(name) > 1 or form == name):
            return _TABLE[form]
    return None


def is_known(name: str) -> bool:
    """Whether a word is a unit that converts, a per cent or a degree."""
    return known(name) is not None or name.lower() in PERCENT_NAMES or name.lower() in DEGREE_NAMES
