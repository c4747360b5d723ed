"""OMEGA, compositional: synthetic problems, tests on skills combined (Sun et al., 2025, arXiv:2506.18880)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import open_instruct
from .sources import Hosted, Row


@dataset(
    "omega_compositional",
    source=Hosted(
        hub="allenai/omega-compositional",
        files={"train": "omega_compositional_train.jsonl", "test": "omega_compositional_test.jsonl"},
        config="*",
        rows="10,000-100,000",
        licence="MIT",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/allenai/omega-compositional",
        example={
            "id": "ours_0",
            "setting_key": "ours",
            "messages": [
                {
                    "role": "user",
                    "content": "What is 6 times 7? Present the answer in LaTex format: \\boxed{Your answer}",
                }
            ],
            "ground_truth": "42",
            "dataset": "math",
        },
    ),
)
def omega_compositional(row: Row, index: int) -> Prompt:
    """All settings of the hub, one after the other; `meta["setting_key"]` says which one a problem is of."""
    return open_instruct(row, index, keep=("setting_key",))
