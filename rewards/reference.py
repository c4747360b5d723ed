"""The `reference` verifier: short free-form answers against a reference."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rlvr.core import Ask, Completion, Message, Prompt, Verdict
from rlvr.registry import verifier

from .copying import copies
from .extraction.cues import CUE, RETRACTS, names_an_answer, negated
from .extraction.extract import answer_bounds
from .extraction.marks import boxed, hashes, tagged
from .extraction.sentences import sentence_end
from .grading import (
    NOTICE,
    Unreadable,
    answer_part,
    last_object,
    nothing_to_grade,
    quoted,
    request_text,
)

MAX_WORDS = 20_000  # of an answer that are compared
MAX_TEXT = 200_000  # characters that may hold them
REACH = 6_000
_ARTICLES = frozenset(["a", "an", "the"])
_ASK = """Does the answer between the markers ANSWER say the same as the reference? Other words, more detail and \
another form are fine; another claim, several claims of which one would do, or no claim are not. Think in a few \
sentences, then end your reply with one JSON object and nothing after it: {"same": true} or {"same": false}"""


def asks(options: Mapping[str, Any]) -> str | None:
    """The model that the verifier asks with these options."""
    return "grader" if options.get("method") == "grader" else None


def check_reference(answer: Any) -> str:
    """What is wrong with a reference, "" where nothing is."""
    return "" if references_of(answer) else "the reference is not text with words, a number, or a list of alternatives"


@verifier(
    "reference",
    asks=asks,
    check_answer=check_reference,
    example={
        "prompt": "Which city is the capital of France?",
        "completion": "The answer is Paris.",
        "answer": "Paris",
        "replies": ('{"same": true}', '{"same": false}'),
    },
)
def reference(
    prompt: Prompt,
    completion: Completion,
    *,
    method: Literal["match", "f1", "rouge_l", "grader"] = "match",
    threshold: float = 0.0,
    grader: Any = None,
    ask: Ask | None = None,
) -> Verdict:
    """Compares the answer with the reference, or with the nearest of several alternatives.

    `match`: the same words, whatever their case, accents' encoding, punctuation and articles; the answer is what a
    box, `<answer>`, "the answer is" or the last line says. `f1`: the tokens that both have, precision and recall in
    one (SQuAD, arXiv:1606.05250). `rouge_l`: the same of the longest common subsequence (Lin 2004). Both pay in
    part, or from `threshold` on in full and below it nothing. `grader`: a model says whether both say the same;
    `grader` names it, instead of the recipe's. Only what follows the reasoning counts.
    """
    references = references_of(prompt.answer)
    if not references:
        return Verdict(None, "error", reason=check_reference(prompt.answer))
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"threshold is {threshold}; it must be in 0..1")
    answer = answer_part(completion)
    if method == "grader":
        return _graded(prompt, answer, references, ask)
    if answer is None:
        return Verdict(0.0, "unparsable", reason="the completion never ends its reasoning")
    if copies(prompt, answer):
        return Verdict(0.0, "wrong", answer[:500], "the answer is the prompt again")
    said = said_in(completion)
    if not said or not words(said[0]):
        return Verdict(0.0, "unparsable", reason="no answer found")
    if method == "match":
        wanted = {words(text) for text in references}
        hit = next((text for text in said if words(text) in wanted), None)
        if hit is None:
            return Verdict(0.0, "wrong", said[0][:500], "other words than the reference's")
        return Verdict(1.0, "correct", hit[:500], "the same words as the reference's")
    measure = token_f1 if method == "f1" else rouge_l
    given = words(said[0])
    score = max(measure(given, words(text)) for text in references)
    reward = score if threshold == 0.0 else float(score >= threshold)
    return Verdict(reward, Verdict.of(reward).status, said[0][:500], f"{method} {score:.3f}", {method: score})


def references_of(answer: Any) -> list[str]:
    """The alternatives of a reference as text; none where it is something else, or where one has no word."""
    listed = list(answer) if isinstance(answer, (list, tuple)) else [answer]
    good = all(isinstance(a, (str, int, float)) for a in listed)
    texts = [str(a).strip() for a in listed] if good else []
    return texts if texts and all(map(words, texts)) else []


def said_in(completion: Completion) -> list[str]:
    """The answer that a completion gives, read as narrowly and as widely as its sentence allows; empty: none.

    A box, `<answer>` or `####` first, else the last "the answer is", else all of a single line, else the last line.
    """
    text, finished = completion.text, completion.finish_reason != "length"
    bounds = answer_bounds(text)
    if bounds is None:
        return []
    start, end = bounds
    box, tag = boxed(text, start, end, finished), tagged(text, start, end, finished)
    marked = max((m for m in (box, tag) if m is not None), key=lambda m: m.end, default=None)
    if marked := marked or hashes(text, start, end, finished):
        return [marked.text]
    low = max(start, end - REACH)
    cues = list(CUE.finditer(text, low, end)) if names_an_answer(text[low:end]) else []
    if cues:
        at = cues[-1].end()
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        if negated(cues[-1][0]) or RETRACTS.match(text, at) or (stop == end and not finished):
            return []
        short = text[at : min(sentence_end(text, at, stop), stop)].strip(" *_\"'`.:")
        long = text[at:stop].strip(" *_\"'`.:")
        if short:
            return [short, long]
    lines = [line.strip() for line in text[start:end].splitlines() if line.strip()]
    return [lines[-1]] if lines and finished else []


def words(text: str) -> tuple[str, ...]:
    r"""Words and numbers in small letters, without punctuation, `\text{}`, articles, and commas within numbers."""
    text = unicodedata.normalize("NFKC", text[:MAX_TEXT]).casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    text = re.sub(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    found = tuple(re.findall(r"-?\d+(?:\.\d+)?%?|[^\W_]+(?:'[^\W_]+)?|[+\-*/=<>%$€£°]", text))
    kept = tuple(word for word in found if word not in _ARTICLES)
    return kept or found


def token_f1(given: Sequence[str], gold: Sequence[str]) -> float:
    """2 p r / (p + r) of the tokens that both have, each as often as both have it."""
    given, gold = given[:MAX_WORDS], gold[:MAX_WORDS]
    shared = sum((Counter(given) & Counter(gold)).values())
    return 2 * shared / (len(given) + len(gold)) if shared else 0.0


def rouge_l(given: Sequence[str], gold: Sequence[str]) -> float:
    """2 p r / (p + r) of the longest common subsequence."""
    given, gold = given[:MAX_WORDS], gold[:MAX_WORDS]
    length = longest_common(given, gold)
    return 2 * length / (len(given) + len(gold)) if length else 0.0


def longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """The length of the longest common subsequence, a row of the usual table at a time in the bits of one integer.

    Bit j of `row` is 0 where the row grows by one at b[j] (Hyyro 2004, "Bit-parallel LCS-length computation").
    """
    places: dict[str, int] = {}
    for j, word in enumerate(b):
        places[word] = places.get(word, 0) | 1 << j
    whole = (1 << len(b)) - 1
    row = whole
    for word in a:
        same = row & places.get(word, 0)
        row = ((row + same) | (row - same)) & whole
    return len(b) - row.bit_count()


def _graded(prompt: Prompt, answer: str | None, references: Sequence[str], ask: Ask | None) -> Verdict:
    if (verdict := nothing_to_grade(prompt, answer)) is not None:
        return verdict
    if ask is None:
        return Verdict(None, "error", reason="method is grader, and no grader was given")
    try:
        same = last_object(ask(_question(prompt, answer or "", references)))
        if set(same) != {"same"} or not isinstance(same["same"], bool):
            raise Unreadable('the grader\'s object is not {"same": true or false}')
    except Unreadable as error:
        return Verdict(None, "error", reason=str(error))
    said = (answer or "")[:500]
    return Verdict(float(same["same"]), "correct" if same["same"] else "wrong", said, "as the grader says")


def _question(prompt: Prompt, answer: str, references: Sequence[str]) -> tuple[Message, ...]:
    parts = ["You compare an answer to a request with what is known to be right.", NOTICE]
    parts.append(quoted("REQUEST", request_text(prompt.messages)))
    parts.append(quoted("REFERENCE", "\nor: ".join(references)))
    parts += [quoted("ANSWER", answer), _ASK]
    return ({"role": "user", "content": "\n\n".join(parts)},)
