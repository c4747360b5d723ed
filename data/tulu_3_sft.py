"""Tulu 3 SFT mixture: conversations of many sources (Lambert et al., 2024, arXiv:2411.15124)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import conversation
from .sources import Hosted, Row


@dataset(
    "tulu_3_sft",
    source=Hosted(
        hub="allenai/tulu-3-sft-mixture",
        files={"train": "tulu_3_sft_train.jsonl"},
        streamed=True,
        rows="~939,000",
        licence="ODC-BY-1.0, parts differ",
        verifier="reference",
        url="https://huggingface.co/datasets/allenai/tulu-3-sft-mixture",
        example={
            "id": "0",
            "messages": [
                {"role": "user", "content": "Name the largest planet."},
                {"role": "assistant", "content": "Jupiter."},
            ],
            "source": "ours",
        },
    ),
)
def tulu_3_sft(row: Row, index: int) -> Prompt:
    """The first user turn as the prompt, the first answer as the reference."""
    return conversation(row, index, identity="id", keep=("source",))
