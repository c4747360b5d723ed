"""Polaris: 53,291 problems, each with the pass rate of a 7B model (Polaris, 2025)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import Hosted, Row


@dataset(
    "polaris",
    source=Hosted(
        hub="POLARIS-Project/Polaris-Dataset-53K",
        files={"train": "polaris_train.jsonl"},
        rows="53,291",
        licence="Apache-2.0",
        verifier="math",
        template="boxed",
        url="https://github.com/ChenxinAn-fdu/POLARIS",
        example={"problem": "What is 6 times 7?", "answer": "42", "difficulty": "5/8"},
    ),
)
def polaris(row: Row, index: int) -> Prompt:
    """DeepScaleR and AReaL problems; `meta["difficulty"]` is the solved share of eight attempts, such as "5/8"."""
    return flat(row, index, keep=("difficulty",))
