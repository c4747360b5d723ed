"""Characters: Unicode mathematics as LaTeX commands, other scripts' digits as ASCII, broken escapes mended."""

from __future__ import annotations

import re
import unicodedata

_UNICODE = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-", "＋": "+", "＝": "=", "＜": "<",
    "＞": ">", "×": "\\times ", "✕": "\\times ", "⋅": "\\cdot ", "·": "\\cdot ", "∙": "\\cdot ", "•": "\\cdot ",
    "÷": "\\div ", "∕": "/", "⁄": "/", "√": "\\sqrt ", "∛": "\\sqrt[3]", "π": "\\pi ", "∞": "\\infty ", "≤": "\\le ",
    "≥": "\\ge ", "⩽": "\\le ", "⩾": "\\ge ", "≠": "\\ne ", "≈": "\\approx ", "≅": "\\approx ", "≃": "\\approx ",
    "≡": "\\equiv ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "∉": "\\notin ", "∅": "\\emptyset ",
    "∖": "\\setminus ", "⊆": "\\subseteq ", "⊂": "\\subset ", "±": "\\pm ", "∓": "\\mp ", "°": "^\\circ ",
    "º": "^\\circ ", "²": "^{2}", "³": "^{3}", "¹": "^{1}", "⁰": "^{0}", "⁴": "^{4}", "⁵": "^{5}", "⁶": "^{6}",
    "⁷": "^{7}", "⁸": "^{8}", "⁹": "^{9}", "⁻": "^-", "ⁿ": "^{n}", "ℝ": "\\mathbb{R}", "ℤ": "\\mathbb{Z}",
    "ℕ": "\\mathbb{N}", "ℚ": "\\mathbb{Q}", "ℂ": "\\mathbb{C}", "½": "\\frac{1}{2}", "⅓": "\\frac{1}{3}",
    "⅔": "\\frac{2}{3}", "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}", "⅕": "\\frac{1}{5}", "⅖": "\\frac{2}{5}",
    "⅗": "\\frac{3}{5}", "⅘": "\\frac{4}{5}", "⅙": "\\frac{1}{6}", "⅚": "\\frac{5}{6}", "⅛": "\\frac{1}{8}",
    "⅜": "\\frac{3}{8}", "⅝": "\\frac{5}{8}", "⅞": "\\frac{7}{8}", "⌊": "\\lfloor ", "⌋": "\\rfloor ",
    "⌈": "\\lceil ", "⌉": "\\rceil ", "∑": "\\sum ", "∏": "\\prod ", "∫": "\\int ", "∣": "|", "∥": "|", "′": "'",
    "’": "'", "‘": "'", "“": '"', "”": '"', "，": ",", "、": ",", "；": ";", "：": ":", "。": ".", "（": "(",
    "）": ")", "［": "[", "］": "]", "｛": "\\{", "｝": "\\}", "％": "%", "٪": "%", "٫": ".", "٬": ",",
    "€": "\\euro ", "£": "\\pounds ", "¥": "\\yen ", "￥": "\\yen ", "₹": "\\rupee ", "→": "\\to ", "∠": "\\angle ",
    "△": "\\triangle ", "⟨": "\\langle ", "⟩": "\\rangle ", "\u00a0": " ", "\u2009": " ", "\u202f": " ",
    "\u2002": " ", "\u2003": " ", "\u3000": " ", "\u200b": "", "\ufeff": "", "\u2061": "", "\u2062": "", "\u200e": "",
    "\u200f": "",
}  # fmt: skip

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega phi epsilon theta".split()
)
_UNICODE |= {letter: f"\\{name} " for letter, name in zip("αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΠΣΦΨΩϕϵϑ", _GREEK, strict=True)}
_SUBSCRIPTS = str.maketrans({chr(0x2080 + d): f"_{d}" for d in range(10)})
_TRANSLATED = str.maketrans(_UNICODE)
#: What a JSON or Python string makes of a LaTeX command whose backslash was not doubled.
_CONTROL = str.maketrans({"\x08": "\\b", "\x0c": "\\f", "\x07": "\\a", "\x0b": "\\v"})
#: A command whose backslash was doubled.
_DOUBLED = re.compile(
    r"(?<!\\)\\\\(?=(?:[dtc]?frac|sqrt|pi|left|right|text|cdot|times|boxed|infty|cup|sin|cos|tan|log|ln|pm"
    r"|le|ge|in|theta|begin|end|mathrm|circ)(?![a-z]))"
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
