"""Answers to IFBench's 300 prompts that follow every instruction, or break exactly one of them.

They are made from a prompt's text, its instructions' names and arguments; nothing here asks the verifier.
"""

from __future__ import annotations

from typing import Any

from rlvr.core import Prompt
from tests.eval import (
    ifbench_counts,
    ifbench_customs,
    ifbench_formats,
    ifbench_letters,
    ifbench_marks,
    ifbench_orders,
    ifbench_ratios,
)
from tests.eval.ifbench_voice import RENDERINGS, Voice

__all__ = ["RENDERINGS", "broken", "impossible", "right", "wrong"]

_FAMILIES = (
    ifbench_counts,
    ifbench_customs,
    ifbench_formats,
    ifbench_letters,
    ifbench_marks,
    ifbench_orders,
    ifbench_ratios,
)
#: The ids of a prompt's instructions, with a blank between them -> what writes the answer.
WRITERS = {name: writer for family in _FAMILIES for name, writer in family.WRITERS.items()}


def right(prompt: Prompt, i: int) -> str:
    """An answer in rendering i that follows every instruction."""
    return _wrapped(prompt, i, _written(prompt, i, None), _written(prompt, i, broken(prompt, i)))


def wrong(prompt: Prompt, i: int) -> str:
    """An answer in rendering i that breaks the instruction `broken` and follows the others."""
    return _wrapped(prompt, i, _written(prompt, i, broken(prompt, i)), _written(prompt, i, None))


def broken(prompt: Prompt, i: int) -> str:
    """The id of the instruction that `wrong` breaks."""
    names: list[str] = prompt.answer["instruction_id_list"]
    return names[i % len(names)]


def impossible(prompt: Prompt) -> str:
    """Why no answer follows all of the prompt's instructions, "" where one can."""
    kinds, arguments = prompt.answer["instruction_id_list"], prompt.answer["kwargs"]
    return ifbench_formats.impossible(kinds, arguments) or ifbench_ratios.impossible(kinds, arguments)


def _wrapped(prompt: Prompt, i: int, answer: str, other: str) -> str:
    """In the second rendering an answer of the other kind is thought of first: only what follows it counts."""
    return f"<think>\n{other}\n\nNo, differently.\n</think>\n\n{answer}" if i == 1 else answer


def _written(prompt: Prompt, i: int, breaks: str | None) -> str:
    names: list[str] = prompt.answer["instruction_id_list"]
    arguments = [_arguments(given) for given in prompt.answer["kwargs"]]
    voice = Voice(prompt.text, prompt.id, i, breaks, i // len(names))
    writer = WRITERS[" ".join(names)]
    return writer(voice, *arguments) if len(names) > 1 else writer(voice, **arguments[0])


def _arguments(given: dict[str, Any] | None) -> dict[str, Any]:
    """Without those that are None, and whole numbers as such."""
    return {
        name: int(value) if isinstance(value, float) else value
        for name, value in (given or {}).items()
        if value is not None
    }
