"""GSM8K: 8.5 thousand grade-school word problems with integer answers (Cobbe et al., 2021, arXiv:2110.14168)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .boxed import boxed_turn
from .sources import BadRow, Hosted, Row


@dataset(
    "gsm8k",
    source=Hosted(
        hub="openai/gsm8k",
        config="main",
        revision="cc7b047b6e5bb11b4f1af84efc572db110a51b3c",
        files={"train": "gsm8k_train.jsonl", "test": "gsm8k_test.jsonl"},
        licence="MIT",
        url="https://github.com/openai/grade-school-math",
    ),
)
def gsm8k(row: Row, index: int) -> Prompt:
    """Grade-school word problems; the reference is what follows `####`, without thousands commas."""
    _, marker, final = row["answer"].rpartition("####")
    if not marker:
        raise BadRow("the answer has no '####' before the final number")
    return Prompt(str(index), boxed_turn(row["question"]), final.strip().replace(",", ""), "math")
