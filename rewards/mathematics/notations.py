"""What the grammar would read as something else: times of day, dates, numerals in a base, labelled choices."""

from __future__ import annotations

import re

from . import expression as ex
from .expression import Call, Symbol
from .numerals import numeral
from .values import Date, TimeOfDay, Value
from .vocabulary import BASES

_CLOCK = re.compile(r"(\d{1,2})(?::([0-5]\d))(?::([0-5]\d))?\s*([ap])?\.?\s*(?:m\b\.?)?(?:\s*o'?clock)?", re.IGNORECASE)
_HOUR = re.compile(r"(\d{1,2})\s*([ap])\.?\s*m\b\.?", re.IGNORECASE)
_FULL_MONTHS = "january february march april may june july august september october november december".split()
_MONTHS = {name[:length]: n for n, name in enumerate(_FULL_MONTHS, 1) for length in (len(name), 3)}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATES = [
    re.compile(
        rf"(?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,?\s*(?P<year>\d{{4}}))?", re.IGNORECASE
    ),
    re.compile(
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\.?(?:\s*,?\s*(?P<year>\d{{4}}))?",
        re.IGNORECASE,
    ),
    re.compile(rf"(?P<month>{_MONTH})\.?(?:\s*,?\s*(?P<year>\d{{4}}))", re.IGNORECASE),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"),
]
_NUMERAL = re.compile(
    r"\(?([0-9A-F]+)\)?\s*[,(]?\s*(?:\\text\{)?\s*\(?(?:in\s+)?base[ -]?\s*(\d+|[a-z]{3,7})\s*\)?\}?\)?", re.IGNORECASE
)
_CHOICE = re.compile(
    r"(?:\\(?:text|math)(?:bf|rm)?\s*\{\s*)?(?:(?:[Oo]ption|[Cc]hoice)\s+)?\(?([A-J])\)?\s*\}?[.):]?\}?"
)
_CHOICE_WITH_TEXT = re.compile(
    r"(?:\(([A-J])\)|([A-J])[.):](?!\d)|\\(?:text|math)(?:bf|rm)?\{\s*\(([A-J])\)\s*\})\s*\S.*", re.DOTALL
)


def notation(text: str) -> Value | None:
    """A time, a date, a numeral in a base or a labelled choice; None for anything else."""
    plain = (
        re.sub(r"\\(?:text|mathrm|textbf|mbox)\s*\{([^{}]*)\}", r"\1", text).replace("~", " ").replace("\\", "").strip()
    )
    if len(plain) > 60:
        return _labelled(text)
    if match := _CLOCK.fullmatch(plain):
        return _time(int(match[1]), int(match[2]), int(match[3] or 0), match[4])
    if match := _HOUR.fullmatch(plain):
        return _time(int(match[1]), 0, 0, match[2])
    if match := _NUMERAL.fullmatch(plain):
        return numeral(match[1], BASES.get(match[2].lower()) or (int(match[2]) if match[2].isdigit() else 0))
    for pattern in _DATES:
        if match := pattern.fullmatch(plain):
            return _date(match)
    return _labelled(text)


def _labelled(text: str) -> Value | None:
    """`(B)`, `B.`, `(B) heat`: the letter of a choice."""
    if match := _CHOICE.fullmatch(text):
        return Symbol(match[1])
    if (match := _CHOICE_WITH_TEXT.fullmatch(text)) and not re.match(r"\([A-J]\)\s*[-+*/=^]", text):
        return Symbol(match[1] or match[2] or match[3])
    return None


def _time(hour: int, minute: int, second: int, half: str | None) -> Value | None:
    if half is not None and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
        return TimeOfDay(hour * 3600 + minute * 60 + second, True)
    if hour > 23 or half is not None:
        return None
    ratio = Call("ratio", (ex.number(hour), ex.number(minute))) if not second else None
    return TimeOfDay(hour * 3600 + minute * 60 + second, hour > 12 or hour == 0, ratio)


def _date(match: re.Match[str]) -> Date | None:
    found = match.groupdict()
    month = int(found["month"]) if found["month"].isdigit() else _MONTHS[found["month"].lower()]
    day = int(found["day"]) if found.get("day") else None
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    return Date(int(found["year"]) if found.get("year") else None, month, day)
