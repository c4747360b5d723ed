"""DeepScaleR: some 40 thousand problems of AIME, AMC, Omni-MATH and Still (Agentica, 2025)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat, verl
from .sources import Hosted, Row


@dataset(
    "deepscaler",
    source=Hosted(
        hub="agentica-org/DeepScaleR-Preview-Dataset",
        revision="b6ae8c60f5c1f2b594e2140b91c49c9ad0949e29",
        files={"train": "deepscaler_sub1209.jsonl"},
        rows="~40,000",
        licence="MIT",
        verifier="math",
        template="boxed",
        url="https://github.com/agentica-project/rllm",
        example={"problem": "What is 6 times 7?", "answer": "42", "solution": ""},
    ),
)
def deepscaler(row: Row, index: int) -> Prompt:
    """Competition problems in the hub's columns, or in verl's shape as the subsets of it come."""
    return verl(row, index) if "reward_model" in row else flat(row, index)
