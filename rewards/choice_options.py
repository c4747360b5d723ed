"""The options of a multiple-choice question, and which one of them a short text names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .extraction.cues import ENDINGS, EXPLAINS, negated
from .mathematics.quick import plain

LETTERS = "ABCDEFGHIJ"
MAX_OPTIONS = 64
MAX_NAMED = 2_000  # characters of a text that may name an option
_DECORATION = " \t\r\n*_`\"'“”«»„$.,:;!。．，、：；！؟"
#: What may stand before a label: "so the correct option is", "la opción", "Вариант", "选项".
_LEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|then|and|i (?:choose|pick|select|think it(?: is|'s))|it(?: is|'s)|this is|"
    r"the|my|la|le|el|il|die|der|correct|right|best|final|"
    r"option|choice|answer|letter|statement|opci[oó]n|opção|opzione|choix|réponse|lettre|letra|lettera|antwort|"
    r"buchstabe|respuesta|resposta|risposta|вариант|буква|ответ|选项|選項|答案|選択肢|정답|보기|الخيار|विकल्प|"
    r"is|es|est|ist|é|è|是|は|为|為)(?:\s*[:：,*]+\s*|\s+|(?<=[选项選項答案択肢是はと为為])))+",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"(?:[\s)\].:*]*|[\s)*]*,\s*(?!not\b))"
    r"(?:(?:is|are|was|seems?|looks?|must be|would be|can be)\s+|(?:can|do|does|is|was)(?=n['’]t))?"
    r"(?:n['’]t|not|never|cannot|wrong|incorrect|false|invalid|ruled out|eliminated|"
    r"不对|错)\b",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"[)\].:\s*]*(?:,|/|&|;|\band\b|\bor\b|\bnor\b|\bet\b|\bou\b|\bund\b|\boder\b|\by\b|\bo\b|和|或|、)"
)
_GOES_ON = re.compile(
    r"[\s,)*]*(?:(?:because|since|as|not|which|for|due|and not|rather|instead)\b|"
    r"(?:is|are|would be|must be) (?:the |therefore |thus )*(?:correct|right|best|answer|one|only)|因为|[(（—–-])",
    re.IGNORECASE,
)
_WRAPPER = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathsf|rm|bf|boxed|mbox)\s*\{")
_WRAPPED = re.compile(_WRAPPER.pattern + r"([^{}]*)\}")
_DELIMITERS = re.compile(r"\\[()\[\]]|\\left|\\right|\\[,;:! ]|~")
_FORMULA = re.compile(r"[\\$^]")


@dataclass(frozen=True)
class Options:
    """Labels, as they are written, and the texts of the options; a text may be empty."""

    texts: Mapping[str, str]

    @classmethod
    def of(cls, choices: Any) -> Options | None:
        """From `[{"label", "text"}, ...]`, or the letters A to J for None; None where it is neither."""
        if choices is None:
            return cls(dict.fromkeys(LETTERS, ""))
        if not isinstance(choices, (list, tuple)) or not 0 < len(choices) <= MAX_OPTIONS:
            return None
        if not all(isinstance(c, Mapping) and str(c.get("label", "")).strip() for c in choices):
            return None
        texts = {_normal(str(c["label"])).strip().strip("().").upper(): str(c.get("text") or "") for c in choices}
        return cls(texts) if len(texts) == len(choices) and "" not in texts else None

    @cached_property
    def questions(self) -> bool:
        """Whether an option is a question, so that a question mark is no doubt."""
        return any(text.rstrip().endswith("?") for text in self.texts.values())

    @cached_property
    def _label(self) -> re.Pattern[str]:
        listed = "|".join(sorted(map(re.escape, self.texts), key=len, reverse=True))
        return re.compile(rf"[(\[]?\s*({listed})(?![^\W_])\s*([)\].:：、]+|[-–—](?=\s)|$|(?=\W))\s*", re.IGNORECASE)

    @cached_property
    def _item(self) -> re.Pattern[str]:
        listed = "|".join(sorted((re.escape(t) for t in self.texts), key=len, reverse=True))
        return re.compile(rf"(?<![^\W_])({listed})(?:[)\]:：]|\.(?=\s))")

    @cached_property
    def _exact(self) -> dict[str, list[str]]:
        return self._by_key(str)

    @cached_property
    def _folded(self) -> dict[str, list[str]]:
        return self._by_key(str.casefold)

    def _by_key(self, fold: Any) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for label, text in self.texts.items():
            if text.strip():
                found.setdefault(fold(key(text)), []).append(label)
        return found

    def gold(self, reference: str) -> str | None:
        """The label that a reference stands for: a label, an option's text, or `B. heat`."""
        return self.named(reference.strip(), alone=True) if reference.strip() else None

    def named(self, text: str, *, alone: bool) -> str | None:
        """The one option that a text names, None where it names none, several, or denies one.

        `alone`: the text is nothing but an answer, so that a small letter is a label and no word.
        """
        if len(text) > MAX_NAMED:
            return None
        text = unwrapped(text if text.isascii() else ENDINGS.sub("", text))
        bare = text.strip("()[] ")
        if bare.upper() in self.texts and (alone or bare.isupper() or not bare.isalpha() or bare == text):
            return bare.upper()  # before texts: an option may be called C and say "A"
        if label := self._by_text(text):
            return label
        if (final := self._final(text)) is not None:
            text = final
        for body in (text, text[lead.end() :] if (lead := _LEAD.match(text)) else None):
            if body and (label := self._by_label(body, alone) or self._by_beginning(body)):
                return label
        return None

    def listed(self, line: str) -> str | None:
        """The label that a line begins with as a list does, unless the line refuses it."""
        head = self._label.match(line.strip().lstrip("*_- "))
        if head is None or not head[2] or _REFUSED.match(line.strip().lstrip("*_- "), head.end()):
            return None
        return head[1].upper()

    def several(self, text: str, label: str = "") -> bool:
        """Whether labels stand as in a list, `A)`, `B.`, `(C)`: more than one, or any other than `label`."""
        found = {match[1].upper() for match in self._item.finditer(text)} - {label}
        return len(found) > (0 if label else 1)

    def _lists_another(self, text: str, label: str) -> bool:
        """Whether another label stands in the text with the whole of its option behind it."""
        for match in self._item.finditer(text):
            option = self.texts[match[1].upper()].strip().rstrip(_DECORATION).casefold()
            if match[1].upper() != label and option and text[match.end() :].lstrip().casefold().startswith(option):
                return True
        return False

    def _final(self, text: str) -> str | None:
        """The label of "... that cannot be folded is (D)"."""
        last = re.search(r"(?:\bis|\bes|\best|\bist)\s*:?\s*[(*]*([^\W_]{1,2})[)*]*$", text[-200:])
        if last is None or not (last[1].isupper() or last[1].isdigit()) or last[1].upper() not in self.texts:
            return None
        return last[1]

    def _by_text(self, text: str) -> str | None:
        exact = key(text)
        for hits in (self._exact.get(exact), self._folded.get(exact.casefold())):
            if hits and len(hits) == 1 and exact:
                return hits[0]
        return None

    def _by_label(self, text: str, alone: bool) -> str | None:
        head = self._label.match(text)
        if head is None:
            return None
        label, mark, rest = head[1].upper(), head[2], unwrapped(text[head.end() :])
        if head[1].islower() and not (alone or mark or not rest):
            return None  # "a" may be a word
        if not rest:
            return label
        # What follows the label may repeat its option or explain, but must not name another.
        if (said := key(rest).casefold()) in self._folded:
            return label if label in self._folded[said] else None
        own = self._begins(rest, label)
        if self._lists_another(rest, label):
            return None
        if _REFUSED.match(text, head.end(1)) and not own:
            return None
        if not own and (joined := _JOINED.match(text, head.end(1))):
            after = text[joined.end() :].strip(_DECORATION + "(")
            if (another := self._label.match(after)) and another[1].upper() != label:
                return None
        if not own and (other := self._label.match(rest)) and other[1].upper() != label and not other[1].islower():
            return None
        if not own and not _GOES_ON.match(rest) and self.several(rest, label):
            return None
        if not own and any(self._begins(rest, key_) for key_ in self.texts if key_ != label):
            return None
        return label if mark or own or _GOES_ON.match(text, head.end(1)) else None

    def _by_beginning(self, text: str) -> str | None:
        """The option whose text a longer one begins with, before a full stop or an explanation."""
        hits = [label for label in self.texts if self._begins(text, label)]
        longest = max(hits, key=lambda label: len(key(self.texts[label])), default=None)
        return longest if longest is not None and not negated(text[: len(self.texts[longest])]) else None

    def _begins(self, text: str, label: str) -> bool:
        option = self.texts[label].strip().rstrip(_DECORATION)
        if len(option) < 2 or not text.casefold().startswith(option.casefold()):
            return False
        rest = text[len(option) :]
        after = rest.lstrip(_DECORATION).casefold()
        if any(
            after.startswith(other.strip().casefold())
            for key_, other in self.texts.items()
            if key_ != label and len(other) > 1
        ):
            return False  # a list of options
        if not rest.strip(_DECORATION + ")"):
            return True
        ends = rest[:1] in ".!。" and (len(rest) == 1 or rest[1].isspace())
        return bool(ends or rest.startswith("\n") or EXPLAINS.match(rest) or _GOES_ON.match(rest))


def refused(text: str, position: int) -> bool:
    """Whether what follows takes back what stands before `position`: "is wrong", "can't be"."""
    return _REFUSED.match(text, position) is not None


def key(text: str) -> str:
    """Words by their letters, formulas by what `plain` leaves of them."""
    text = _normal(unwrapped(text))
    if _FORMULA.search(text):
        return plain(text)
    return " ".join(text.strip(_DECORATION).split())


def unwrapped(text: str) -> str:
    r"""The text without `\text{}` and its kin, delimiters of formulas, emphasis and full stops around it."""
    text = _normal(text)
    text = _WRAPPED.sub(r"\1", _DELIMITERS.sub(" ", text) if "\\" in text or "~" in text else text)
    while True:
        text = text.strip(_DECORATION)
        mark = _WRAPPER.match(text)
        if mark is None or not text.endswith("}"):
            break
        text = text[mark.end() : -1]
    text = re.sub(r"\s+", " ", text)
    return text[:-1].rstrip() if text.endswith(")") and "(" not in text and len(text) > 2 else text


def _normal(text: str) -> str:
    """Full-width and circled letters and digits as plain ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)
