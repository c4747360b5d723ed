"""Every test row of ARC, rendered as answer texts of twelve kinds: the right option, wrong ones, and no answer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Completion, Prompt
from rlvr.rewards.choice import choice

ROWS = Path(__file__).parents[3] / "shared" / "evaldata"

#: Twelve kinds of answer text, of a label and its option's text.
KINDS: dict[str, Callable[[str, str], str]] = {
    "the label": lambda label, text: label,
    "in parentheses": lambda label, text: f"Let me think about it step by step.\nOne thing is clear.\n({label})",
    "a sentence": lambda label, text: f"We compare what is offered. The answer is ({label}).",
    "in bold": lambda label, text: f"The correct answer is **{label}**",
    "boxed": lambda label, text: rf"After some thought, the answer is \boxed{{{label}}}.",
    "boxed with its text": lambda label, text: rf"So we get \[\boxed{{\text{{{label}. {text}}}}}\]",
    "the text boxed": lambda label, text: rf"\boxed{{\text{{{text}}}}}",
    "label and text": lambda label, text: f"{label}. {text}",
    "the text": lambda label, text: text,
    "a sentence with the text": lambda label, text: f"The question asks for one thing.\n\nThe answer is {text}",
    "after thinking": lambda label, text: f"<think>It may be (A), or B, perhaps C.</think>\n<answer>{label}</answer>",
    "another language": lambda label, text: f"La bonne réponse est {label}) {text}",
}


def rows(name: str) -> list[dict[str, Any]]:
    file = ROWS / f"{name}.jsonl"
    if not file.is_file():
        pytest.skip(f"the data set's file {file.name} is not here")
    return [json.loads(line) for line in file.open(encoding="utf-8")]


def prompt_of(row: dict[str, Any]) -> Prompt:
    pairs = zip(row["choices"]["label"], row["choices"]["text"], strict=True)
    choices = [{"label": label, "text": text} for label, text in pairs]
    messages = ({"role": "user", "content": row["question"]},)
    return Prompt(row["id"], messages, row["answerKey"], "choice", {"choices": choices})


def mistakes(row: dict[str, Any], kind: str) -> list[str]:
    """What `choice` makes of the row's right option and of one wrong one, where it is not what it should be."""
    prompt, render = prompt_of(row), KINDS[kind]
    options = [(c["label"], c["text"]) for c in prompt.meta["choices"]]
    right = next(option for option in options if option[0] == row["answerKey"])
    wrong = random.Random(f"{row['id']} {kind}").choice([o for o in options if o[1] != right[1]])
    found = []
    for option, status in ((right, "correct"), (wrong, "wrong")):
        verdict = choice(prompt, Completion.of_text(render(*option)))
        if verdict.status != status:
            found.append(f"{kind}, {row['id']}: {render(*option)!r} is {verdict.status}, not {status}")
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["arc_challenge", "arc_easy"])
def test_every_row_in_every_kind_of_text(name: str, kind: str) -> None:
    found = [text for row in rows(name) for text in mistakes(row, kind)]
    assert not found, f"{len(found)} mistakes, such as: " + "\n".join(found[:10])
