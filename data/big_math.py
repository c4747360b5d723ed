"""Big-Math: 251,122 verified problems with a solve rate (SynthLabs, 2025, arXiv:2502.17387)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import Hosted, Row


@dataset(
    "big_math",
    source=Hosted(
        hub="SynthLabsAI/Big-Math-RL-Verified",
        files={"train": "big_math_train.jsonl"},
        rows="251,122",
        licence="Apache-2.0",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/SynthLabsAI/Big-Math-RL-Verified",
        example={"problem": "What is 6 times 7?", "answer": "42", "source": "ours", "llama8b_solve_rate": 0.9},
    ),
)
def big_math(row: Row, index: int) -> Prompt:
    """Ten sources; `meta["llama8b_solve_rate"]` is a difficulty. The hub asks for its terms to be accepted."""
    return flat(row, index, keep=("source", "domain", "llama8b_solve_rate"))
