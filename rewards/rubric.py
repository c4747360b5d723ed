"""The `rubric` verifier: a grader scores an answer by criteria, and the reward is their weighted mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlvr.core import Ask, Completion, Message, Prompt, Verdict
from rlvr.registry import verifier

from .grading import NOTICE, Unreadable, answer_part, last_object, nothing_to_grade, quoted, request_text

MAX_CRITERIA = 40
_KEYS = {"name", "description", "min", "max", "weight", "negative"}

_ASK = """Grade what stands between the markers ANSWER, by the criteria above and by nothing else. Think in a few \
sentences, then end your reply with one JSON object, with a number for each criterion under its exact name \
and nothing after it:
"""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is graded, from `low` to `high` points; of a `negative` one many points are bad."""

    name: str
    description: str
    low: float
    high: float
    weight: float
    negative: bool = False

    def share(self, score: float) -> float:
        """The score as 0..1, 1 being best."""
        share = (score - self.low) / (self.high - self.low)
        return 1.0 - share if self.negative else share


class BadRubric(ValueError):
    """A rubric that nothing can be graded by."""


def check_rubric(answer: Any) -> str:
    """What is wrong with a rubric, "" where nothing is."""
    try:
        criteria_of(answer)
    except BadRubric as error:
        return str(error)
    return ""


@verifier(
    "rubric",
    asks="grader",
    check_answer=check_rubric,
    example={
        "prompt": "Explain in one sentence why the sky is blue.",
        "completion": "Air scatters blue light more than red, so blue reaches us from every part of the sky.",
        "answer": {
            "criteria": [
                {"name": "Correctness", "description": "names scattering as the cause", "min": 0, "max": 5},
                {"name": "Clarity", "description": "one clear sentence", "min": 0, "max": 2},
            ]
        },
        "replies": ('It is right. {"Correctness": 5, "Clarity": 2}', '{"Correctness": 0, "Clarity": 0}'),
    },
)
def rubric(prompt: Prompt, completion: Completion, *, ask: Ask, grader: Any = None) -> Verdict:
    """Has a grader score the answer by the criteria of the reference; the reward is their weighted mean in 0..1.

    `prompt.answer` is `{"criteria": [{"name", "description", "min", "max", "weight"?, "negative"?}], "reference"?}`.
    Each score is mapped from its range to 0..1 (a negative criterion's is turned around), then weighted; without
    weights a criterion weighs its range, so that the reward is points by points that can be had: 5 + 3 + 2 of 10 is 1.
    `parts` holds the scores as the grader gave them. `grader` is the model that grades, instead of the recipe's.

    Status `error`, never a number: the grader fails, refuses, leaves a criterion out, invents one, or leaves a range.
    """
    try:
        criteria = criteria_of(prompt.answer)
    except BadRubric as error:
        return Verdict(None, "error", reason=f"the rubric: {error}")
    answer = answer_part(completion)
    if (verdict := nothing_to_grade(prompt, answer)) is not None:
        return verdict
    try:
        scores = scores_in(ask(question(prompt, answer or "", criteria)), criteria)
    except Unreadable as error:
        return Verdict(None, "error", reason=str(error))
    total = sum(c.weight for c in criteria)
    reward = sum(c.weight * c.share(scores[c.name]) for c in criteria) / total
    reward = min(max(reward, 0.0), 1.0)  # rounding
    if all(c.share(scores[c.name]) == 1.0 for c in criteria):
        reward = 1.0
    status = Verdict.of(reward).status
    points = " + ".join(f"{scores[c.name]:g}" for c in criteria)
    return Verdict(reward, status, reason=f"{points} of {sum(c.high for c in criteria):g}", parts=scores)


def criteria_of(answer: Any) -> tuple[Criterion, ...]:
    """The criteria of a rubric. Raises BadRubric with the first thing that is wrong with them."""
    listed = answer.get("criteria") if isinstance(answer, Mapping) else None
    if not isinstance(listed, (list, tuple)) or not 0 < len(listed) <= MAX_CRITERIA:
        raise BadRubric(f'it is not {{"criteria": [...]}} with 1 to {MAX_CRITERIA} criteria')
    weighted = [isinstance(c, Mapping) and c.get("weight") is not None for c in listed]
    if any(weighted) and not all(weighted):
        raise BadRubric("some criteria have a weight and some have none: give all of them one, or none")
    criteria = tuple(_criterion(c, number) for number, c in enumerate(listed, 1))
    names = [c.name for c in criteria]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadRubric(f"two criteria are called {twice!r}")
    if not sum(c.weight for c in criteria) > 0:
        raise BadRubric("all weights are 0")
    reference = answer.get("reference")
    if reference is not None and not isinstance(reference, str):
        raise BadRubric("its reference is not text")
    return criteria


def _criterion(given: Any, number: int) -> Criterion:
    if not isinstance(given, Mapping):
        raise BadRubric(f"criterion {number} is not an object")
    name, low, high = given.get("name"), given.get("min", 0), given.get("max")
    if not isinstance(name, str) or not name.strip() or len(name) > 100 or not name.isprintable():
        raise BadRubric(f"criterion {number} has no name of 1 to 100 printable characters")
    if unknown := sorted(map(str, set(given) - _KEYS)):
        raise BadRubric(f"criterion {name!r} has the unknown key {unknown[0]!r}; known: {', '.join(sorted(_KEYS))}")
    if not isinstance(given.get("description", ""), str):
        raise BadRubric(f"criterion {name!r}: its description is not text")
    if not (_number(low) and _number(high) and low < high):
        raise BadRubric(f"criterion {name!r}: its range {low!r} to {high!r} is not two numbers, the first the smaller")
    weight = given["weight"] if given.get("weight") is not None else high - low
    if not _number(weight) or weight < 0:
        raise BadRubric(
            f"criterion {name!r}: its weight {weight!r} is not a number from 0 on; a fault is negative: true"
        )
    negative = given.get("negative", False)
    if not isinstance(negative, bool):
        raise BadRubric(f"criterion {name!r}: negative is {negative!r}, not true or false")
    low, high, weight = (float(number) for number in (low, high, weight))  # type: ignore[arg-type]
    return Criterion(name, str(given.get("description", "")), low, high, weight, negative)


def question(prompt: Prompt, answer: str, criteria: tuple[Criterion, ...]) -> tuple[Message, ...]:
    """The conversation that asks a grader for the scores of an answer."""
    lines = []
    for number, c in enumerate(criteria, 1):
        fault = " This is a fault: the more of it, the more points." if c.negative else ""
        lines.append(f'{number}. "{c.name}", {c.low:g} to {c.high:g} points: {c.description or c.name}.{fault}')
    reference = prompt.answer.get("reference")
    form = ", ".join(f'"{c.name}": <{c.low:g} to {c.high:g}>' for c in criteria)
    parts = ["You grade an answer to a request by these criteria:", "\n".join(lines), NOTICE]
    parts.append(quoted("REQUEST", request_text(prompt.messages)))
    parts += [quoted("REFERENCE", reference)] if reference else []
    parts += [quoted("ANSWER", answer), f"{_ASK}{{{form}}}"]
    return ({"role": "user", "content": "\n\n".join(parts)},)


def scores_in(reply: Any, criteria: tuple[Criterion, ...]) -> dict[str, float]:
    """The scores with which a reply ends, by criterion. Raises Unreadable unless each has one within its range."""
    found = last_object(reply)
    names = [c.name for c in criteria]
    if missing := [name for name in names if name not in found]:
        raise Unreadable(f"the grader gave no score for {missing[0]!r}")
    if unknown := [name for name in found if name not in names]:
        raise Unreadable(f"the grader scored {unknown[0][:100]!r}, which is no criterion")
    for c in criteria:
        score = found[c.name]
        if not _number(score):
            raise Unreadable(f"the grader's score for {c.name!r} is no number")
        if not c.low <= score <= c.high:
            raise Unreadable(f"the grader's {score:g} for {c.name!r} is outside {c.low:g} to {c.high:g}")
    return {name: float(found[name]) for name in names}


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
