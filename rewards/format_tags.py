"""The `format` verifier: does a completion have the form that was asked for?"""

from __future__ import annotations

import re
from typing import Literal

from rlvr.core import Completion, Prompt, Verdict
from rlvr.registry import verifier

from .copying import copies

Style = Literal["think", "think_answer", "boxed", "think_boxed"]
STYLES: tuple[str, ...] = ("think", "think_answer", "boxed", "think_boxed")
_TAG = re.compile(r"</?(?:think|answer)>")
_BOX = re.compile(r"\\boxed\s*\{")


@verifier(
    "format",
    form_only=True,
    example={"prompt": "What is 2 + 3?", "completion": "<think>2 + 3 is 5.</think>\n<answer>5</answer>", "answer": ""},
)
def format_tags(prompt: Prompt, completion: Completion, *, style: Style = "think_answer") -> Verdict:
    r"""1 where the completion has the form that `style` asks for; it says nothing of the answer.

    `think`: one `<think>...</think>`, then an answer; `think_answer`: one `<answer>...</answer>` after it and nothing
    else (DeepSeek-R1, arXiv:2501.12948); `boxed`: exactly one `\boxed{}` that is not empty; `think_boxed`: that
    after one `<think>...</think>`.
    """
    problem = broken_format(completion.text, style)
    if not problem and copies(prompt, completion.text):  # which may show the form that it asks for
        problem = "it is the prompt again"
    return Verdict(0.0, "wrong", reason=problem) if problem else Verdict(1.0, "correct", reason=f"has the form {style}")


def broken_format(text: str, style: str) -> str:
    """What is wrong with the form of a text, "" where nothing is."""
    text, tags = text.strip(), _TAG.findall(text)
    wanted = {
        "think": ["<think>", "</think>"],
        "think_answer": ["<think>", "</think>", "<answer>", "</answer>"],
        "think_boxed": ["<think>", "</think>"],
        "boxed": [],
    }[style]
    if wanted and tags != wanted:
        return f"its tags are {' '.join(tags[:8]) or 'none'}, not {' '.join(wanted)}"
    after = text
    if wanted:
        # Some templates open the reasoning themselves; then the completion begins within it and is refused above.
        if not text.startswith("<think>"):
            return "text before <think>"
        thought, _, after = text[len("<think>") :].partition("</think>")
        if not thought.strip():
            return "the reasoning is empty"
    if style == "think_answer":
        between, _, rest = after.partition("<answer>")
        inside, _, behind = rest.partition("</answer>")
        if between.strip() or behind.strip():
            return "text outside of the tags"
        return "" if inside.strip() else "the answer is empty"
    if style in ("boxed", "think_boxed"):
        boxes = list(_BOX.finditer(text))
        if len(boxes) != 1 or (wanted and len(_BOX.findall(after)) != 1):
            return f"{len(boxes)} boxes, not one" if len(boxes) != 1 else "the box stands in the reasoning"
        return _box_problem(text, boxes[0].end())
    return "" if after.strip() else "no answer after the reasoning"


def _box_problem(text: str, start: int) -> str:
    depth = 1
    for position in range(start, len(text)):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0:
            return "" if text[start:position].strip() else "the box is empty"
    return "the box is not closed"
