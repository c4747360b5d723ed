"""Nemotron post-training data, code: prompts without tests (NVIDIA, 2025)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import conversation, with_tests
from .sources import Hosted, Row


@dataset(
    "nemotron_code",
    source=Hosted(
        hub="nvidia/Nemotron-Post-Training-Dataset-v1",
        files={"train": "nemotron_code_train.jsonl"},
        hub_splits={"train": "code"},
        streamed=True,
        rows="~1,900,000",
        licence="CC-BY-4.0",
        verifier="reference",
        url="https://huggingface.co/datasets/nvidia/Nemotron-Post-Training-Dataset-v1",
        example={
            "uuid": "0",
            "messages": [
                {"role": "user", "content": "Read n, print 2n."},
                {"role": "assistant", "content": "print(2 * int(input()))"},
            ],
        },
    ),
)
def nemotron_code(row: Row, index: int) -> Prompt:
    """Ships no tests: the published answer is the reference, unless a column `tests` was generated for it."""
    if row.get("tests"):
        question = conversation(row, index).text
        return with_tests(Row(row, problem=question), index, identity="uuid")
    return conversation(row, index, identity="uuid", keep=("category", "license", "generator"))
