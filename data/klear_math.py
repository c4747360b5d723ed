"""KlearReasoner-MathSub: 30 thousand problems for RL (Su et al., 2025, arXiv:2508.07629)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import verl
from .sources import Hosted, Row


@dataset(
    "klear_math",
    source=Hosted(
        hub="Kwai-Klear/KlearReasoner-MathSub-30K",
        files={"train": "klear_math_train.jsonl"},
        rows="~30,000",
        licence="Apache-2.0",
        verifier="math",
        template="boxed",
        url="https://github.com/Kwai-Klear/KlearReasoner",
        example={
            "prompt": [{"role": "user", "content": "What is 6 times 7?"}],
            "ability": "math",
            "reward_model": {"ground_truth": "42", "style": "rule"},
        },
    ),
)
def klear_math(row: Row, index: int) -> Prompt:
    """Long-reasoning problems in verl's shape. Of former multiple-choice ones the answer is the option's value."""
    return verl(row, index)
