"""MBPP: 974 small functions described in a sentence (Austin et al., 2021, arXiv:2108.07732)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlvr.core import Prompt
from rlvr.registry import dataset

from .sources import Hosted, Row, user_turn


def _owns(row: Mapping[str, Any], split: str) -> bool:
    """The paper's splits by the task's number, for a file that holds all of them."""
    number = int(row["task_id"])
    return split == (
        "prompt" if number <= 10 else "test" if number <= 510 else "validation" if number <= 600 else "train"
    )


@dataset(
    "mbpp",
    source=Hosted(
        hub="google-research-datasets/mbpp",
        revision="4bb6404fdc6cacfda99d4ac4205087b89d32030c",
        files={"test": "mbpp.jsonl", "validation": "mbpp.jsonl", "train": "mbpp.jsonl", "prompt": "mbpp.jsonl"},
        config="full",
        belongs=_owns,
        rows="500 + 90 + 374 + 10",
        licence="CC-BY-4.0",
        verifier="code",
        template="boxed",
        url="https://github.com/google-research/google-research/tree/master/mbpp",
        example={
            "task_id": 0,
            "text": "Write a function to double a number.",
            "test_setup_code": "",
            "test_list": ["assert double(2) == 4"],
        },
    ),
)
def mbpp(row: Row, index: int) -> Prompt:
    """The question shows the tests, which name the function, as the paper's prompt does."""
    tests = row["test_list"]
    shown = "\n".join(tests)
    question = f"{row['text'].strip()} Your code should pass these tests:\n\n```python\n{shown}\n```"
    answer = {"kind": "asserts", "tests": tests, "setup": row.get("test_setup_code") or ""}
    return Prompt(
        str(row["task_id"]), user_turn(question), answer, "code", {"solution": row["code"]} if row.get("code") else {}
    )
