"""WildChat-4.8M: what people asked a chat model (Zhao et al., 2024, arXiv:2405.01470)."""

from __future__ import annotations

import dataclasses

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import conversation
from .sources import Hosted, LeftOut, Row


@dataset(
    "wildchat",
    source=Hosted(
        hub="allenai/WildChat-4.8M",
        files={"train": "wildchat_train.jsonl"},
        streamed=True,
        rows="~3,200,000",
        licence="ODC-BY",
        verifier="rubric",
        url="https://huggingface.co/datasets/allenai/WildChat-4.8M",
        example={
            "conversation_hash": "0",
            "conversation": [{"role": "user", "content": "Plan a rainy day.", "language": "English"}],
            "language": "English",
            "toxic": False,
            "redacted": False,
        },
    ),
)
def wildchat(row: Row, index: int) -> Prompt:
    """First turns in English that are neither toxic nor redacted; a grader judges by `CRITERIA`."""
    if row.get("language") != "English" or row.get("toxic") or row.get("redacted"):
        raise LeftOut("not English, or marked as toxic or redacted")
    prompt = conversation(row, index, column="conversation", identity="conversation_hash", keep=("model",))
    return dataclasses.replace(prompt, answer={"criteria": CRITERIA}, verifier="rubric")


#: What an answer to an open request is graded by, where nobody wrote criteria for it.
CRITERIA = [
    {"name": "helpful", "description": "does what was asked, completely", "min": 0, "max": 5},
    {"name": "correct", "description": "says nothing that is false or made up", "min": 0, "max": 5},
    {"name": "clear", "description": "is as long as it need be, and well ordered", "min": 0, "max": 5},
]
