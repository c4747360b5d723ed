"""From text to tokens: LaTeX and plain ASCII mathematics in one vocabulary.

Unicode symbols become their LaTeX commands, the spellings of one thing become one token, and marks
that only change the look (`\\left`, `\\displaystyle`, thin spaces, colours) disappear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .expression import Unreadable
from .vocabulary import ALIASES, BASES, BRACKETED, FACES, FUNCTIONS, GREEK, HIDDEN, LOOK, OPERATORS, TEXT, WORD_COMMANDS

MAX_CHARACTERS = 20_000
MAX_TOKENS = 1_500
MAX_DIGITS = 4_000


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: number, letter, command, word, text, environment or symbol; `space`: white space stood before it."""

    kind: str
    text: str
    space: bool = False
    start: int = 0


_TOKEN = re.compile(
    r"""
    (?P<space>(?:\s|~|&nbsp;)+)
  | (?P<numeral>
        (?: \d+(?:\.\d+)? | \d[0-9A-Fa-f]*(?=_\{?(?:\\text(?:rm)?\{)?(?:1[1-6]|twelve|sixteen)\b) )
        _(?: \{(?:\\text(?:rm)?\{)?
             (?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen)\}?\}
           | \d+ )
    )
  | (?P<number>
        \d{1,3}(?:(?:\{,\}\ ?|\\[,!;:\ ])\d{3})+(?!\d)(?:\.\d+)?
      | \d{1,3}(?:,\d{3})+(?![\d,]*\d)(?:\.\d+)?
      | \d{1,3}(?:[ '~]\d{3})+(?!\d)(?:\.\d+)?(?![ ]*[/_])
      | (?:\d+\.\d+|\.\d+)(?:[eE][-+]?\d{1,5}(?![\d.a-zA-Z]))?
      | (?:\d+\.(?![\d.])|\d+)(?:(?:E[-+]?|e-?)\d{1,5}(?![\d.a-zA-Z]))?
    )
  | \\begin\s*\{(?P<begin>[a-zA-Z]+\*?)\}
  | \\end\s*\{(?P<end>[a-zA-Z]+\*?)\}
  | \\(?P<command>[a-zA-Z]+\*?)
  | (?P<row>\\\\)
  | \\(?P<escaped>.)
  | (?P<letters>[^\W\d_]+)
  | (?P<operator>\*\*|<=|>=|!=|<>|==|:=|=>|->|\.\.\.|[\s\S])
    """,
    re.VERBOSE,
)
_NUMERAL = re.compile(r"([0-9A-Fa-f]+(?:\.[0-9A-Fa-f]+)?)_(?:\W|\\text(?:rm)?)*(\d+|[a-z]{3,})\W*")


def tokens(text: str) -> list[Token]:
    """The tokens of a text that is already `normalised`. Raises Unreadable for what is too long."""
    if len(text) > MAX_CHARACTERS:
        raise Unreadable("longer than any answer")
    found: list[Token] = []
    position, space, depth = 0, False, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None, "the last alternative takes any character"
        group, start, position = match.lastgroup, position, match.end()
        if group == "space":
            space = True
            continue
        if len(found) > MAX_TOKENS:
            raise Unreadable("longer than any answer")
        if group == "command":
            position, new = _command(text, match["command"], position, space, start)
        elif group == "number":
            value = match["number"]
            if depth and _LISTED.fullmatch(value):  # (1,234) is a pair
                value = value[: value.index(",")]
                position = start + len(value)
            elif "'" in value or (" " in value and depth):
                value = re.match(r"\d+", value)[0]  # type: ignore[index]  # it begins with digits
                position = start + len(value)
            new = [Token("number", _plain_number(value), space, start)]
        elif group == "numeral":
            new = [Token("numeral", match["numeral"], space, start)]
        elif group == "letters":
            new = _letters(match["letters"], text[position : position + 1], space, start)
        elif group == "begin" or group == "end":
            new = [Token(group, match[group].rstrip("*"), space, start)]
        elif group == "row":
            new = [Token("symbol", "\\\\", space, start)]
        elif group == "escaped":
            new = _escaped(match["escaped"], space, start)
            space |= match["escaped"] in ",;:! >" and not new
            if not new:
                continue
        else:
            operator = match["operator"]
            new = [Token("symbol", OPERATORS.get(operator, operator), space, start)]
            depth += (operator in "([") - (operator in ")]")
        found += new
        space = False if new else space or group == "command"
    return found


_LISTED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def _plain_number(text: str) -> str:
    plain = re.sub(r"\{,\}|\\[,!;: ]|[, '~]", "", text) if not text.isdigit() else text
    if len(plain) > MAX_DIGITS:
        raise Unreadable("a number of more digits than are read")
    return plain


def _escaped(character: str, space: bool, start: int) -> list[Token]:
    if character in "{}":
        return [Token("symbol", f"\\{character}", space, start)]
    if character in "%$&#_|":
        return [Token("symbol", {"$": "\\$", "|": "|"}.get(character, character), space, start)]
    return []  # spaces and delimiters


def _command(text: str, name: str, position: int, space: bool, start: int) -> tuple[int, list[Token]]:
    if name in HIDDEN:
        return _after_braces(text, position), []
    if name in LOOK:
        following = text[position : position + 1]
        if name in ("left", "right") and following in ("|", "."):
            mark = [] if following == "." else [Token("symbol", "|(" if name == "left" else ")|", space, start)]
            return position + 1, mark
        if name in ("left", "right") and following in "{}" and following:
            return position + 1, [Token("symbol", f"\\{following}", space, start)]
        return position, []
    if name in TEXT:
        opened = _skip_spaces(text, position)
        if text.startswith("{", opened):
            closed = matching_brace(text, opened)
            return closed + 1, [Token("text", text[opened + 1 : closed], space, start)]
        return position, []
    if name == "operatorname" or name in FACES:
        opened = _skip_spaces(text, position)
        if text.startswith("{", opened):
            closed = matching_brace(text, opened)
            inside = text[opened + 1 : closed].strip()
            upright = name == "operatorname" or (name in _UPRIGHT and len(inside) > 1)
            if upright and inside.replace(" ", "").isalpha():
                return closed + 1, _named(inside.replace(" ", ""), space, start)
            if name in ("mathbf", "Bbb") and inside in ("R", "Z", "N", "Q", "C"):
                return closed + 1, [Token("command", ALIASES[inside], space, start)]
            if name in ("mathrm", "mathsf") and _COMPOUND_UNIT.fullmatch(inside):
                return closed + 1, [Token("text", inside, space, start)]
            if name in ("mathrm", "mathbf", "mathsf", "mathit") and not _looks_like_mathematics(inside):
                return closed + 1, [Token("text", inside, space, start)]
        return position, []
    if name == "mathbb" or name == "Bbb":
        match = re.compile(r"\s*\{?\s*([RZNQC])\s*\}?").match(text, position)
        if match:
            return match.end(), [Token("command", ALIASES[match[1]], space, start)]
        return position, []
    alias = ALIASES.get(name, name)
    if alias == " ":
        return position, []
    kind = "command" if alias.isalpha() and len(alias) > 1 else "letter" if alias.isalpha() else "symbol"
    return position, [Token(kind, alias, space, start)]


_UPRIGHT = ("mathrm", "mathbf", "mathit", "boldsymbol")
_UNIT_POWER = r"[a-zA-Z]{1,4}(?:\^\{?-?\d\}?)?"
_COMPOUND_UNIT = re.compile(rf"~?\s*{_UNIT_POWER}(?:(?:\s*/\s*|\s*\\,\s*|\s*\\cdot\s*|\s+){_UNIT_POWER})+")


def _looks_like_mathematics(text: str) -> bool:
    return bool(re.search(r"\\(?!text|,|;|!| )|[=^+*/]|\d", text)) or len(text.strip()) <= 1


def _named(name: str, space: bool, start: int) -> list[Token]:
    """An operator's or a word's name in upright letters."""
    name = ALIASES.get(name, name)
    if name in FUNCTIONS or name in GREEK or name in ("infty", "mod", "asin", "acos", "atan"):
        return [Token("command", ALIASES.get(name, name), space, start)]
    return [Token("text", name, space, start)]


def _letters(run: str, following: str, space: bool, start: int) -> list[Token]:
    """A run of letters: a function, a Greek letter, a connective, a word, or variables side by side."""
    if len(run) == 1:
        return [Token("letter" if run.isascii() else "word", run, space, start)]
    if run in WORD_COMMANDS:
        return [Token("command", WORD_COMMANDS[run], space, start)]
    if run in GREEK or (run in FUNCTIONS and (run not in BRACKETED or following == "(")):
        return [Token("command", ALIASES.get(run, run), space, start)]
    if run in ("and", "or", "mod"):
        return [Token("command", run, space, start)]
    for joined in ("and", "or"):  # 1orW(x)=-1
        if run.startswith(joined) and len(run) == len(joined) + 1:
            return [Token("command", joined, space, start), Token("letter", run[-1], False, start + len(joined))]
    return [Token("word", run, space, start)]


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\n":
        position += 1
    return position


def matching_brace(text: str, opened: int) -> int:
    """Where the brace at `opened` closes. Raises Unreadable where it does not."""
    depth, position = 0, opened
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    raise Unreadable("an unclosed brace")


def _after_braces(text: str, position: int) -> int:
    opened = _skip_spaces(text, position)
    return matching_brace(text, opened) + 1 if text.startswith("{", opened) else position


def numeral_parts(text: str) -> tuple[str, int]:
    """Digits and base of a numeral token such as `1A_{16}`."""
    match = _NUMERAL.fullmatch(text)
    if match is None:
        raise Unreadable("a numeral whose base cannot be read")
    if match[2] not in BASES and not match[2].isdigit():
        raise Unreadable("a numeral whose base cannot be read")
    return match[1], BASES.get(match[2]) or int(match[2])
