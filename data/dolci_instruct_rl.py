"""Dolci-Instruct-RL: what OLMo 3 Instruct was trained on by RLVR (Ai2, 2025, arXiv:2512.13961)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import open_instruct
from .sources import Hosted, Row


@dataset(
    "dolci_instruct_rl",
    source=Hosted(
        hub="allenai/Dolci-Instruct-RL",
        files={"train": "dolci_instruct_rl_train.jsonl"},
        rows="169,964",
        licence="ODC-BY",
        verifier="math, code, instructions, reference",
        template="boxed",
        url="https://huggingface.co/datasets/allenai/Dolci-Instruct-RL",
        example={
            "id": "0",
            "prompt": "What is 6 times 7?",
            "ground_truth": ["42"],
            "dataset": ["math"],
            "passrate": 0.5,
        },
    ),
)
def dolci_instruct_rl(row: Row, index: int) -> Prompt:
    """`ground_truth` and `dataset` are lists of one; `meta["passrate"]` is a difficulty where it is known."""
    keep = ("difficulty", "passrate", "original_dataset", "dataset_source")
    return open_instruct(row, index, prompt="prompt", keep=keep)
