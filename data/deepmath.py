"""DeepMath-103K: hard problems published as decontaminated (He et al., 2025, arXiv:2504.11456)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import Hosted, Row


@dataset(
    "deepmath",
    source=Hosted(
        hub="zwhe99/DeepMath-103K",
        files={"train": "deepmath_train.jsonl"},
        rows="103,000",
        licence="MIT",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/zwhe99/DeepMath-103K",
        example={"question": "What is 6 times 7?", "final_answer": "42", "difficulty": 1.0},
    ),
)
def deepmath(row: Row, index: int) -> Prompt:
    """Problems with a final answer and a difficulty; the columns are recalled and not confirmed at the hub."""
    return flat(row, index, problem="question", answer="final_answer", keep=("difficulty", "topic"))
