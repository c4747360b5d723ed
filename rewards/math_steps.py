"""The `math_steps` verifier: the `math` verdict on the answer, and a reward for each right line on the way to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rlvr.core import Completion, Prompt, Verdict
from rlvr.registry import verifier

from .math_answer import math_answer


@verifier(
    "math_steps",
    example={
        "prompt": "c=3, d=c+5, e=d*7. What is e modulo ten?",
        "completion": "d=3+5=8, e=8*7=6, \\boxed{6}",
        "answer": "6",
        "meta": {"steps": ["d=3+5=8", "e=8*7=6"]},
    },
)
def math_steps(prompt: Prompt, completion: Completion, *, step_reward: float = 0.1) -> Verdict:
    """Judges the answer as `math` does, and pays `step_reward` where a line of the reference's work ends.

    `meta["steps"]` lists those lines, such as `e=8*7=6`, in order (the chain task writes them). Each pays
    once, after the one before it, and only up to the first that is missing: neither repeating a line nor guessing a
    later one earns anything. `parts["steps"]` is the share of them that was found. Status `error`: no such list.
    """
    lines = prompt.meta.get("steps")
    if not isinstance(lines, (list, tuple)) or not all(isinstance(line, str) and line for line in lines):
        return Verdict(None, "error", reason='meta["steps"] is not a list of lines: the data set writes none')
    verdict = math_answer(prompt, completion)
    if verdict.reward is None:
        return verdict
    ends = found_in_order(completion.text, lines)
    parts = {**verdict.parts, "steps": len(ends) / max(len(lines), 1)}
    return replace(verdict, parts=parts, steps=tuple((end, step_reward) for end in ends))


def found_in_order(text: str, lines: Any) -> list[int]:
    """Where each of `lines` ends in the text, one after the other, up to the first that is not there."""
    ends: list[int] = []
    for line in lines:
        start = _find(text, line, ends[-1] if ends else 0)
        if start < 0:
            break
        ends.append(start + len(line))
    return ends


def _find(text: str, line: str, start: int) -> int:
    """The first place from `start` on where the line stands by itself: `a=1+2=3` does not stand in `a=1+2=31`."""
    while (at := text.find(line, start)) >= 0:
        before, after = text[at - 1 : at], text[at + len(line) : at + len(line) + 1]
        if not (before.isalnum() or after.isalnum()):
            return at
        start = at + 1
    return -1
