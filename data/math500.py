"""MATH500: the 500 held-out problems of MATH that Lightman et al. chose (2023, arXiv:2305.20050)."""

from __future__ import annotations

import dataclasses

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import Hosted, Row


@dataset(
    "math500",
    source=Hosted(
        hub="HuggingFaceH4/MATH-500",
        revision="6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
        files={"test": "math500.jsonl"},
        rows="500",
        licence="MIT",
        verifier="math",
        template="boxed",
        url="https://github.com/openai/prm800k",
        example={"problem": "Compute $1+1$.", "answer": "2", "unique_id": "test/algebra/0.json"},
    ),
)
def math500(row: Row, index: int) -> Prompt:
    """Competition problems in LaTeX; the id is MATH's own, such as `algebra/2584`."""
    name = str(row["unique_id"]).removeprefix("test/").removesuffix(".json")
    return dataclasses.replace(flat(row, index, keep=("subject", "level")), id=name)
