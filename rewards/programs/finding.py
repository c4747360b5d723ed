"""Finding the program in a completion, in time linear in its length."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_PROGRAM = 200_000  # characters: longer is no program
_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)$", re.MULTILINE)
_PYTHON = ("", "python", "python3", "py", "py3", "python 3")


@dataclass(frozen=True, slots=True)
class Source:
    """A program's text. `fenced`: it stood in a code block, so it is meant as a program even if it does not parse."""

    text: str
    fenced: bool


def find_program(completion: str) -> Source | None:
    """The last fenced block of Python (or of no language) after `</think>`, else the whole text; None where
    the completion was still thinking, or is empty or too long."""
    start = completion.rfind("</think>")
    start = start + len("</think>") if start >= 0 else 0
    if completion.find("<think>", start) >= 0:
        return None  # it was still thinking when it ended
    text = completion[start:]
    source = _last_block(text) or Source(text if start == 0 else text.strip("\n"), False)
    return source if source.text.strip() and len(source.text) <= MAX_PROGRAM else None


def _last_block(text: str) -> Source | None:
    """The last block; one that is not closed goes to the end."""
    opening: re.Match[str] | None = None
    blocks: list[tuple[str, int, int]] = []
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence[1][0] == opening[1][0] and len(fence[1]) >= len(opening[1]) and not fence[2].strip():
            blocks.append((opening[2], opening.end() + 1, fence.start()))
            opening = None
    if opening is not None:
        blocks.append((opening[2], opening.end() + 1, len(text)))
    python = [block for block in blocks if block[0].strip().partition(" ")[0].strip("{}.").lower() in _PYTHON]
    if not blocks:
        return None
    _, begin, end = (python or blocks)[-1]
    return Source(text[begin:end], True)
