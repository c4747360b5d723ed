"""Items with words among them: labels in front fall off, units behind join the value, the grammar reads the rest."""

from __future__ import annotations

import itertools
import re

from . import expression as ex
from . import units
from .characters import normalised
from .expression import Number, Unreadable
from .grammar import Parser
from .number_words import COUNTS
from .tokens import Token, tokens
from .unit_table import LETTERS, is_known
from .values import EXPRESSIONS, Group, Quantity, Relation, Value
from .vocabulary import ALIASES, CONNECTIVES, FUNCTIONS

MAX_UNIT_TOKENS = 24


def value_of(text: str) -> Value:
    """The value of an answer that is mathematics, with words and units perhaps. Raises Unreadable."""
    return _items(_prepared(text), text)


def _prepared(text: str) -> list[Token]:
    """Tokens, with the contents of `\\text{}` as what they are: connectives, mathematics or words."""
    found: list[Token] = []
    for token in tokens(text):
        if token.kind not in ("text", "word"):
            unit = token.text in ("min", "in") and token.kind == "command" and found and found[-1].kind == "number"
            found.append(Token("word", token.text, token.space, token.start) if unit else token)
            continue
        words = token.text.strip(" ,.;:~\\")
        if (
            token.kind == "text"
            and words in FUNCTIONS
            and not (words == "min" and found and found[-1].kind == "number")
        ):
            found.append(Token("command", ALIASES.get(words, words), token.space, token.start))
            continue
        if words.lower() in ("mod", "infinity", "infty"):
            found.append(Token("command", {"mod": "mod"}.get(words.lower(), "infty"), token.space, token.start))
            continue
        if words.lower() in COUNTS and found and found[-1].kind == "number":  # 1.5 million
            found.append(Token("symbol", "*", False, token.start))
            found.append(Token("number", str(COUNTS[words.lower()]), False, token.start))
        elif words == "in" and found and found[-1].kind == "letter":
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


def _is_unit(words: str) -> bool:
    """Whether words after a number are a unit whose LaTeX must not be read as mathematics."""
    return words in LETTERS or ("\\" in words and (unit := units.read(words)) is not None and unit.factor is not None)


def _items(found: list[Token], text: str) -> Value:
    """The tokens as a value; where words stand among them, item by item, each with its unit."""
    if not any(t.kind in ("text", "word") or (t.kind == "letter" and t.text in LETTERS and t.space) for t in found):
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
    joined = {token.text for token in found if token.kind == "command"} & {"and", "or"}
    connective = "or" if "or" in joined else "and" if joined else ""
    return values[0] if len(values) == 1 else Group("", tuple(values), connective)


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


#: What stands in no unit.
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
        return is_known(token.text) or not token.text.isascii() or (token.space and (len(token.text) > 2 or several))
    return (
        token.kind == "letter"
        and token.text in LETTERS
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
    if len(factors) != len(values) or any(a <= b for a, b in itertools.pairwise(factors)):
        return None
    total = ex.add(*(units.in_base(q.value, q.unit) for q in quantities))  # type: ignore[arg-type]  # expressions, seen above
    smallest = quantities[-1].unit
    assert smallest.factor is not None
    return Quantity(ex.divide(total, smallest.factor), smallest)
