"""AceReason-Math: 49,585 competition problems filtered for RL (NVIDIA, 2025, arXiv:2505.16400)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import Hosted, Row


@dataset(
    "acereason_math",
    source=Hosted(
        hub="nvidia/AceReason-Math",
        files={"train": "acereason_math_train.jsonl"},
        rows="49,585",
        licence="CC-BY-4.0",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/nvidia/AceReason-Math",
        example={"problem": "What is 6 times 7?", "answer": "42"},
    ),
)
def acereason_math(row: Row, index: int) -> Prompt:
    """Problems of NuminaMath and DeepScaleR without proofs, figures, choices and sub-questions."""
    return flat(row, index)
