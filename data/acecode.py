"""AceCoder: 87 thousand problems with assert lines written by a model (Zeng et al., 2025, arXiv:2502.01718)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import with_tests
from .sources import Hosted, Row


@dataset(
    "acecode",
    source=Hosted(
        hub="TIGER-Lab/AceCode-87K",
        files={"train": "acecode_sample.jsonl"},
        rows="~87,000",
        licence="MIT",
        verifier="code",
        template="boxed",
        url="https://github.com/TIGER-AI-Lab/AceCoder",
        example={
            "id": "ours_0",
            "source": "ours",
            "question": "Write a function double(n) that returns 2n.",
            "test_cases": ["assert double(2) == 4"],
        },
    ),
)
def acecode(row: Row, index: int) -> Prompt:
    """Problems with assert lines, which also name the function."""
    return with_tests(row, index, problem="question", tests="test_cases", identity="id", keep=("source",))
