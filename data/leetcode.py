"""LeetCode: functions with a check (Xia et al., 2025, arXiv:2504.14655)."""

from __future__ import annotations

import dataclasses

from rlvr.core import Prompt
from rlvr.registry import dataset

from .code_answers import checked
from .families import flat, with_tests
from .sources import Hosted, Row


@dataset(
    "leetcode",
    source=Hosted(
        hub="newfacade/LeetCodeDataset",
        files={"train": "code_leetcode_functional.jsonl", "test": "leetcode_test.jsonl"},
        rows="~2,600 + 228",
        licence="Apache-2.0",
        verifier="code",
        template="boxed",
        url="https://github.com/newfacade/LeetCodeDataset",
        example={
            "query": "Double a number.\n\n```python\nclass Solution:\n    def double(self, n: int) -> int:\n```",
            "test": "def check(candidate):\n    assert candidate(n = 2) == 4\n",
            "entry_point": "Solution().double",
        },
    ),
)
def leetcode(row: Row, index: int) -> Prompt:
    """A method of a class that the question begins. Checks call it by keyword and use helpers for lists and trees."""
    if "tests" in row:
        return with_tests(row, index)
    tests = checked(row["test"], "test", str(row["entry_point"]))
    prompt = flat(Row(row, answer="-"), index, problem="query", identity="task_id", keep=("difficulty",))
    return dataclasses.replace(prompt, answer=tests, verifier="code")
