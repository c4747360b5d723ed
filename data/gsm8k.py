"""GSM8K: 8.5 thousand grade-school word problems with integer answers (Cobbe et al., 2021, arXiv:2110.14168)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import BadRow, Hosted, Row


@dataset(
    "gsm8k",
    source=Hosted(
        hub="openai/gsm8k",
        config="main",
        revision="cc7b047b6e5bb11b4f1af84efc572db110a51b3c",
        files={"train": "gsm8k_train.jsonl", "test": "gsm8k_test.jsonl"},
        rows="7,473 + 1,319",
        licence="MIT",
        verifier="math",
        template="boxed",
        url="https://github.com/openai/grade-school-math",
        example={"question": "Ann has 3 pens and buys 4 more. How many has she?", "answer": "3 + 4 = 7\n#### 7"},
    ),
)
def gsm8k(row: Row, index: int) -> Prompt:
    """Grade-school word problems; the reference is what follows `####`, without thousands commas."""
    _, marker, final = row["answer"].rpartition("####")
    if not marker:
        raise BadRow("the answer has no '####' before the final number")
    return flat(Row(row, answer=final.strip().replace(",", "")), index, problem="question")
