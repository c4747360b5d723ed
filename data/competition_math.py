"""MATH: 12,500 competition problems with worked solutions (Hendrycks et al., 2021, arXiv:2103.03874)."""

from __future__ import annotations

import hashlib

from rlvr.core import Prompt
from rlvr.registry import dataset

from .boxed import boxed_turn, last_boxed
from .sources import BadRow, Hosted, Row


@dataset(
    "competition_math",
    source=Hosted(
        hub="DigitalLearningGmbH/MATH-lighteval",
        revision="0530c78699ea5e8eb5530600900e1f328b48acad",
        files={"train": "math_train.jsonl", "test": "math_test_5000.jsonl"},
        licence="MIT",
        url="https://github.com/hendrycks/math",
    ),
)
def competition_math(row: Row, index: int) -> Prompt:
    r"""Competition problems in LaTeX; the reference is the `answer`, or else the last \boxed of the `solution`."""
    if "answer" in row:
        answer = row["answer"]
    else:
        answer = last_boxed(row["solution"])
        if answer is None:
            raise BadRow(r"the solution has no \boxed answer")
    # The copies of MATH differ in their order, so the text and not the row number names a problem.
    name = hashlib.blake2b(row["problem"].strip().encode(), digest_size=6).hexdigest()
    meta = {key: row[key] for key in ("type", "level") if key in row}
    return Prompt(name, boxed_turn(row["problem"]), answer, "math", meta)
