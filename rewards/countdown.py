"""The countdown verifier: does the boxed expression use each number once and reach the target?

The expression is parsed here, by a small recursive-descent parser over exact fractions: the
completion is hostile text, so nothing of Python evaluates it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

from rlvr.core import Completion, Prompt, Verdict
from rlvr.registry import verifier

#: Far above any honest answer: 8 numbers of 6 digits with an operator and two pairs of parentheses each.
MAX_LENGTH = 400
MAX_DEPTH = 32
MAX_DIGITS = 9

_BOX = re.compile(r"\\boxed\s*\{")
_TOKEN = re.compile(r"\s*(?:([0-9]+)|(\*\*|//|\\frac|[-+*/(){}=]))")
_SPELLINGS = {
    r"\left": "",
    r"\right": "",
    r"\times": "*",
    r"\cdot": "*",
    r"\div": "/",
    r"\dfrac": r"\frac",
    r"\tfrac": r"\frac",
    "×": "*",
    "·": "*",
    "÷": "/",
    "−": "-",
    r"\,": " ",
    r"\ ": " ",
    "$": "",
}


class NotAnExpression(ValueError):
    """The text is not an arithmetic expression in the allowed grammar."""


@verifier(
    "countdown",
    example={
        "prompt": "Make 68 of the numbers 3, 5, 8, 25, each used once, with + - * /.",
        "completion": "\\boxed{(25 - 5) * 3 + 8}",
        "answer": {"numbers": [3, 5, 8, 25], "target": 68},
    },
)
def countdown(prompt: Prompt, completion: Completion, *, format_reward: float = 0.0) -> Verdict:
    r"""1 where the last \boxed expression uses each given number exactly once and equals the target.

    `prompt.answer` is `{"numbers": [...], "target": n}`. `format_reward` (TinyZero uses 0.1) goes to
    a well-formed expression that is wrong. A trailing `= target` is allowed, as people write it.
    """
    numbers, target = _task(prompt.answer)
    if not 0.0 <= format_reward < 1.0:
        raise ValueError(f"format_reward is {format_reward}; it must be in [0, 1)")
    text = _last_box(completion.text)
    if text is None:
        return Verdict(0.0, "unparsable", reason=r"no \boxed expression")
    try:
        value, used = evaluate(text)
    except NotAnExpression as error:
        return Verdict(0.0, "unparsable", answer=text[:MAX_LENGTH], reason=str(error))
    except ZeroDivisionError:
        return _wrong(text, "division by zero", format_reward)
    if Counter(used) != Counter(numbers):
        return _wrong(text, f"uses {sorted(used)}, not each of {sorted(numbers)} once", format_reward)
    if value != target:
        return _wrong(text, f"equals {value}, not {target}", format_reward)
    return Verdict(1.0, "correct", answer=text)


def evaluate(text: str) -> tuple[Fraction, list[int]]:
    r"""The exact value of an expression of + - * / \frac and parentheses, and the numbers written in it.

    Raises `NotAnExpression` for anything else (`**`, `//`, names, calls, decimals, non-ASCII digits,
    more than 400 characters, 32 levels, 9 digits), `ZeroDivisionError` where it divides by zero.
    """
    if len(text) > MAX_LENGTH:
        raise NotAnExpression(f"longer than {MAX_LENGTH} characters")
    for spelling, symbol in _SPELLINGS.items():
        # A command ends where its letters end: \leftarrow is not \left.
        pattern = re.escape(spelling) + (r"(?![A-Za-z])" if spelling[-1].isalpha() else "")
        text = re.sub(pattern, lambda _, symbol=symbol: symbol, text)  # type: ignore[misc]
    parser = _Parser(_tokens(text))
    value = parser.sum(0)
    if parser.peek() == "=":  # `3*4 = 12`: the right side must be true, and its number is not a used one
        used = list(parser.used)
        parser.take("=")
        if parser.sum(0) != value:
            raise NotAnExpression("the two sides of = differ")
        parser.used = used
    parser.end()
    return value, parser.used


class _Parser:
    """sum := product (('+' | '-') product)*; product := factor (('*' | '/') factor)*."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0
        self.used: list[int] = []

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, expected: str) -> None:
        if self.peek() != expected:
            raise NotAnExpression(f"expected {expected!r}, found {self.peek() or 'the end'!r}")
        self.position += 1

    def end(self) -> None:
        if self.peek():
            raise NotAnExpression(f"unexpected {self.peek()!r}")

    def sum(self, depth: int) -> Fraction:
        value = self.product(depth)
        while (symbol := self.peek()) in ("+", "-"):
            self.take(symbol)
            right = self.product(depth)
            value = value + right if symbol == "+" else value - right
        return value

    def product(self, depth: int) -> Fraction:
        value = self.factor(depth)
        while (symbol := self.peek()) in ("*", "/"):
            self.take(symbol)
            right = self.factor(depth)
            value = value * right if symbol == "*" else value / right
        return value

    def factor(self, depth: int) -> Fraction:
        if depth > MAX_DEPTH:
            raise NotAnExpression(f"nested deeper than {MAX_DEPTH} levels")
        token = self.peek()
        if token == "-":  # harmless: whatever signs reach can be reached by subtraction too
            self.take("-")
            return -self.factor(depth + 1)
        if token == "(":
            return self.group("(", ")", depth)
        if token == r"\frac":
            self.take(token)
            return self.group("{", "}", depth) / self.group("{", "}", depth)
        if not token.isdigit():
            raise NotAnExpression(f"expected a number, found {token or 'the end'!r}")
        self.position += 1
        self.used.append(int(token))
        return Fraction(int(token))

    def group(self, opening: str, closing: str, depth: int) -> Fraction:
        self.take(opening)
        value = self.sum(depth + 1)
        self.take(closing)
        return value


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotAnExpression(f"{text[position : position + 12].strip()!r} is not arithmetic")
        if match[1] and len(match[1]) > MAX_DIGITS:
            raise NotAnExpression(f"a number of more than {MAX_DIGITS} digits")
        tokens.append(match[1] or match[2])
        position = match.end()
    return tokens


def _last_box(text: str) -> str | None:
    r"""The content of the last `\boxed{...}` that is closed; braces nest (for \frac)."""
    for opening in reversed(list(_BOX.finditer(text))):
        depth = 1
        # Bounded: a box that is longer than any expression may be is cut, and then refused for its length.
        for position in range(opening.end(), min(len(text), opening.end() + 4 * MAX_LENGTH)):
            depth += (text[position] == "{") - (text[position] == "}")
            if depth == 0:
                return text[opening.end() : position].strip()
        if opening.end() + 4 * MAX_LENGTH < len(text):
            return text[opening.end() : opening.end() + 4 * MAX_LENGTH]
    return None


def _wrong(text: str, reason: str, format_reward: float) -> Verdict:
    return Verdict(format_reward, "partial" if format_reward else "wrong", answer=text, reason=reason)


def _task(answer: object) -> tuple[list[int], int]:
    """The numbers and the target of a reference, which is the data set's and not the model's."""
    if not isinstance(answer, Mapping) or not {"numbers", "target"} <= answer.keys():
        raise ValueError(f'a countdown answer is {{"numbers": [...], "target": n}}, not {answer!r:.80}')
    return [int(number) for number in answer["numbers"]], int(answer["target"])
