"""TACO-verified: contest problems whose published solutions pass their tests (Li et al., 2023, arXiv:2312.14852)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import with_tests
from .sources import Hosted, Row


@dataset(
    "taco",
    source=Hosted(
        hub="likaixin/TACO-verified",
        files={"train": "taco_train.jsonl"},
        rows="~12,900",
        licence="Apache-2.0",
        verifier="code",
        template="boxed",
        url="https://huggingface.co/datasets/likaixin/TACO-verified",
        example={
            "question": "Read n, print 2n.",
            "starter_code": "",
            "input_output": '{"inputs": ["2\\n"], "outputs": ["4\\n"]}',
            "difficulty": "EASY",
        },
    ),
)
def taco(row: Row, index: int) -> Prompt:
    """Programs that read and print, or functions that `starter_code` begins; it then stands under the question."""
    question, starter = row["question"], str(row.get("starter_code") or "").strip()
    if starter:
        question = f"{question}\n\n```python\n{starter}\n```"
    return with_tests(
        Row(row, question=question), index, problem="question", tests="input_output", keep=("difficulty",)
    )
