"""Finding the final answer in a completion, in time linear in its length.

Only what follows the last `</think>` counts, and only as far as the first token that ends a turn. In order: the last
`\\boxed{}` (or `<answer>`, whichever is later), a completion that is nothing but one short answer, `####`, "the answer
is" in many languages, the conclusion, the last formula or number. Each rule rather finds nothing than guesses.
"""

from __future__ import annotations

import re

from .cues import CONCLUSION, CUE, CUE_AFTER, EXPLAINS, names_an_answer, negated
from .marks import boxed, found, hashes, tagged, trim
from .pieces import MAX_ANSWER, Extracted, bare_words
from .prose import concluded, cued
from .sentences import DECORATION, undelimited, words_beside

__all__ = ["MAX_ANSWER", "RULES", "Extracted", "bare_words", "extract"]

#: What `why` may be.
RULES = ("boxed", "<answer>", "####", "nothing else", "answer is", "last formula", "last number", "choice")
TAIL = 6_000  # characters at the end in which formulas and numbers are looked for
_END_OF_TURN = re.compile(r"<\|(?:im_end|eot_id|eom_id|endoftext|end_of_text|end|im_start|start_header_id)\|>|</s>")


_LABEL = re.compile(r"[*_]{0,2}[^\W\d_]{3,20}(?: [^\W\d_]{2,20}){0,2}[*_]{0,2}\s?[:：][*_]{0,2}\s+(?=[^\s:])")


def extract(text: str, finished: bool = True) -> Extracted | None:
    """The answer that a completion gives, None where it gives none.

    `finished` is False for a completion that was cut off at its token limit: whatever stands last in it
    is not its answer, so only an answer that is marked as one, and complete, counts.
    """
    bounds = answer_bounds(text)
    if bounds is None:
        return None
    start, end = bounds
    if (marked := _marked(text, start, end, finished)) is not None:
        return marked
    if finished and (answer := _whole(text, start, end)) is not None:
        return answer
    if (answer := hashes(text, start, end, finished)) is not None:
        return answer
    answer, after = cued(text, start, end, finished)
    if answer is not None or not finished:
        return answer
    return concluded(text, max(after, end - TAIL), end)


def answer_bounds(text: str) -> tuple[int, int] | None:
    """Where the part of a completion that may hold its answer begins and ends; None where it was still thinking."""
    start = text.rfind("</think>")
    start = start + len("</think>") if start >= 0 else 0
    if text.find("<think>", start) >= 0:
        return None
    turn = _END_OF_TURN.search(text, start) if "<|" in text or "</s>" in text else None
    while turn is not None and not text[start : turn.start()].strip():
        start, turn = turn.end(), _END_OF_TURN.search(text, turn.end())
    return start, turn.start() if turn is not None else len(text)


def _marked(text: str, start: int, end: int, finished: bool) -> Extracted | None:
    box, tag = boxed(text, start, end, finished), tagged(text, start, end, finished)
    if tag is None or (box is not None and box.end > tag.start):
        return box
    inside, _ = cued(text, tag.start, tag.end, True)
    if inside is None and bare_words(tag.text) <= 2:
        return undelimited(tag)
    inside = inside or concluded(text, tag.start, tag.end)
    return Extracted(inside.text, inside.start, inside.end, tag.why, inside.parts) if inside else tag


def _whole(text: str, start: int, end: int) -> Extracted | None:
    """A completion that is nothing but one short answer."""
    if end - start > 1_000:
        return None
    start, end = trim(text, start, end)
    if (label := _LABEL.match(text, start, end)) and not names_an_answer(label[0]) and not negated(label[0]):
        start = label.end()  # "Total: 5", and cues in languages that are not known
    body = text[start:end]
    if (
        not body
        or len(body) > 200
        or "\n" in body
        or "#" in body
        or "box" in body
        or (names_an_answer(body) and (CUE.search(body) or CUE_AFTER.search(body)))
    ):
        return None
    if any(part.count("=") > 1 for part in re.split(r",|;|\bor\b|\band\b|(?<=\d)or|\\quad", body)):
        return None  # a=3+5=8, b=8*7=6: work, of which the last number may be the answer
    words = words_beside(body)
    allowed = 0 if len(body.split()) > 4 else 1 if any(map(str.isdigit, body)) or "$" in body else 2
    if words > allowed or (words and (negated(body) or EXPLAINS.search(body) or CONCLUSION.match(body))):
        return None
    answer = found(text, start, end, "nothing else", DECORATION)
    return answer and undelimited(answer)
