"""Eurus-2-RL: 480 thousand problems of mathematics and code (Cui et al., 2025, arXiv:2502.01456)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import verl
from .sources import Hosted, Row


@dataset(
    "eurus_2",
    source=Hosted(
        hub="PRIME-RL/Eurus-2-RL-Data",
        files={"train": "eurus_2_train.jsonl", "validation": "eurus_2_validation.jsonl"},
        rows="~481,000 + 2,000",
        licence="MIT",
        verifier="math, code",
        template="boxed",
        url="https://huggingface.co/datasets/PRIME-RL/Eurus-2-RL-Data",
        example={
            "data_source": "numina",
            "prompt": [{"role": "user", "content": "What is 6 times 7?"}],
            "ability": "math",
            "reward_model": {"ground_truth": "42", "style": "rule"},
        },
    ),
)
def eurus_2(row: Row, index: int) -> Prompt:
    """verl's shape, without the long system prompt that names seven actions."""
    return verl(row, index)
