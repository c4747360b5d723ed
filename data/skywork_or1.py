"""Skywork-OR1: mathematics and code with a difficulty by model (He et al., 2025, arXiv:2505.22312)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import verl
from .sources import Hosted, Row


@dataset(
    "skywork_or1",
    source=Hosted(
        hub="Skywork/Skywork-OR1-RL-Data",
        files={"train": "skywork_or1_math.jsonl", "code": "skywork_or1_code.jsonl"},
        hub_splits={"train": "math"},
        rows="105,055 + ~14,000",
        licence="Apache-2.0",
        verifier="math, code",
        template="boxed",
        url="https://huggingface.co/datasets/Skywork/Skywork-OR1-RL-Data",
        example={
            "data_source": "numina",
            "prompt": [{"role": "user", "content": "What is 6 times 7?"}],
            "ability": "math",
            "reward_model": {"ground_truth": '["42"]', "style": "rule"},
        },
    ),
)
def skywork_or1(row: Row, index: int) -> Prompt:
    """`train` is the mathematics, whose answer is a JSON list of one, and `code` the programs."""
    prompt = verl(row, index)
    extra = row.get("extra_info")
    difficulty = extra.get("model_difficulty") if isinstance(extra, Mapping) else None
    return dataclasses.replace(prompt, meta={**prompt.meta, "difficulty": difficulty}) if difficulty else prompt
