"""RLVR-GSM: what Tulu 3 was trained on by RLVR (Lambert et al., 2024, arXiv:2411.15124)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import open_instruct
from .sources import Hosted, Row


@dataset(
    "rlvr_gsm",
    source=Hosted(
        hub="allenai/RLVR-GSM",
        files={"train": "rlvr_gsm_train.jsonl", "test": "rlvr_gsm_test.jsonl"},
        rows="7,473",
        licence="MIT",
        verifier="math",
        url="https://huggingface.co/datasets/allenai/RLVR-GSM",
        example={
            "messages": [{"role": "user", "content": "What is 6 times 7?"}],
            "ground_truth": "42",
            "dataset": "gsm8k",
        },
    ),
)
def rlvr_gsm(row: Row, index: int) -> Prompt:
    """GSM8K with the eight worked examples of its prompts, which stay: they say how to answer."""
    return open_instruct(row, index)
