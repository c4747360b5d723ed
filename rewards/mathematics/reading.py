"""Reading an answer: from its text to a typed value.

Wrappers (`$`, `\\boxed`, `\\text`) come off, times, dates and labelled choices are recognised, units are
taken from the end of each item, and the grammar reads the rest. What is no mathematics is words.
"""

from __future__ import annotations

import functools
import re

from . import expression as ex
from . import units
from .characters import normalised
from .expression import Call, Symbol, Unreadable
from .items import value_of
from .notations import notation
from .spellings import rewritten
from .tokens import matching_brace
from .values import EXPRESSIONS, Group, Quantity, Relation, SetOperation, Value
from .wording import in_words, is_prose

MAX_WRAPPERS = 20

_OUTER = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|textrm|mathrm|mathbf|mbox|displaystyle|bm|boldsymbol|emph|underline)\s*\{"
)
_BOLD_SET = re.compile(r"\\(?:mathbf|mathbb|Bbb|bf)\s*\{?\s*([RZNQC])\s*\}?")
_DELIMITERS = re.compile(r"(?<!\\)\$|\\[()\[\]](?![a-zA-Z])")


@functools.lru_cache(maxsize=2048)
def read(text: str) -> Value:
    """The value of an answer. Raises Unreadable for a text that is neither mathematics nor a few words."""
    text = unwrapped(normalised(text))
    if not text:
        raise Unreadable("empty")
    if (found := notation(text)) is not None:
        return found
    if is_prose(text) and (words := in_words(text)) is not None:
        return words
    try:
        return finished(value_of(text))
    except (ValueError, ArithmeticError, LookupError, RecursionError) as error:  # Unreadable among them
        words = in_words(text)
        if words is None:
            raise Unreadable(str(error)) from None
        return words


def unwrapped(text: str) -> str:
    """The text without delimiters, outer boxes and faces, and closing punctuation."""
    text = rewritten(_DELIMITERS.sub(" ", text).strip())
    for _ in range(MAX_WRAPPERS):
        before = text
        text = text.strip().strip("*`").strip()
        if (match := _OUTER.match(text)) and not _BOLD_SET.fullmatch(text):
            try:
                if matching_brace(text, match.end() - 1) == len(text) - 1:
                    text = text[match.end() : -1]
            except Unreadable:
                text = text[match.end() :]
        if text.endswith(("\\", ",", ";", ":", "。", "!")) and not text.endswith(("\\!", "\\,", "\\;")):
            if not (text.endswith("!") and len(text) > 1 and (text[-2].isalnum() or text[-2] in ")}!")):
                text = text[:-1]
        elif text.endswith(".") and not text.endswith(("..", "m.", " 0.")):
            text = text[:-1]
        if text == before:
            break
    return rewritten(text)


def finished(value: Value) -> Value:
    """The value with percent, degrees and money at its top as quantities, and plus-minus as two values."""
    if isinstance(value, Call):
        if value.head == "percent":
            return Quantity(value.args[0], units.PERCENT)
        if value.head == "degree":
            return Quantity(value.args[0], units.DEGREE)
        if value.head == "currency" and isinstance(value.args[1], Symbol):
            unit = units.read(
                {"$": "dollar", "euro": "euro", "pounds": "pounds", "yen": "yen"}.get(value.args[1].name, "rupee")
            )
            assert unit is not None
            return Quantity(value.args[0], unit)
        if (
            value.head == "mul"
            and len(value.args) == 2
            and isinstance(value.args[1], Call)
            and value.args[1].head in ("currency", "percent")
        ):
            inner = finished(value.args[1])
            if isinstance(inner, Quantity) and isinstance(inner.value, EXPRESSIONS):
                return Quantity(ex.multiply(value.args[0], inner.value), inner.unit)
        return _both_signs(value)
    if isinstance(value, Group):
        items: list[Value] = []
        for item in map(finished, value.items):
            spread = (
                isinstance(item, Group)
                and not item.left
                and not isinstance(value.items[len(items) % len(value.items)], Group)
            )
            items += item.items if spread and isinstance(item, Group) and value.left in ("", "{") else [item]
        return Group(value.left, tuple(items), value.right)
    if isinstance(value, Relation):
        sides = tuple(finished(side) for side in value.sides)
        if (
            value.signs == ("=",)
            and isinstance(sides[1], Group)
            and not sides[1].left
            and not isinstance(value.sides[1], Group)
        ):
            return Group("", tuple(Relation((sides[0], item), ("=",)) for item in sides[1].items), "")
        if value.signs == ("=",) and (named := _named_members(*sides)) is not None:
            return named
        return Relation(sides, value.signs, value.modulus)
    if isinstance(value, SetOperation):
        return SetOperation(value.sign, finished(value.left), finished(value.right))
    if isinstance(value, Quantity):
        inner_value = finished(value.value)
        if isinstance(inner_value, Quantity):  # $5 per hour, 5 % of the apples
            if inner_value.unit is units.PERCENT or value.unit.factor is None:
                return inner_value
            return Quantity(inner_value.value, value.unit)
        return Quantity(inner_value, value.unit)
    return value


def _named_members(names: Value, values: Value) -> Group | None:
    """`(x, y) = (1, 2)` as `x = 1, y = 2`."""
    if not isinstance(names, Group) or not isinstance(values, Group) or len(names.items) != len(values.items):
        return None
    if not all(isinstance(name, Symbol) for name in names.items):
        return None
    pairs = zip(names.items, values.items, strict=True)
    return Group("", tuple(Relation(pair, ("=",)) for pair in pairs), "")


def _both_signs(value: Call) -> Value:
    """An expression with `\\pm` as the list of its two values."""
    if not any(isinstance(part, Call) and part.head in ("pm", "mp") for part in ex.walk(value)):
        return value
    upper, lower = _signed(value, 1), _signed(value, -1)
    return Group("", (upper, lower), "")


def _signed(value: ex.Expression, sign: int) -> ex.Expression:
    if not isinstance(value, Call):
        return value
    args = [_signed(arg, sign) for arg in value.args]
    if value.head in ("pm", "mp"):
        plus = (value.head == "pm") == (sign > 0)
        return ex.add(args[0], args[1] if plus else ex.negate(args[1]))
    return ex.rebuild(value.head, args)
