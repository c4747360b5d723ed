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
from .expression import Call, Number, Symbol, Unreadable
from .grammar import Parser, numeral
from .number_words import number_of_words
from .tokens import Token, matching_brace, tokens
from .values import EXPRESSIONS, Date, Group, NamedSet, Quantity, Relation, SetOperation, TimeOfDay, Value, Words
from .vocabulary import BASES, CONNECTIVES

MAX_WRAPPERS = 20
MAX_UNIT_TOKENS = 24
MAX_WORDS = 400  # characters of an answer in words

_OUTER = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|textrm|mathrm|mathbf|mbox|displaystyle|bm|boldsymbol|emph|underline)\s*\{"
)
_FACE = r"\\(?:text|mathrm)\s*\{\s*([a-zA-Z^0-9 ]+?)\s*\}"
_UNIT_FRACTION = re.compile(rf"\\[dt]?frac\s*\{{\s*{_FACE}\s*\}}\s*\{{\s*{_FACE}\s*\}}")
_NUMERAL_FACE = re.compile(
    r"(?:\\(?:text|mathrm|mathtt|texttt)\{|\()([0-9][0-9A-Fa-f]*)[})](_\{?(?:\\text\{)?(?:\d|[a-z]))"
)
_MATRIX_CALL = re.compile(r"(?:sp\.|sympy\.|np\.)?(?:Matrix|array)\((\[.*\])\)", re.DOTALL)
_BOLD_SET = re.compile(r"\\(?:mathbf|mathbb|Bbb|bf)\s*\{?\s*([RZNQC])\s*\}?")
_DELIMITERS = re.compile(r"(?<!\\)\$|\\[()\[\]](?![a-zA-Z])")
_CLOCK = re.compile(r"(\d{1,2})(?::([0-5]\d))(?::([0-5]\d))?\s*([ap])?\.?\s*(?:m\b\.?)?(?:\s*o'?clock)?", re.IGNORECASE)
_HOUR = re.compile(r"(\d{1,2})\s*([ap])\.?\s*m\b\.?", re.IGNORECASE)
_MONTHS = {
    name: n // 2 + 1
    for n, name in enumerate(
        [
            "january",
            "jan",
            "february",
            "feb",
            "march",
            "mar",
            "april",
            "apr",
            "may",
            "may",
            "june",
            "jun",
            "july",
            "jul",
            "august",
            "aug",
            "september",
            "sep",
            "october",
            "oct",
            "november",
            "nov",
            "december",
            "dec",
        ]
    )
}
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
#: Nothing but words, one of them longer than a product of a few variables would be, or a word and then a number.
_PROSE = re.compile(r"(?:[^\W\d_]{1,2}[ '-]+)*(?:[^\W\d_]{3,}(?:[ ',-]+[^\W\d_]+)*|[^\W\d_]{3,} .{0,80})", re.DOTALL)
_NUMERAL = re.compile(
    r"\(?([0-9A-F]+)\)?\s*[,(]?\s*(?:\\text\{)?\s*\(?(?:in\s+)?base[ -]?\s*(\d+|[a-z]{3,7})\s*\)?\}?\)?", re.IGNORECASE
)
_CHOICE = re.compile(r"(?:\\text(?:bf)?\s*\{\s*)?\(?([A-J])\)?\s*\}?[.):]?\}?")
_CHOICE_WITH_TEXT = re.compile(
    r"(?:\(([A-J])\)|([A-J])[.):](?!\d)|\\text(?:bf)?\{\s*\(([A-J])\)\s*\})\s*\S.*", re.DOTALL
)
_EMPTY = frozenset(
    [
        "no solution",
        "no solutions",
        "none",
        "no real solution",
        "no real solutions",
        "no such",
        "empty set",
        "the empty set",
        "there is no solution",
        "there are no solutions",
        "no roots",
    ]
)
_NAMED = {
    "all real numbers": "R", "all reals": "R", "real numbers": "R", "reals": "R", "any real number": "R", "every real number": "R",
    "all integers": "Z", "integers": "Z", "any integer": "Z", "all natural numbers": "N", "natural numbers": "N",
    "all rational numbers": "Q", "rational numbers": "Q", "all complex numbers": "C", "complex numbers": "C",
}  # fmt: skip
_SHORT_WORDS = frozenset("yes no true false odd even none both all".split())
_UNDEFINED = frozenset(["undefined", "dne", "does not exist", "not defined", "doesn't exist"])


@functools.lru_cache(maxsize=2048)
def read(text: str) -> Value:
    """The value of an answer. Raises Unreadable for a text that is neither mathematics nor a few words."""
    text = unwrapped(normalised(text))
    if not text:
        raise Unreadable("empty")
    if (special := _special(text)) is not None:
        return special
    if (
        len(text) <= MAX_WORDS
        and (_PROSE.fullmatch(text) or text.lower() in _SHORT_WORDS)
        and (words := in_words(text)) is not None
    ):
        return words
    try:
        return finished(_items(_prepared(text), text))
    except (ValueError, ArithmeticError, LookupError, RecursionError) as error:  # Unreadable among them
        words = in_words(text)
        if words is None:
            raise Unreadable(str(error)) from None
        return words


def unwrapped(text: str) -> str:
    """The text without delimiters, outer boxes and faces, and closing punctuation."""
    text = _DELIMITERS.sub(" ", text.replace(",\\!", "{,}").replace("\\!", "")).strip()
    text = _UNIT_FRACTION.sub(r"\\text{ \1/\2}", text)
    text = _NUMERAL_FACE.sub(r"\1\2", text)
    if match := _MATRIX_CALL.fullmatch(text):
        text = match[1]
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
    return text


def _special(text: str) -> Value | None:
    """Times, dates, labelled choices and sets by name, which the grammar would read as something else."""
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


def _is_unit(words: str) -> bool:
    return words in units.LETTERS or ("\\" in words and (unit := units.read(words)) is not None and unit.factor is not None)


def _prepared(text: str) -> list[Token]:
    """Tokens, with the contents of `\\text{}` as what they are: connectives, mathematics or words."""
    found: list[Token] = []
    for token in tokens(text):
        if token.kind not in ("text", "word"):
            unit = token.text in ("min", "in") and token.kind == "command" and found and found[-1].kind == "number"
            found.append(Token("word", token.text, token.space, token.start) if unit else token)
            continue
        words = token.text.strip(" ,.;:~\\")
        if words.lower() in ("mod", "infinity", "infty"):
            found.append(Token("command", {"mod": "mod"}.get(words.lower(), "infty"), token.space, token.start))
            continue
        if words == "in" and found and found[-1].kind == "letter":
            found.append(Token("command", "in", True, token.start))
        elif words.lower() in CONNECTIVES and (token.kind == "text" or len(words) > 1):
            found.append(Token("command", CONNECTIVES[words.lower()], True, token.start))
        elif token.kind == "text" and found and found[-1].kind == "number" and _is_unit(words):
            found.append(Token("text", words, token.space, token.start))
        elif token.kind == "text" and not words:
            continue
        elif token.kind == "text" and (
            re.fullmatch(r"[-+]?[\d.,/:%^]+|[a-zA-Z]|\([A-J]\)", words) or "\\" in words or "$" in token.text
        ):
            inner = tokens(normalised(words.replace("$", " ")))
            found += [Token(t.kind, t.text, t.space, token.start) for t in inner]
        else:
            found.append(Token(token.kind, words, token.space, token.start))
    return found


def _items(found: list[Token], text: str) -> Value:
    """The tokens as a value; where words stand among them, item by item, each with its unit."""
    if not any(
        t.kind in ("text", "word") or (t.kind == "letter" and t.text in units.LETTERS and t.space) for t in found
    ):
        return Parser(found).whole()
    parts = _separated(found)
    values = []
    for first, last in parts:
        end = found[last].start if last < len(found) else len(text)
        values.append(_item(found[first:last], text, end))
    if not values:
        raise Unreadable("nothing but separators")
    if len(values) > 1 and all(isinstance(v, Quantity) for v in values) and (total := _compound(values)) is not None:
        return total
    return values[0] if len(values) == 1 else Group("", tuple(values), "")


def _separated(found: list[Token]) -> list[tuple[int, int]]:
    """The ranges of tokens between commas, semicolons and connectives outside of brackets."""
    parts, depth, first = [], 0, 0
    for index, token in enumerate(found):
        if token.kind == "symbol":
            depth += (token.text in ("(", "[", "{", "\\{")) - (token.text in (")", "]", "}", "\\}"))
        depth += (token.kind == "begin") - (token.kind == "end")
        if depth == 0 and token.kind in ("symbol", "command") and token.text in (",", ";", "and", "or", "\\\\"):
            parts.append((first, index))
            first = index + 1
    parts.append((first, len(found)))
    return [(a, b) for a, b in parts if b > a]


def _item(found: list[Token], text: str, end: int) -> Value:
    """One item: a label before `=` or `:` falls off where it is words, a unit at the end becomes its unit."""
    for index, token in enumerate(found[:12]):
        if token.kind == "symbol" and token.text in ("=", ":") and index and found[0].kind in ("text", "word"):
            label = found[:index]
            if all(t.kind in ("text", "word", "letter") or t.text in "_{}^()" for t in label) and (
                token.text == ":" or any(len(t.text) > 2 for t in label)
            ):
                return _item(found[index + 1 :], text, end)
    if (total := _sum_of_quantities(found, text, end)) is not None:
        return total
    for index in range(max(1, len(found) - MAX_UNIT_TOKENS), len(found)):
        if _begins_unit(found, index) and (unit := units.read(text[found[index].start : end])) is not None:
            value = _with_words(found[:index])
            if isinstance(value, Relation):
                return Relation((*value.sides[:-1], Quantity(value.sides[-1], unit)), value.signs, value.modulus)
            return Quantity(value, unit)
    return _with_words(found)


def _with_words(found: list[Token]) -> Value:
    if any(t.kind == "text" for t in found):
        raise Unreadable("words among mathematics")
    return Parser(list(found)).whole()


_NO_UNIT = frozenset({"=", "frac", "sqrt", "cup", "in", "|", "[", "]", "\\{", "le", "ge"})


def _begins_unit(found: list[Token], index: int) -> bool:
    """Whether everything from this token on looks like a unit after a value."""
    token, before = found[index], found[index - 1]
    if before.kind == "symbol" and before.text in ("=", "+", "-", "*", "/", "^", "_", "(", "{", ",", "<", ">"):
        return False
    if before.kind == "command" and before.text in (
        "frac",
        "sqrt",
        "le",
        "ge",
        "in",
        "approx",
        "sin",
        "cos",
        "tan",
        "log",
        "ln",
    ):
        return False
    rest = found[index:]
    if any(
        t.kind in ("begin", "end", "numeral") or (t.kind in ("symbol", "command") and t.text in _NO_UNIT) for t in rest
    ):
        return False
    for n, t in enumerate(rest):
        raised = rest[n - 1].text in ("^", "-", "{") or (t.text in ("2", "3") and not t.space)
        if (t.kind == "number" and not raised) or (t.text in ("+", "-") and rest[n - 1].text not in ("^", "{")):
            return False
    if token.kind == "text":
        return True
    if token.kind == "word":
        several = len(rest) > 1 and rest[1].kind == "word"  # of the pie
        return (
            units.is_known(token.text) or not token.text.isascii() or (token.space and (len(token.text) > 2 or several))
        )
    return (
        token.kind == "letter"
        and token.text in units.LETTERS
        and token.space
        and all(t.kind == "number" or t.text in ("*", "^", "{", "}", "-") for t in found[:index])
        and len(rest) <= 6
    )


def _sum_of_quantities(found: list[Token], text: str, end: int) -> Value | None:
    """`2 hours 30 minutes`, `5 feet 6 inches`."""
    starts = [
        n
        for n, t in enumerate(found)
        if t.kind == "number" and (n == 0 or found[n - 1].kind in ("text", "word", "letter"))
    ]
    if len(starts) < 2 or starts[0] != 0:
        return None
    values: list[Value] = []
    for first, last in zip(starts, [*starts[1:], len(found)], strict=True):
        part_end = found[last].start if last < len(found) else end
        if last - first < 2 or (unit := units.read(text[found[first + 1].start : part_end])) is None:
            return None
        values.append(Quantity(Parser(list(found[first : first + 1])).whole(), unit))
    return _compound(values)


def _compound(values: list[Value]) -> Value | None:
    """The sum of quantities of falling units of one kind: hours and minutes. None for a list of like quantities."""
    quantities = [
        v for v in values if isinstance(v, Quantity) and isinstance(v.value, EXPRESSIONS) and v.unit.factor is not None
    ]
    if len(quantities) != len(values) or len({q.unit.powers for q in quantities}) != 1 or not quantities[0].unit.powers:
        return None
    factors = [q.unit.factor.value for q in quantities if isinstance(q.unit.factor, Number)]
    if len(factors) != len(values) or any(a <= b for a, b in zip(factors, factors[1:], strict=False)):
        return None
    total = ex.add(*(units.in_base(q.value, q.unit) for q in quantities))  # type: ignore[arg-type]  # expressions, seen above
    smallest = quantities[-1].unit
    assert smallest.factor is not None
    return Quantity(ex.divide(total, smallest.factor), smallest)


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


def in_words(text: str) -> Value | None:
    """A short text as words, normalised; None for what has no letters."""
    if len(text) > MAX_WORDS:
        return None
    plain = re.sub(r"\\(?:text|textbf|textit|mathrm|mbox|textrm|emph)\b|\\[,;:! ]|[{}$~*`]", " ", text)
    plain = re.sub(r"\s+", " ", plain).strip(" .,;:!?\"'").casefold()
    plain = re.sub(r"^(?:the|an?) ", "", plain)
    if plain in _EMPTY:
        return NamedSet("empty")
    if plain in ("infinity", "infty", "inf"):
        return ex.INFINITY
    if plain in _NAMED:
        return NamedSet(_NAMED[plain])
    if plain in _UNDEFINED:
        return Words("undefined")
    if (counted := _counted(plain)) is not None:
        return counted
    return Words(plain) if re.search(r"[^\W\d_]", plain) else None


def _counted(words: str) -> Value | None:
    """`forty-two` and `five red apples`: a number in words, with a unit or without."""
    parts = words.split(" ")
    for length in range(min(len(parts), 12), 0, -1):
        if (value := number_of_words(" ".join(parts[:length]))) is not None:
            unit = units.read(" ".join(parts[length:])) if length < len(parts) else None
            if length == len(parts):
                return Number(value)
            return Quantity(Number(value), unit) if unit is not None else None
    return None
