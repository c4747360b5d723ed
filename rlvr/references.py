"""Reference answers held against their own verifiers, and wrong answers planted beside them: no model is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from rlvr.core import Completion, Prompt, Verdict

if TYPE_CHECKING:
    from rlvr.data.cleaning import JudgeAnswers


class Judge(Protocol):
    """The worker pool of `rlvr.rewards`, as it is used here."""

    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]: ...


#: Names of the verifiers that look for a final answer in a text.
_MARKED = ("math", "choice", "reference")
#: A number that is no reference answer.
_PLANTED = "-7919.137"
_FENCE = re.compile(r"```")


def right_answer(prompt: Prompt) -> str | None:
    """A completion that gives the reference answer; None where none follows from it (tests without a solution)."""
    match prompt.verifiers[0].name:
        case name if name in _MARKED and isinstance(prompt.answer, (str, int, float)):
            return f"The final answer is $\\boxed{{{prompt.answer}}}$."
        case "code" if isinstance(prompt.meta.get("solution"), str):
            return _program(prompt.meta["solution"])
    return None


def wrong_answer(prompt: Prompt) -> str | None:
    """A completion whose answer is not the reference; None where none is known to be wrong."""
    match prompt.verifiers[0].name:
        case "math" if isinstance(prompt.answer, (str, int, float)):
            text = str(prompt.answer).strip()
            planted = str(int(text) + 1) if re.fullmatch(r"-?\d{1,15}", text) else _PLANTED
            return f"The final answer is $\\boxed{{{planted}}}$."
        case "choice":
            labels = [str(choice.get("label")) for choice in prompt.meta.get("choices", ())]
            other = next((label for label in labels if label != str(prompt.answer)), None)
            return None if other is None else f"The final answer is $\\boxed{{{other}}}$."
        case "reference":
            return r"The final answer is $\boxed{xylograph quotient 7919}$."
        case "code":
            return _program("raise SystemExit('no solution')")
        case "math" | "choice":
            return None
    return ""  # nothing at all is no answer to anything


def _program(source: str) -> str:
    """A program as a completion; one that stands between fences already is left as it is."""
    return source if _FENCE.search(source) else f"```python\n{source}\n```"


def judged(judge: Judge, prompts: Sequence[Prompt], texts: Sequence[str | None]) -> Iterator[Verdict | None]:
    """The verdict on each text as an answer to its prompt, in order; None where there is no text."""
    pending = [
        None if text is None else judge.submit(prompt, Completion.of_text(text))
        for prompt, text in zip(prompts, texts, strict=True)
    ]
    for future in pending:
        yield None if future is None else future.result()


def answers_judged_by(judge: Judge) -> JudgeAnswers:
    """What `rlvr.data.cleaning` asks about answers, answered by the worker pool."""

    def outcomes(prompts: Sequence[Prompt]) -> Iterator[str | None]:
        for prompt, verdict in zip(prompts, judged(judge, prompts, [right_answer(p) for p in prompts]), strict=True):
            if verdict is None or verdict.reward is None:
                yield None
            else:
                yield "" if verdict.reward == 1.0 else f"{_short(prompt.answer)}: {verdict.reason or verdict.status}"

    return outcomes


def _short(answer: object) -> str:
    text = str(answer)
    return text if len(text) <= 80 else f"{text[:77]}..."
