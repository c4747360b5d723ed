"""Answers every prompt of IFEval as it asks, or but for one instruction, in renderings that differ in kind.

Neither looks at the verifier's code: what an instruction means is read in its paper (arXiv:2311.07911).
"""

from __future__ import annotations

import json
import random
import zlib
from typing import Any

from rlvr.core import Prompt
from tests.eval.ifeval_asked import Asked, asked, breakable, impossible, instructions, mistaken
from tests.eval.ifeval_writing import Look, Response, written

__all__ = ["RENDERINGS", "broken", "impossible", "right", "wrong"]

LOOKS = (
    Look("prose", "garden"),
    Look("letter", "harbour", head="Dear reader — good day:", tail="With love\nyour old friend Sam", bullet="*",
         heading="{}:", gap="\n", commas=True, edge=False, near=True),
    Look("document", "mountain", head="# A short report", tail="```text\nend of report\n```", mark="**",
         heading="## {}", commas=True),
    Look("dialogue", "kitchen", speakers=("Anna:", "Ben:"), plain="–", bullet=" *", heading="=== {} ===", edge=False),
    Look("after reasoning", "workshop", heading="{} –", gap="\n"),
    Look("list", "library", speakers=("(a)", "(b)", "(c)"), plain="•", bullet="  -", heading="{} |", edge=False),
)  # fmt: skip
RENDERINGS = tuple(look.name for look in LOOKS)


def right(prompt: Prompt, i: int) -> str:
    """A response that does all that is asked."""
    return _thought(i, _rendered(prompt, asked(prompt), i), _missing(prompt, i))


def wrong(prompt: Prompt, i: int) -> str:
    """A response that does all that is asked but for one instruction: another one in the next rendering."""
    other = "" if impossible(prompt) else _rendered(prompt, asked(prompt), i)
    return _thought(i, _missing(prompt, i), other)


def broken(prompt: Prompt, i: int) -> str:
    """The id of the instruction that `wrong` breaks."""
    return str(prompt.answer["instruction_id_list"][_place(prompt, i)])


def _missing(prompt: Prompt, i: int) -> str:
    return _rendered(prompt, mistaken(prompt, _place(prompt, i), _variant(prompt, i)), i)


def _thought(i: int, answer: str, other: str) -> str:
    """After an answer of the other kind was thought of, where the rendering has reasoning."""
    return answer if RENDERINGS[i] != "after reasoning" else f"<think>\n{other}\n\nNo, not so.\n</think>\n\n{answer}"


def _place(prompt: Prompt, i: int) -> int:
    places = breakable(prompt)
    return places[(zlib.crc32(prompt.id.encode()) + i) % len(places)]


def _variant(prompt: Prompt, i: int) -> int:
    return zlib.crc32(f"{prompt.id} {prompt.text}".encode()) % 60 + i // len(breakable(prompt))


def _rendered(prompt: Prompt, wanted: Asked, i: int) -> str:
    look = LOOKS[i]
    is_json = any(name == "json_format" for name, _ in instructions(prompt))
    text = _json(wanted, look, prompt.id) if is_json else written(wanted, look, prompt.id)
    if look.name == "dialogue" and not wanted.opening and "\n" not in wanted.repeat:
        text = text.replace("\n", "\r\n")
    return text


def _json(wanted: Asked, look: Look, key: str) -> str:
    """A JSON value, whose shape goes by the look."""
    says = Response(wanted, look, random.Random(f"{key} {look.name}")).sentences()
    values: dict[str, Any] = {
        "prose": {"text": " ".join(says)},
        "letter": {"to": "reader", "lines": says, "pages": 1, "signed": None},
        "document": {"report": {"part one": says[:2], "part two": says[2:]}},
        "dialogue": [{"speaker": "Anna", "says": line} for line in says],
        "after reasoning": {"found": says, "sure": True, "share": 0.5},
        "list": says,
    }
    text = json.dumps(values[look.name], indent=2 if look.commas else None, ensure_ascii=look.edge)
    if wanted.json == "yes":
        named = "" if "json" in map(str.lower, wanted.forbidden) else "json"
        fences = {"document": f"```{named}\n{text}\n```", "dialogue": f"```\n{text}\n```"}
        return fences.get(look.name, text)
    forms = {
        "comma": f"{text[:-1].rstrip()},{text[-1]}",
        "before": f"Here it is:\n{text}",
        "python": str(values[look.name]),
        "open": text[:-1],
        "after": f"{text}\nThat is all.",
    }
    return forms[wanted.json]
