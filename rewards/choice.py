"""The `choice` verifier: which option of a multiple-choice question did the completion choose?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rlvr.core import Completion, Prompt, Verdict
from rlvr.registry import verifier

from .extract import extract
from .math_answer import plain

_LETTERS = "ABCDEFGHIJ"
_LEAD = re.compile(
    r"(?:it(?: is|'s)|(?:(?:the|correct|right|best|final|my)\s+)*(?:option|choice|answer|letter)\s*(?:is|:)?)\s*",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"[)\].:\s]*(?:,|/|&|and\b|or\b|nor\b)[\s(]*(?:and\s|or\s)?[\s(]*[A-Za-z\d](?![A-Za-z\d'])", re.IGNORECASE
)
_EXPLAINS = re.compile(
    r"[\s,)]*(?:because|since|as|not|is (?:the )?(?:correct|right|best|answer)|which)\b", re.IGNORECASE
)
_FINAL = re.compile(r"\bis\s*:?\s*\(?([A-Z])\)?[.\s*]*$")
_DECOR = " \t\n*_`\"'$.,:;!"


@verifier("choice")
def choice(prompt: Prompt, completion: Completion) -> Verdict:
    """Compares the chosen option with the reference, a label or an option's text.

    `meta["choices"]` lists `{"label", "text"}`; without it the labels are A to J. Statuses:
    `correct`, `wrong`, `unparsable` (no option, several, or a negation), `error` (no such option as the reference).
    """
    options = _options(prompt.meta.get("choices"))
    if options is None:
        return Verdict(None, "error", reason='meta["choices"] is not a list of {"label", "text"} with distinct labels')
    gold = _option(str(prompt.answer).strip(), options, alone=True) if prompt.answer is not None else None
    if gold is None:
        return Verdict(None, "error", reason=f"the reference {str(prompt.answer)[:80]!r} is none of the options")
    found = extract(completion.text)
    candidates = [] if found is None or found.why in ("last formula", "last number") else [(found.text, found.why)]
    if not candidates:  # "B) because ..." at the start or "(C)" on the last line
        lines = [
            line for line in completion.text.rpartition("</think>")[2].strip()[-2000:].splitlines() if line.strip()
        ]
        candidates = (
            [(line, why) for line, why in ((lines[-1], "last line"), (lines[0], "first line"))] if lines else []
        )
    for text, why in candidates:
        label = _option(text, options, alone=why in ("boxed", "nothing else", "<answer>", "####"))
        if label is not None:
            right = label == gold
            return Verdict(float(right), "correct" if right else "wrong", label, f"{why}: option {label}")
    return Verdict(0.0, "unparsable", reason="no single option found")


def _options(choices: Any) -> dict[str, str] | None:
    """Label -> text; None where the choices are malformed."""
    if choices is None:
        return dict.fromkeys(_LETTERS, "")
    if not isinstance(choices, (list, tuple)) or not choices:
        return None
    if not all(isinstance(c, Mapping) and str(c.get("label", "")).strip() for c in choices):
        return None
    options = {str(c["label"]).strip().strip("().").upper(): str(c.get("text") or "") for c in choices}
    return options if len(options) == len(choices) else None


def _option(text: str, options: Mapping[str, str], alone: bool) -> str | None:
    """The one option that a short text names, by label or by text."""
    if last := _FINAL.search(text[-200:]):  # "... that cannot be folded is (D)."
        text = last[1]
    text = _unwrap(text)
    if label := _by_text(text, options):
        return label
    text = text[lead.end() :] if (lead := _LEAD.match(text)) else text
    head = re.compile(r"\(?\s*([A-Za-z]|\d{1,2})\s*(\)|\.|:|-|–|$|(?=\s|,))\s*").match(text)
    if head is None:
        return _by_text(text, options)
    label, mark, rest = head[1], head[2], _unwrap(text[head.end() :])
    if label.islower() and not (alone or mark in (")", ".", ":") or not rest):
        return None  # "a" may be a word
    label = label.upper()
    if label not in options:
        return None
    # What follows the label may repeat its option or explain, but must not name another.
    if not rest or _same(rest, options[label]):
        return label
    if any(_same(rest, other) for key, other in options.items() if key != label):
        return None
    if _ANOTHER.match(text, head.end(1)):
        return None
    return label if mark in (")", ".", ":", "-", "–") or _EXPLAINS.match(text, head.end(1)) else None


def _unwrap(text: str) -> str:
    text = re.sub(
        r"\\(?:text|textbf|mathrm|mathbf|boxed)\s*\{([^{}]*)\}", r"\1", text.replace("\\(", "").replace("\\)", "")
    )
    text = text.strip(_DECOR)
    return text[:-1] if text.endswith(")") and "(" not in text and len(text) > 2 else text


def _by_text(text: str, options: Mapping[str, str]) -> str | None:
    hits = [label for label, option in options.items() if _same(text, option)]
    return hits[0] if len(hits) == 1 else None


def _same(text: str, option: str) -> bool:
    return bool(option.strip()) and _key(text) == _key(option)


def _key(text: str) -> str:
    """Words by their letters, formulas by what `plain` leaves of them."""
    return plain(_unwrap(text).replace("~", " ")).casefold()
