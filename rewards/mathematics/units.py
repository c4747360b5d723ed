"""Units: their sizes in base units, and how a unit is written.

`km/h`, `meters per second`, `square feet`, `cm^2`, `\\text{ kg}\\cdot\\text{m/s}^2` are read into a factor
and powers of base units. Any other words (apples, students) are a unit that only agrees with itself.
"""

from __future__ import annotations

import re
from fractions import Fraction

from .expression import PI, TWO, Call, Expression, Number, Symbol, add, divide, key, multiply, number
from .unit_table import DEGREE_NAMES, LETTERS, PERCENT_NAMES, TEMPERATURES, known
from .values import Quantity, Unit

PERCENT = Unit("%", number(Fraction(1, 100)), (("percent", 1),))
DEGREE = Unit("degree", divide(PI, number(180)), (("angle", 1),))
#: Words that make a sentence: `42 is wrong` is no quantity.
_CLAIMS = frozenset(
    "is are was were be not no nor isn't aren't wrong right false true incorrect correct maybe perhaps or "
    "if unless but except instead rather than never impossible possibly probably either neither answer "
    "would should could might must can't cannot even odd prime positive negative greater less".split()
)
_FILLERS = frozenset(["of", "the", "a", "an", "in", "each", "total", "altogether", "about", "exactly", "only"])

_LATEX = re.compile(
    r"\\(?:text|mathrm|textrm|textbf|mbox|textnormal|mathbf|operatorname|rm|hbox|textit)\b|[{}~]|\\[,;:! ]|\\(?=\s|$)"
)
_PIECE = re.compile(
    r"\s*(\*|/|\bper\b|\bpro\b|\ba(?=\s)|\bpor\b|\bpar\b)?\s*([^\W\d_]+|[%$€£¢°]|\\\$|每)\.?\s*(?:\^?\s*(-?[1-9]))?"
)
_SYMBOLS = (
    ("^\\circ", "°"), ("^{\\circ}", "°"), ("\\circ", "°"), ("\\degree", "°"), ("\\%", "%"), ("\\cdot", "*"),
    ("\\times", "*"), ("\\euro", "€"), ("\\pounds", "£"), ("\\yen", "yen"),
)  # fmt: skip


def plain(text: str) -> str:
    """The unit's text without LaTeX."""
    for latex, plainly in _SYMBOLS:
        text = text.replace(latex, plainly)
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
    if lowered in PERCENT_NAMES:
        return PERCENT
    if lowered in DEGREE_NAMES:
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
    if (name in TEMPERATURES and name != text) or text in TEMPERATURES:
        factor, offset = TEMPERATURES[name]
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
        return add(multiply(value, unit.factor), unit.offset)
    return multiply(value, unit.factor)


def agree(left: Unit, right: Unit) -> bool | None:
    """Whether two units are of one kind: True where values convert, False where not, None for words that match."""
    if left.factor is not None and right.factor is not None:
        return left.powers == right.powers
    if left.factor is None and right.factor is None:
        ours, theirs = set(left.text.split()), set(right.text.split())
        return None if ours <= theirs or theirs <= ours else False
    known_one, words = (left, right) if left.factor is not None else (right, left)
    return None if known_one.powers == () and words.text else False


def as_quantity(expression: Expression) -> Quantity | None:
    """`5m` and `5m^2` as a number with a unit, where the letter is one."""
    if not isinstance(expression, Call) or expression.head != "mul" or len(expression.args) != 2:
        return None
    amount, letter = expression.args
    exponent = ""
    if isinstance(letter, Call) and letter.head == "pow" and letter.args[1] in (TWO, number(3)):
        exponent = f"^{key(letter.args[1])}"
        letter = letter.args[0]
    if not isinstance(amount, Number) or not isinstance(letter, Symbol) or letter.name not in LETTERS - {"K", "A", "V"}:
        return None
    unit = read(letter.name + exponent)
    return Quantity(amount, unit) if unit is not None else None
