"""Tokens of the Penn Treebank, divided as NLTK's `word_tokenize` divides a sentence.

The rules are those of Robert MacIntyre's tokenizer for the Treebank with NLTK's additions for Unicode's quotes and
dashes. NLTK takes 25 passes over each sentence under a clock; here most sentences need six, each linear in its length.
"""

from __future__ import annotations

import re


def _apart(marks: str) -> dict[int, str]:
    return str.maketrans({mark: f" {mark} " for mark in marks})


_OPENING = _apart("«“‘„")
_PUNCTUATION = _apart(";@#$%&‒–—―?!")
_CLOSING = _apart("*[](){}<>»”’")
_BACKTICKS = re.compile(r"`+")
_OPENING_QUOTE = re.compile(r"(?<=[ (\[{<])(?:\"|'')")
_OPENING_APOSTROPHE = re.compile(r"(?<!\w)'(?=\w)(?!(?:re|ve|ll|[mtsdn])\b)", re.IGNORECASE)
_AFTER_LAST_PERIOD = re.compile(r"[\"' »”’\])}>]*\s*")
_COLON_OR_COMMA = re.compile(r"([:,])(\D|\Z)")
_DOTS = re.compile(r"\.{2,}")
_LAST_APOSTROPHE = re.compile(r"([^'])' ")
_CLITICS = (re.compile(r"([^' ])('[smdSMD]|') "), re.compile(r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) "))
_JOINED = re.compile(
    r"\b(can)(not)\b|\b(d)('ye)\b|\b(gim|lem)(me)\b|\b(gon)(na)\b|\b(got)(ta)\b|\b(more)('n)\b|\b(wan)(na)(?=\s)",
    re.IGNORECASE,
)
_SIGNS_OF_JOINED = ("cannot", "d'ye", "gimme", "lemme", "gonna", "gotta", "more'n", "wanna")


def treebank(sentence: str) -> list[str]:
    """The tokens of one sentence; a double quote becomes two backticks or two apostrophes."""
    text = _without_last_period(_opened(sentence.translate(_OPENING)))
    if ":" in text or "," in text:
        text = _COLON_OR_COMMA.sub(r" \1 \2", text)
    if ".." in text:
        text = _DOTS.sub(r" \g<0> ", text)
    text = text.translate(_PUNCTUATION)
    if "'" in text:
        text = _LAST_APOSTROPHE.sub(r"\1 ' ", text)
    text = text.translate(_CLOSING).replace("--", " -- ").replace("''", " '' ").replace('"', " '' ")
    if "'" in text:
        text = f" {' '.join(text.split())} "
        for clitic in _CLITICS:
            text = clitic.sub(r"\1 \2 ", text)
    lower = text.lower()
    if any(sign in lower for sign in _SIGNS_OF_JOINED):
        text = _JOINED.sub(lambda match: " ".join(["", *filter(None, match.groups()), ""]), f" {text} ")
    return text.split()


def _opened(text: str) -> str:
    """With quotes and apostrophes that open set apart."""
    if "`" in text:
        text = _BACKTICKS.sub(r" \g<0> ", text)
    if '"' in text or "'" in text or "`" in text:
        text = f"``{text[1:]}" if text.startswith('"') else text
        text = _OPENING_QUOTE.sub(" `` ", text.replace("``", " `` "))
        text = _OPENING_APOSTROPHE.sub("' ", text)
    return text


def _without_last_period(text: str) -> str:
    """With the period at the end, which closing marks may follow, set apart; others belong to abbreviations."""
    at = text.rfind(".")
    if at > 0 and text[at - 1] != "." and _AFTER_LAST_PERIOD.fullmatch(text, at + 1):
        return f"{text[:at]} . {text[at + 1 :]}"
    return text
