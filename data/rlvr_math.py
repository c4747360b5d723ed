"""RLVR-MATH: what Tulu 3 was trained on by RLVR (Lambert et al., 2024, arXiv:2411.15124)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import open_instruct
from .sources import Hosted, Row


@dataset(
    "rlvr_math",
    source=Hosted(
        hub="allenai/RLVR-MATH",
        files={"train": "rlvr_math_train.jsonl"},
        rows="~7,500",
        licence="MIT",
        verifier="math",
        url="https://huggingface.co/datasets/allenai/RLVR-MATH",
        example={
            "messages": [{"role": "user", "content": "What is 6 times 7?"}],
            "ground_truth": "42",
            "dataset": "MATH",
        },
    ),
)
def rlvr_math(row: Row, index: int) -> Prompt:
    """MATH with the worked examples of its prompts, which stay: they say how to answer."""
    return open_instruct(row, index)
