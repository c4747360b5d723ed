"""RLVR-IFeval: what Tulu 3 was trained on by RLVR (Lambert et al., 2024, arXiv:2411.15124)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import open_instruct
from .sources import Hosted, Row


@dataset(
    "rlvr_ifeval",
    source=Hosted(
        hub="allenai/RLVR-IFeval",
        files={"train": "rlvr_ifeval_train.jsonl"},
        rows="14,973",
        licence="ODC-BY",
        verifier="instructions",
        url="https://huggingface.co/datasets/allenai/RLVR-IFeval",
        example={
            "messages": [{"role": "user", "content": "Describe rain. Use no commas."}],
            "ground_truth": '{"func_name": "validate_no_commas", "N": null}',
            "dataset": "ifeval",
        },
    ),
)
def rlvr_ifeval(row: Row, index: int) -> Prompt:
    """One constraint a prompt, by the name of open-instruct's function (`open_instruct:validate_no_commas`)."""
    return open_instruct(row, index)
