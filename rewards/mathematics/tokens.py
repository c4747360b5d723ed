"""From text to tokens: LaTeX and plain ASCII mathematics in one vocabulary.

Unicode symbols become their LaTeX commands, the spellings of one thing become one token, and marks
that only change the look (`\\left`, `\\displaystyle`, thin spaces, colours) disappear.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from .expression import Unreadable

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


_UNICODE = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-", "＋": "+", "＝": "=", "＜": "<", "＞": ">", "×": "\\times ",
    "✕": "\\times ", "⋅": "\\cdot ", "·": "\\cdot ", "∙": "\\cdot ", "•": "\\cdot ", "÷": "\\div ", "∕": "/", "⁄": "/", "√": "\\sqrt ",
    "∛": "\\sqrt[3]", "π": "\\pi ", "∞": "\\infty ", "≤": "\\le ", "≥": "\\ge ", "⩽": "\\le ", "⩾": "\\ge ", "≠": "\\ne ", "≈": "\\approx ",
    "≅": "\\approx ", "≃": "\\approx ", "≡": "\\equiv ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "∉": "\\notin ", "∅": "\\emptyset ", "∖": "\\setminus ",
    "⊆": "\\subseteq ", "⊂": "\\subset ", "±": "\\pm ", "∓": "\\mp ", "°": "^\\circ ", "º": "^\\circ ", "²": "^{2}", "³": "^{3}", "¹": "^{1}", "⁰": "^{0}",
    "⁴": "^{4}", "⁵": "^{5}", "⁶": "^{6}", "⁷": "^{7}", "⁸": "^{8}", "⁹": "^{9}", "⁻": "^-", "ⁿ": "^{n}", "ℝ": "\\mathbb{R}", "ℤ": "\\mathbb{Z}",
    "ℕ": "\\mathbb{N}", "ℚ": "\\mathbb{Q}", "ℂ": "\\mathbb{C}", "½": "\\frac{1}{2}", "⅓": "\\frac{1}{3}", "⅔": "\\frac{2}{3}", "¼": "\\frac{1}{4}",
    "¾": "\\frac{3}{4}", "⅕": "\\frac{1}{5}", "⅖": "\\frac{2}{5}", "⅗": "\\frac{3}{5}", "⅘": "\\frac{4}{5}", "⅙": "\\frac{1}{6}", "⅚": "\\frac{5}{6}",
    "⅛": "\\frac{1}{8}", "⅜": "\\frac{3}{8}", "⅝": "\\frac{5}{8}", "⅞": "\\frac{7}{8}", "⌊": "\\lfloor ", "⌋": "\\rfloor ", "⌈": "\\lceil ", "⌉": "\\rceil ",
    "∑": "\\sum ", "∏": "\\prod ", "∫": "\\int ", "∣": "|", "∥": "|", "′": "'", "’": "'", "‘": "'", "“": '"', "”": '"', "，": ",", "、": ",", "；": ";",
    "：": ":", "。": ".", "（": "(", "）": ")", "［": "[", "］": "]", "｛": "\\{", "｝": "\\}", "％": "%", "٪": "%", "٫": ".", "٬": ",", "€": "\\euro ",
    "£": "\\pounds ", "¥": "\\yen ", "￥": "\\yen ", "₹": "\\rupee ", "→": "\\to ", "∠": "\\angle ", "△": "\\triangle ", "⟨": "\\langle ", "⟩": "\\rangle ",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2002": " ", "\u2003": " ", "\u3000": " ", "\u200b": "", "\ufeff": "", "\u2061": "", "\u2062": "",
    "\u200e": "", "\u200f": "",
}  # fmt: skip
_UNICODE |= {letter: f"\\{name} " for letter, name in zip(
    "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΠΣΦΨΩϕϵϑ",
    ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega", "phi", "epsilon", "theta"],
    strict=True,
)}  # fmt: skip
_SUBSCRIPTS = str.maketrans({chr(0x2080 + d): f"_{d}" for d in range(10)})
_TRANSLATED = str.maketrans(_UNICODE)
#: What a JSON or Python string makes of a LaTeX command whose backslash was not doubled.
_CONTROL = str.maketrans({"\x08": "\\b", "\x0c": "\\f", "\x07": "\\a", "\x0b": "\\v"})
_DOUBLED = re.compile(
    r"(?<!\\)\\\\(?=(?:[dtc]?frac|sqrt|pi|left|right|text|cdot|times|boxed|infty|cup|sin|cos|tan|log|ln|pm|le|ge|in|theta|begin|end|mathrm|circ)(?![a-z]))"
)


def normalised(text: str) -> str:
    """The text with Unicode mathematics as LaTeX, other scripts' digits as ASCII, and broken escapes mended."""
    if not text.isascii():
        text = text.translate(_TRANSLATED).translate(_SUBSCRIPTS)
        if not text.isascii():
            text = "".join(_ascii_digit(c) for c in text)
    if "\\\\" in text:
        text = _DOUBLED.sub(r"\\", text)
    return text.translate(_CONTROL) if any(c in text for c in "\x08\x0c\x07\x0b") else text


def _ascii_digit(character: str) -> str:
    if character.isascii():
        return character
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    wide = ord(character) - 0xFEE0  # full-width letters and marks
    return chr(wide) if 0x21 <= wide <= 0x7E else character


#: Commands that are another's spelling. Those that map to "" change only the look.
_ALIASES = {
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "nicefrac": "frac", "sfrac": "frac", "dbinom": "binom", "tbinom": "binom", "leq": "le", "leqslant": "le",
    "geq": "ge", "geqslant": "ge", "neq": "ne", "lt": "<", "gt": ">", "colon": ":", "times": "*", "cdot": "*", "ast": "*", "bullet": "*", "star": "*", "div": "/",
    "lbrace": "\\{", "rbrace": "\\}", "lbrack": "[", "rbrack": "]", "lparen": "(", "rparen": ")", "vert": "|", "mid": "mid", "Vert": "|", "lVert": "|(",
    "rVert": ")|", "lvert": "|(", "rvert": ")|", "backslash": "setminus", "smallsetminus": "setminus", "varnothing": "emptyset", "O": "emptyset",
    "land": "and", "wedge": "and", "lor": "or", "vee": "or", "rightarrow": "to", "longrightarrow": "to", "thinspace": " ", "quad": " ", "qquad": " ",
    "operatorname*": "operatorname", "sim": "approx", "simeq": "approx", "cong": "approx", "thickapprox": "approx", "doteq": "approx", "degrees": "degree",
    "varphi": "phi", "varepsilon": "epsilon", "vartheta": "theta", "exponentialE": "e", "imaginaryI": "i", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "arccot": "acot", "arcsec": "asec", "arccsc": "acsc", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "arsinh": "asinh", "arcosh": "acosh",
    "artanh": "atanh", "tg": "tan", "ctg": "cot", "arctg": "atan", "sh": "sinh", "ch": "cosh", "th": "tanh", "cosec": "csc", "lg": "lg", "Re": "re",
    "Im": "im", "bmod": "mod", "infin": "infty", "inf": "infty", "Longrightarrow": "implies", "Rightarrow": "implies", "implies": "implies", "iff": "implies",
    "R": "reals", "Z": "integers", "N": "naturals", "Q": "rationals", "C": "complexes", "cents": "cent", "textdegree": "degree", "lfloor": "lfloor", "land ": "and",
    "lnot": "not", "neg": "not", "prime": "'", "dots": "dots", "ldots": "dots", "cdots": "dots", "lbr": "{",
}  # fmt: skip
_LOOK = frozenset(
    [
        "left",
        "right",
        "middle",
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "biggl",
        "biggr",
        "Biggl",
        "Biggr",
        "displaystyle",
        "textstyle",
        "scriptstyle",
        "limits",
        "nolimits",
        "nonumber",
        "rm",
        "bf",
        "it",
        "mathstrut",
        "strut",
        "ensuremath",
        "large",
        "Large",
        "LARGE",
        "small",
        "huge",
        "normalsize",
        "boldmath",
        "phantom",
        "hphantom",
        "vphantom",
        "smash",
        "centering",
        "noindent",
        "hfill",
        "hline",
        "therefore",
        "because",
        ",",
        ";",
        ":",
        "!",
        ">",
        "(",
        ")",
        "[",
        "]",
    ]
)
#: Commands whose braces hold words, and those whose braces hold mathematics in another face.
_TEXT = frozenset(
    ["text", "textbf", "textit", "textrm", "textnormal", "textsf", "texttt", "mbox", "hbox", "emph", "textup", "mathop"]
)
_FACES = frozenset(
    [
        "mathrm",
        "mathbf",
        "mathit",
        "mathsf",
        "mathtt",
        "mathcal",
        "boldsymbol",
        "bm",
        "pmb",
        "mathnormal",
        "symbf",
        "mathfrak",
        "mathscr",
        "boxed",
        "fbox",
        "underline",
        "cancel",
        "bcancel",
    ]
)
_HIDDEN = frozenset(
    [
        "phantom",
        "hphantom",
        "vphantom",
        "label",
        "tag",
        "color",
        "textcolor",
        "hspace",
        "vspace",
        "mspace",
        "hskip",
        "kern",
    ]
)

#: Functions that may be written without a backslash, and words that mean a constant.
FUNCTIONS = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "asin",
        "acos",
        "atan",
        "acot",
        "asec",
        "acsc",
        "sinh",
        "cosh",
        "tanh",
        "coth",
        "sech",
        "csch",
        "asinh",
        "acosh",
        "atanh",
        "ln",
        "log",
        "lg",
        "exp",
        "sqrt",
        "cbrt",
        "abs",
        "floor",
        "ceil",
        "ceiling",
        "round",
        "sgn",
        "sign",
        "gcd",
        "lcm",
        "min",
        "max",
        "det",
        "re",
        "im",
        "arg",
        "conjugate",
        "conj",
        "factorial",
        "binomial",
        "binom",
        "erf",
        "tr",
        "trace",
        "rank",
        "dim",
        "deg",
        "sum",
        "product",
        "prod",
        "root",
        "Abs",
        "arcsin",
        "arccos",
        "arctan",
        "arccot",
        "arcsec",
        "arccsc",
        "arcsinh",
        "arccosh",
        "arctanh",
    ]
)
GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Phi",
        "Psi",
        "Omega",
        "ell",
        "hbar",
    ]
)
_WORD_COMMANDS = {
    "infinity": "infty",
    "inf": "infty",
    "oo": "infty",
    "Infinity": "infty",
    "pi": "pi",
    "Pi": "pi",
    "PI": "pi",
}
CONNECTIVES = {
    "and": "and", "or": "or", "et": "and", "ou": "or", "und": "and", "oder": "or", "y": "and", "o": "or", "и": "and", "или": "or", "e": "and", "和": "and",
    "或": "or", "U": "cup",
}  # fmt: skip

_TOKEN = re.compile(
    r"""
    (?P<space>(?:\s|~|&nbsp;)+)
  | (?P<numeral>(?:\d+(?:\.\d+)?|\d[0-9A-Fa-f]*(?=_\{?(?:\\text(?:rm)?\{)?(?:1[1-6]|twelve|sixteen)\b))_(?:\{(?:\\text(?:rm)?\{)?(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen)\}?\}|\d+))
  | (?P<number>
        \d{1,3}(?:(?:\{,\}\ ?|\\[,!;:\ ])\d{3})+(?!\d)(?:\.\d+)?
      | \d{1,3}(?:,\d{3})+(?![\d,]*\d)(?:\.\d+)?
      | \d{1,3}(?:[ '~]\d{3})+(?!\d)(?:\.\d+)?(?![ ]*[/_])
      | (?:\d+\.\d+|\d+\.(?![\d.])|\d+|\.\d+)(?:[eE][-+]?\d{1,5}(?![\d.]))?
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
BASES = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "sixteen": 16,
}
_OPERATORS = {
    "**": "^",
    "<=": "le",
    ">=": "ge",
    "!=": "ne",
    "<>": "ne",
    "==": "=",
    ":=": "=",
    "=>": "implies",
    "->": "to",
    "...": "dots",
}


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
            new = _letters(match["letters"], space, start)
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
            new = [Token("symbol", _OPERATORS.get(operator, operator), space, start)]
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
    if name in _HIDDEN:
        return _after_braces(text, position), []
    if name in _LOOK:
        following = text[position : position + 1]
        if name in ("left", "right") and following in ("|", "."):
            mark = [] if following == "." else [Token("symbol", "|(" if name == "left" else ")|", space, start)]
            return position + 1, mark
        if name in ("left", "right") and following in "{}" and following:
            return position + 1, [Token("symbol", f"\\{following}", space, start)]
        return position, []
    if name in _TEXT:
        opened = _skip_spaces(text, position)
        if text.startswith("{", opened):
            closed = matching_brace(text, opened)
            return closed + 1, [Token("text", text[opened + 1 : closed], space, start)]
        return position, []
    if name == "operatorname" or name in _FACES:
        opened = _skip_spaces(text, position)
        if text.startswith("{", opened):
            closed = matching_brace(text, opened)
            inside = text[opened + 1 : closed].strip()
            if name == "operatorname" or (name in ("mathrm", "mathbf", "mathit", "boldsymbol") and len(inside) > 1):
                if inside.replace(" ", "").isalpha():
                    return closed + 1, _named(inside.replace(" ", ""), space, start)
            if name in ("mathbf", "Bbb") and inside in ("R", "Z", "N", "Q", "C"):
                return closed + 1, [Token("command", _ALIASES[inside], space, start)]
            if name in ("mathrm", "mathsf") and _COMPOUND_UNIT.fullmatch(inside):
                return closed + 1, [Token("text", inside, space, start)]
            if name in ("mathrm", "mathbf", "mathsf", "mathit") and not _looks_like_mathematics(inside):
                return closed + 1, [Token("text", inside, space, start)]
        return position, []
    if name == "mathbb" or name == "Bbb":
        match = re.compile(r"\s*\{?\s*([RZNQC])\s*\}?").match(text, position)
        if match:
            return match.end(), [Token("command", _ALIASES[match[1]], space, start)]
        return position, []
    alias = _ALIASES.get(name, name)
    if alias == " ":
        return position, []
    kind = "command" if alias.isalpha() and len(alias) > 1 else "letter" if alias.isalpha() else "symbol"
    return position, [Token(kind, alias, space, start)]


_UNIT_POWER = r"[a-zA-Z]{1,4}(?:\^\{?-?\d\}?)?"
_COMPOUND_UNIT = re.compile(rf"~?\s*{_UNIT_POWER}(?:(?:\s*/\s*|\s*\\,\s*|\s*\\cdot\s*|\s+){_UNIT_POWER})+")


def _looks_like_mathematics(text: str) -> bool:
    return bool(re.search(r"\\(?!text|,|;|!| )|[=^+*/]|\d", text)) or len(text.strip()) <= 1


def _named(name: str, space: bool, start: int) -> list[Token]:
    """An operator's or a word's name in upright letters."""
    name = _ALIASES.get(name, name)
    if name in FUNCTIONS or name in GREEK or name in ("infty", "mod", "asin", "acos", "atan"):
        return [Token("command", _ALIASES.get(name, name), space, start)]
    return [Token("text", name, space, start)]


def _letters(run: str, space: bool, start: int) -> list[Token]:
    """A run of letters: a function, a Greek letter, a connective, a word, or variables side by side."""
    if len(run) == 1:
        return [Token("letter" if run.isascii() else "word", run, space, start)]
    if run in _WORD_COMMANDS:
        return [Token("command", _WORD_COMMANDS[run], space, start)]
    if run in FUNCTIONS or run in GREEK:
        return [Token("command", _ALIASES.get(run, run), space, start)]
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
