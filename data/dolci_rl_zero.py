"""Dolci-RL-Zero: the mixes of OLMo 3 RL-Zero (Ai2, 2025, arXiv:2512.13961)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import open_instruct
from .sources import Hosted, Row


@dataset(
    "dolci_rl_zero",
    source=Hosted(
        hub="allenai/Dolci-RL-Zero-Math-7B",
        files={"train": "dolci_rl_zero_train.jsonl"},
        rows="13,314",
        licence="ODC-BY",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/allenai/Dolci-RL-Zero-Math-7B",
        example={"id": "0", "prompt": "What is 6 times 7?", "ground_truth": ["42"]},
    ),
)
def dolci_rl_zero(row: Row, index: int) -> Prompt:
    """Mathematics; `options: {hub: allenai/Dolci-RL-Zero-Code-7B}` is code, which its tests show."""
    truth = row["ground_truth"]
    text = truth[0] if isinstance(truth, list) and truth else truth
    kind = "code" if isinstance(text, str) and text.lstrip().startswith(('["', "['", '[{"', '{"')) else "math"
    return open_instruct(Row(row, dataset=row.get("dataset") or kind), index, prompt="prompt")
