"""IF-RLVR: up to five constraints a prompt (Pyatkin et al., 2025, arXiv:2507.02833)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import open_instruct
from .sources import Hosted, Row


@dataset(
    "if_rlvr",
    source=Hosted(
        hub="allenai/IF_multi_constraints_upto5",
        files={"train": "if_rlvr_train.jsonl"},
        rows="~95,000",
        licence="ODC-BY-1.0",
        verifier="instructions",
        url="https://github.com/allenai/IFBench",
        example={
            "key": "0",
            "messages": [{"role": "user", "content": "Describe rain. Use no commas."}],
            "ground_truth": "[{'instruction_id': ['punctuation:no_comma'], 'kwargs': [None]}]",
            "dataset": "ifeval",
        },
    ),
)
def if_rlvr(row: Row, index: int) -> Prompt:
    """25 constraints of IFEval and 29 of IFBench's training set; the constraints are a Python literal."""
    return open_instruct(row, index)
