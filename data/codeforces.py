"""Codeforces problems of DeepCoder's test split (Agentica, 2025)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import with_tests
from .sources import Hosted, Row


@dataset(
    "codeforces",
    source=Hosted(
        hub="agentica-org/DeepCoder-Preview-Dataset",
        files={"test": "codeforces_test_stdin.jsonl"},
        config="codeforces",
        rows="408",
        licence="MIT",
        verifier="code",
        template="boxed",
        url="https://github.com/agentica-project/rllm",
        example={
            "problem": "Read n, print 2n.",
            "tests": [{"input": "2\n", "output": "4\n"}],
        },
    ),
)
def codeforces(row: Row, index: int) -> Prompt:
    """Contest problems; a program reads from the standard input and prints."""
    return with_tests(row, index)
