"""The `math` verifier: is the final answer the reference, as mathematics?

Four tiers, the first that can decide does: the same text or rational number; the same kind of answer
compared exactly; ball arithmetic, in which unequal is proven and equal holds to hundreds of bits at
several points; SymPy, on trees that were built node by node. Nothing here runs or formats the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from rlvr.core import Completion, Prompt, Verdict
from rlvr.registry import verifier

from .extraction.extract import Extracted, extract
from .extraction.letters import extract_choice, is_choice
from .mathematics.quick import plain, rational

#: Languages that write 3,14 where English writes 3.14 (and 1.234 for a thousand).
COMMA_LANGUAGES = frozenset(
    ["fr", "de", "es", "ru", "pt", "it", "nl", "pl", "tr", "sv", "da", "no", "fi", "cs", "ro", "uk", "el", "id", "vi"]
)
_DECIMAL_COMMA = re.compile(r"[-+]?\d+(?:,|\{,\})\d+")
_RELATION = re.compile(r"[=<>]|\\(?:le|ge|leq|geq|ne|neq)(?![a-zA-Z])")
_POINT_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")


@verifier("math", example={"prompt": "What is 2 + 3?", "completion": "2 + 3 is \\boxed{5}.", "answer": "5"})
def math_answer(
    prompt: Prompt,
    completion: Completion,
    *,
    units: Literal["optional", "required"] = "optional",
    percent: bool = True,
    ordered_lists: bool = False,
    tolerance: float = 0.0,
) -> Verdict:
    """Compares the final answer with the reference as mathematics.

    The reference is LaTeX, plain text or a number, or a list of alternatives; a worked solution
    with `\\boxed{}` or `####` stands for its final answer. Statuses: `correct`, `wrong`,
    `unparsable` (no answer found, or one that cannot be read), `error` (the reference cannot be read).

    `units`: `optional` lets a bare number match the same number with any one unit, in both
    directions; two units must agree after conversion; `required` wants the unit on both sides.
    `percent`: 0.5 is 50 %. `ordered_lists`: `1, 2` without brackets is not `2, 1`; sets never
    have an order, tuples always do. `tolerance`: the relative error that a decimal may have against
    an exact reference (0: 0.33 is not 1/3).
    """
    references = [_reference(answer) for answer in _alternatives(prompt.answer)]
    if not references or "" in references:
        return Verdict(None, "error", reason="the reference answer is empty or not text or a number")
    finished = completion.finish_reason != "length"
    found = extract_choice(completion.text, finished) if any(map(is_choice, references)) else None
    found = found or extract(completion.text, finished)
    if found is None:
        return Verdict(0.0, "unparsable", reason="no answer found")
    language = str(prompt.meta.get("lang", "en"))[:2]
    options = (units, percent, ordered_lists, tolerance)
    verdicts: list[Verdict] = []
    for reference in references:
        verdicts.append(_quick(reference, found, language) or _compared(reference, found, language, options))
        if verdicts[-1].status == "correct":
            break
    else:  # one that could not be judged might have been the one that is met
        return next((verdict for verdict in verdicts if not verdict.judged), verdicts[-1])
    verdict = verdicts[-1]
    if _restates(prompt, found.text) and plain(found.text) not in map(plain, references):
        return Verdict(0.0, "wrong", found.text, f"{found.why}: the problem's own equation is no answer")
    return verdict


def _restates(prompt: Prompt, answer: str) -> bool:
    """Whether the answer is an equation or inequality that stands word for word in the problem."""
    if len(answer) < 3 or not _RELATION.search(answer):
        return False
    text = plain(answer)
    return any(text in plain(str(message.get("content", ""))) for message in prompt.messages)


def _alternatives(answer: Any) -> list[Any]:
    return list(answer) if isinstance(answer, (list, tuple)) else [answer]


def _reference(answer: Any) -> str:
    """The reference as text, empty where it is none."""
    if isinstance(answer, bool) or not isinstance(answer, (str, int, float)) or answer != answer:  # a gap, as NaN
        return ""
    text = str(answer).strip()
    if "\\boxed" in text or "\\fbox" in text or "####" in text:
        found = extract(text)
        return (
            found.text
            if found is not None and found.why in ("boxed", "####")
            else text.partition("####")[2].strip() or text
        )
    return text


def _quick(reference: str, found: Extracted, language: str) -> Verdict | None:
    """The verdict where texts or rational numbers decide; None where the answer has to be read."""
    if found.parts or (language in COMMA_LANGUAGES and ("," in found.text or "." in found.text)):
        return None
    gold, given = plain(reference), plain(found.text)
    if gold == given and gold:
        return Verdict(1.0, "correct", found.text, f"{found.why}: the same text")
    if gold.isdecimal() and given.isdecimal() and gold.isascii() and given.isascii():  # most answers
        same = gold.lstrip("0") == given.lstrip("0")
        rule = "the same rational number" if same else "another number"
        return Verdict(float(same), "correct" if same else "wrong", found.text, f"{found.why}: {rule}")
    left = rational(gold)
    right = rational(given) if left is not None else None
    if left is None or right is None:
        return None
    if left == right:
        return Verdict(1.0, "correct", found.text, f"{found.why}: the same rational number")
    if left.denominator == right.denominator == 1:
        return Verdict(0.0, "wrong", found.text, f"{found.why}: another number")
    return None


def _compared(reference: str, found: Extracted, language: str, options: tuple[Any, ...]) -> Verdict:
    """The verdict of the reader and the typed comparison."""
    from .mathematics.comparison import Comparison, Policy, Undecided
    from .mathematics.expression import Unreadable
    from .mathematics.symbolic import carried_out
    from .mathematics.values import EXPRESSIONS, kind, unevaluated

    try:
        golds = _reference_readings(reference, language)
    except Unreadable as error:
        return Verdict(None, "error", found.text, f"the reference answer cannot be read as mathematics: {error}")
    try:
        givens = _readings(found.text, found.parts, language)
    except Unreadable as error:
        return Verdict(0.0, "unparsable", found.text, f"{found.why}: cannot be read as mathematics: {error}")
    comparison = Comparison(Policy(*options))
    if unevaluated(golds[0]):
        if not unevaluated(givens[0]) and isinstance(golds[0], EXPRESSIONS):
            golds = [carried_out(golds[0])]
    elif unevaluated(givens[0]):
        return Verdict(0.0, "wrong", found.text, f"{found.why}: an operation that was not carried out is no answer")
    for gold in golds:
        for given in givens:
            try:
                same = comparison.same(gold, given)
            except Undecided:
                return _undecided(gold, found)
            except (Unreadable, RecursionError, OverflowError) as error:
                return Verdict(0.0, "unparsable", found.text, f"{found.why}: cannot be compared: {error}")
            if same:
                return Verdict(1.0, "correct", found.text, f"{found.why}: {kind(given)}: {comparison.rule}")
    kinds = f"{kind(givens[0])} against {kind(golds[0])}" if kind(givens[0]) != kind(golds[0]) else kind(golds[0])
    return Verdict(0.0, "wrong", found.text, f"{found.why}: {kinds}: not the same by {comparison.rule}")


def _reference_readings(reference: str, language: str) -> list[Any]:
    """What the reference may say; of a worked solution, its answer. Raises Unreadable."""
    from .mathematics.expression import Unreadable
    from .mathematics.values import Words

    try:
        readings = _readings(reference, (), language, loose=False)
        if not isinstance(readings[0], Words) or len(reference) < 20:
            return readings
    except Unreadable:
        if (found := extract(reference)) is None:
            raise
        return _readings(found.text, found.parts, language)
    found = extract(reference) if "\n" in reference or "answer" in reference else None
    return readings if found is None else [*readings, *_readings(found.text, found.parts, language)]


def _undecided(gold: Any, found: Extracted) -> Verdict:
    """Whose fault it is that nothing could be shown: the answer's where the reference has a value."""
    from .mathematics.numerics import equal
    from .mathematics.values import EXPRESSIONS

    if isinstance(gold, EXPRESSIONS) and equal(gold, gold) is None:
        return Verdict(None, "error", found.text, f"{found.why}: neither equality nor difference could be shown")
    return Verdict(0.0, "unparsable", found.text, f"{found.why}: too large or too strange to be compared")


def _readings(text: str, parts: Sequence[str], language: str, loose: bool = True) -> list[Any]:
    """The values that a text may have: one, or two where a comma may be a decimal comma. Raises Unreadable.

    `loose`: a comma may be one in any language; a reference means what its own language says.
    """
    from .mathematics.reading import finished, read
    from .mathematics.values import Group

    if len(parts) > 1:
        return [finished(Group("", tuple(read(part) for part in parts), ""))]
    body = text.strip().strip("$").strip()
    if language in COMMA_LANGUAGES and _POINT_THOUSANDS.fullmatch(body):
        return [read(body.replace(".", "").replace(",", "."))]
    if language in COMMA_LANGUAGES and re.search(r"\d(?:,|\{,\})\d", body) and "(" not in body:
        return _readable(re.sub(r"(\d)(?:,|\{,\})(\d)", r"\1.\2", body), text)
    if loose and _DECIMAL_COMMA.fullmatch(body) and not re.fullmatch(r"[-+]?\d{1,3}(?:,|\{,\})\d{3}", body):
        return _readable(text, body.replace("{,}", ".").replace(",", "."))
    return [read(text)]


def _readable(*texts: str) -> list[Any]:
    """The readings of those texts that have one. Raises Unreadable where none has."""
    from .mathematics.expression import Unreadable
    from .mathematics.reading import read

    found: list[Any] = []
    for text in texts:
        try:
            found.append(read(text))
        except Unreadable:
            if text is texts[-1] and not found:
                raise
    return found


_WARMING = (("1/2", "x = 0.50"), ("\\sqrt{2}", "2^{1/2}"), ("[0, 1)", "0 \\le x < 1"), ("\\sum_{k=1}^{2} k", "3"))


def _warm() -> None:
    """Imports the reader, FLINT and SymPy before the first deadline."""
    for reference, text in _WARMING:
        _compared(reference, Extracted(text, 0, len(text), "warm", ()), "en", ("optional", True, False, 0.0))


math_answer.warm = _warm  # type: ignore[attr-defined]
