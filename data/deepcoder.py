"""DeepCoder: verified programming problems of four sources (Agentica, 2025)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import with_tests
from .sources import Hosted, Row


@dataset(
    "deepcoder",
    source=Hosted(
        hub="agentica-org/DeepCoder-Preview-Dataset",
        files={"train": "deepcoder_train.jsonl"},
        config=("primeintellect", "taco"),
        rows="~24,000",
        licence="MIT",
        verifier="code",
        template="boxed",
        url="https://github.com/agentica-project/rllm",
        example={
            "problem": "Read n, print 2n.",
            "tests": '[{"type": "stdin_stdout", "input": "2\\n", "output": "4\\n"}]',
        },
    ),
)
def deepcoder(row: Row, index: int) -> Prompt:
    """Programs that read and print, and functions. `options: {config: lcbv5}` is LiveCodeBench's part."""
    return with_tests(row, index)
