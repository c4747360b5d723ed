"""AMC, the American Mathematics Competitions, in the two selections that papers report."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import Hosted, Row


@dataset(
    "amc23",
    source=Hosted(
        hub="math-ai/amc23",
        revision="80815d37005feb82cd7f8fbc6901d5d3eff43057",
        files={"test": "amc23.jsonl"},
        rows="40",
        licence="problems (c) MAA",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/math-ai/amc23",
        example={"id": 0, "question": "What is 6 times 7?", "answer": 42},
    ),
)
def amc23(row: Row, index: int) -> Prompt:
    """40 problems of AMC 12 of 2023 with integer answers. 26 of them are in DAPO-Math."""
    return flat(row, index, problem="question", identity="id", keep=("url",))


@dataset(
    "amc",
    source=Hosted(
        hub="AI-MO/aimo-validation-amc",
        files={"test": "amc22_23_aimo83.jsonl"},
        hub_splits={"test": "train"},
        rows="83",
        licence="problems (c) MAA",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/AI-MO/aimo-validation-amc",
        example={"id": 0, "problem": "What is 6 times 7?", "answer": 42.0},
    ),
)
def amc(row: Row, index: int) -> Prompt:
    """83 problems of AMC 12 of 2022 and 2023: the column "AMC" of DeepScaleR and Dr. GRPO."""
    return flat(row, index, identity="id", keep=("url",))
