"""MATH500: the 500 held-out problems of MATH that Lightman et al. chose (2023, arXiv:2305.20050)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .boxed import boxed_turn
from .sources import Hosted, Row


@dataset(
    "math500",
    source=Hosted(
        hub="HuggingFaceH4/MATH-500",
        revision="6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
        files={"test": "math500.jsonl"},
        licence="MIT",
        url="https://github.com/openai/prm800k",
    ),
)
def math500(row: Row, index: int) -> Prompt:
    """Competition problems in LaTeX; the id is MATH's own, such as `algebra/2584`."""
    name = str(row["unique_id"]).removeprefix("test/").removesuffix(".json")
    meta = {key: row[key] for key in ("subject", "level") if key in row}
    return Prompt(name, boxed_turn(row["problem"]), row["answer"], "math", meta)
