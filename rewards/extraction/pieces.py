"""Formulas, numbers and expressions where they stand in prose, with the unit that belongs to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .cues import UNIT

MAX_ANSWER = 2_000  # characters: longer is no answer
WINDOW = 300  # characters on either side in which an expression around a number is looked for


@dataclass(frozen=True, slots=True)
class Extracted:
    """An answer found in a text: it stands at `[start, end)`, and `why` names the rule that chose it.

    `why` is `boxed`, `<answer>`, `####`, `nothing else`, `answer is`, `last formula`, `last number` or `choice`.
    `text` is the answer without delimiters and emphasis around it. A list that was given piece by piece (several boxes,
    several formulas after one cue) also comes as `parts`, two or more, each value once.
    """

    text: str
    start: int
    end: int
    why: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A formula (`formula` true), number or plain expression: `text` is without delimiters, `[start, end)` with."""

    start: int
    end: int
    text: str
    formula: bool


MARK = re.compile(
    r"(?<!\\)\$\$|(?<!\\)\$|\\\(|\\\)|\\\[|\\\]|\\(?:begin|end)\{(?:align|equation|gather|eqnarray|multline)\*?\}"
)
_CLOSES = {"\\(": "\\)", "\\[": "\\]", "$": "$", "$$": "$$"}
_WORD = re.compile(r"(?<![\\{_])(?<![^\W\d_])[^\W\d_]{3,}")
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\{[^{}\\]*\})?")
#: Words that occur in mathematics written without LaTeX.
_MATH_WORDS = frozenset(
    "and or sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log exp sqrt cbrt abs mod gcd lcm max min det "
    "floor ceil ceiling for all where with pct inf infinity union intersect binomial binom choose factorial conjugate "
    "alpha beta gamma delta epsilon theta lambda sigma omega phi psi rho tau integer integers real even odd if "
    "any".split()
)
# No letter of an alphabet may touch it on the left (x2, n-1th), but one of Chinese, Japanese or Thai may.
_LETTER = r"A-Za-z\u00c0-\u024f\u0370-\u052f"
_INTEGER = r"(?>\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3}(?!\d))++|\d++)"
_DECIMALS = r"(?:(?>[.,٫٬．，]|\{,\}|\\,|\\!|,\\!)\d++)*+"
NUMBER = re.compile(
    rf"(?<![{_LETTER}\d.,_\\])[-−+－]?\\?[$€£¥₹]?[-−]?(?:{_INTEGER}{_DECIMALS}|"
    rf"\.\d++)(?:[eE][-+]?\d++(?![{_LETTER}]))?"
    rf"(?:\s?[/／]\s?\d++(?![/\d])|(?:[:：]\d++){{1,2}})?|[-−]?[√π∞½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]"
)
_TOKEN = re.compile(
    r"(?P<number>\d++(?:[.,]\d++)*+(?:[eE][-+]?\d++(?![A-Za-z]))?|\.\d++|[√π∞½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])"
    r"|(?P<operator>\*\*|[-−–+*/^×÷·±|!∪∩]|mod\b|(?<=\d)[xX](?=\d)|(?<=\d\s)[xX](?=\s\d))"
    r"|(?P<name>(?:sqrt|cbrt|arcsin|arccos|arctan|sinh?|cosh?|tanh?|cot|sec|csc|log|ln|exp|abs|floor|ceil|gcd|lcm|"
    r"binomial|"
    r"binom|factorial|max|min|pi|oo|infinity|inf)(?![A-Za-z])|\\(?:frac|sqrt|pi|cdot|times|infty|left|right|cup|pm|"
    r"binom|"
    r"sin|cos|tan|ln|log)(?![A-Za-z])|[A-Za-z](?![A-Za-z'’])(?:_\w)?)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<relation><=|>=|!=|==|(?<!<)<(?!<)|(?<!>)>(?!>)|[=≤≥≠≈])"
    r"|(?P<comma>,)|(?P<space>[ \t]+)|(?P<unit>%|°)|(?P<other>[^\W\d_]+|.)",
    re.DOTALL,
)
_ROW = re.compile(r"\\\\(?:\[[^\]]{0,9}\])?\s*")
_ROW_END = re.compile(r"(?:\\label\{[^}]*\}|\\tag\*?\{[^}]*\}|\\(?:no|not)number\w*|[\s&.,;])+$")


def bare_words(text: str) -> int:
    """How many words of three letters or more stand outside LaTeX commands."""
    return len(_WORD.findall(_COMMAND.sub(" ", text)))


def prose_words(text: str) -> list[str]:
    """Those of them that do not occur in mathematics written without LaTeX."""
    return [word for word in _WORD.findall(_COMMAND.sub(" ", text)) if word.lower() not in _MATH_WORDS]


def is_prose(text: str) -> bool:
    """Whether what stands between two dollar signs is a stretch of prose between two prices."""
    return len(prose_words(text)) > (1 if "\\" not in text else 3)


_PRICES = re.compile(r"\$\d[^$]*\s\$\d")  # $5 and $6


def formulas(text: str, start: int, end: int) -> Iterator[Piece]:
    """The formulas between `start` and `end`, in order. Dollar signs of prices are passed over."""
    opening: re.Match[str] | None = None
    for mark in MARK.finditer(text, start, end):
        sign = mark[0]
        if opening is None:
            opening = None if sign in ("\\)", "\\]") or sign.startswith("\\end") else mark
        elif sign == _CLOSES.get(opening[0], opening[0].replace("begin", "end")):
            inside = text[opening.end() : mark.start()]
            price = sign == "$" and _PRICES.match(text, opening.start(), mark.end() + 1) is not None
            if price or not inside.strip() or (sign == "$" and is_prose(inside)):
                opening = mark if sign.startswith("$") else None
            else:
                yield Piece(opening.start(), mark.end(), _last_row(inside), True)
                opening = None
        elif not opening[0].startswith("\\begin") and (opening[0][0] == "$") != (sign[0] == "$"):
            opening = mark if sign in _CLOSES else None  # one delimiter was never closed


def _last_row(inside: str) -> str:
    """The formula; of a computation over several aligned rows, what the last one arrives at."""
    inside = inside.strip()
    if (
        "\\\\" in inside
        and "&" in inside
        and "matrix" not in inside
        and "cases" not in inside
        and "array" not in inside
    ):
        body = re.sub(r"\\(?:begin|end)\{(?:aligned|align\*?|split|gathered)\}", "", inside)
        rows = [row for row in (_ROW_END.sub("", row) for row in _ROW.split(body)) if row.strip()]
        if len(rows) > 1 and all(re.match(r"\s*&?\s*(?:=|\\le|\\ge|<|>|\\approx|\\implies)", row) for row in rows[1:]):
            return re.sub(r"^[\s&=]+|\\(?:implies|Rightarrow)", "", rows[-1]).replace("&", "").strip()
    return inside


def numbers(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """The numbers between `start` and `end`, in order, in the digits of any script."""
    return NUMBER.finditer(text, start, end)


def with_unit(text: str, piece: Piece, end: int) -> Piece:
    """The piece with the unit that follows it, if one does."""
    unit = UNIT.match(text, piece.end, end)
    if unit is None:
        return piece
    gap = "" if piece.formula and unit[0][:1] in "^%\\" else " " if piece.formula else ""
    return Piece(
        piece.start, unit.end(), piece.text + gap + (unit[0].strip() if piece.formula else unit[0]), piece.formula
    )


_GOES_ON = re.compile(r"\s?(?:[-−+*/^×÷·(]|[<>=≤≥]|[!])")


def whole_expression(text: str, number: re.Match[str], low: int, high: int) -> Piece:
    """The plain expression around a number: `2*sqrt(3)` around 3, `(0, 1)` around 1; right of its last `=`.

    `low` and `high` bound the sentence. Words end an expression, so do two operands with nothing between them.
    """
    plain = Piece(number.start(), number.end(), number[0], False)
    low, high = max(low, number.start() - WINDOW), min(high, number.end() + WINDOW)
    if (unit := UNIT.match(text, number.end(), high)) and not _GOES_ON.match(text, unit.end(), high):
        high = number.end()  # 5m is five metres, 5m + 1 is not
    run: list[re.Match[str]] = []
    for token in _TOKEN.finditer(text, low, high):
        if token.lastgroup == "other":
            if token.start() >= number.end():
                break
            run = []
        else:
            run.append(token)
    run = _balanced(_after_equals(_joined(run, number), number), number)
    if not any(token.lastgroup in ("operator", "name", "open", "relation") for token in run):
        return plain
    start, end = min(run[0].start(), number.start()), max(run[-1].end(), number.end())
    return Piece(start, end, text[start:end], False)


def _joined(run: list[re.Match[str]], number: re.Match[str]) -> list[re.Match[str]]:
    """The part of a run that holds the number and in which operands are joined by operators."""
    parts: list[list[re.Match[str]]] = [[]]
    depth, operand, spaced = 0, False, False
    for index, token in enumerate(run):
        kind = token.lastgroup
        if kind == "space":
            spaced = True
            continue
        starts = kind in ("number", "name", "open")
        apart = starts and operand and spaced and depth == 0 and not _continues(parts[-1][-1], run[index : index + 3])
        if apart or (kind == "comma" and depth == 0):
            parts.append([])
        if kind != "comma" or depth > 0:
            parts[-1].append(token)
        depth = max(0, depth + (kind == "open") - (kind == "close"))
        operand, spaced = kind in ("number", "name", "close", "unit"), False
    holds = (p for p in parts if p and p[0].start() < number.end() and p[-1].end() > number.start())
    return next(holds, [])


def _continues(before: re.Match[str], tokens: list[re.Match[str]]) -> bool:
    """Whether an operand after a space belongs to the one before: `2 sqrt(3)`, `sin x`, `1 1/2`."""
    if len(tokens[0][0]) > 1 and tokens[0].lastgroup == "name":
        return True
    if before.lastgroup == "name":
        return len(before[0]) > 1
    return before[0].isdigit() and len(tokens) == 3 and tokens[1][0] == "/" and tokens[2][0].isdigit()


def _after_equals(run: list[re.Match[str]], number: re.Match[str]) -> list[re.Match[str]]:
    """What follows the last `=` before the number's end, where there is one outside brackets."""
    depth, cut = 0, 0
    for index, token in enumerate(run):
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if (
            token.lastgroup == "relation"
            and token[0] in ("=", "==", "≈")
            and depth <= 0
            and token.end() <= number.end()
        ):
            cut = index + 1
    return run[cut:]


def _balanced(run: list[re.Match[str]], number: re.Match[str]) -> list[re.Match[str]]:
    """The run without operators at its ends and without brackets that have no partner."""
    opened: list[int] = []
    lone: list[int] = []
    for index, token in enumerate(run):
        if token.lastgroup == "open":
            opened.append(index)
        elif token.lastgroup == "close":
            if opened:
                opened.pop()
            else:
                lone.append(index)
    lone += opened
    left = max((i for i in lone if run[i].start() <= number.start()), default=-1)
    right = min((i for i in lone if run[i].start() > number.start()), default=len(run))
    part = run[left + 1 : right]
    while part and _hangs(part[-1], "!|"):
        part.pop()
    while part and _hangs(part[0], "-−+±|√"):
        part.pop(0)
    return part


def _hangs(token: re.Match[str], signs: str) -> bool:
    """Whether nothing can end (or begin) with this token; the operators among `signs` may."""
    return token.lastgroup in ("relation", "comma", "unit") or (token.lastgroup == "operator" and token[0] not in signs)
