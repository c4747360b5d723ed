"""MATH: 12,500 competition problems with worked solutions (Hendrycks et al., 2021, arXiv:2103.03874)."""

from __future__ import annotations

import dataclasses
import hashlib

from rlvr.core import Prompt
from rlvr.registry import dataset

from .boxed import last_boxed
from .families import flat
from .sources import Hosted, LeftOut, Row


@dataset(
    "competition_math",
    source=Hosted(
        hub="DigitalLearningGmbH/MATH-lighteval",
        revision="0530c78699ea5e8eb5530600900e1f328b48acad",
        files={"train": "math_train.jsonl", "test": "math_test_5000.jsonl"},
        rows="7,500 + 5,000",
        licence="MIT",
        verifier="math",
        template="boxed",
        url="https://github.com/hendrycks/math",
        example={"problem": "Compute $1+1$.", "solution": r"$1+1=\boxed{2}$.", "level": "Level 1", "type": "Algebra"},
    ),
)
def competition_math(row: Row, index: int) -> Prompt:
    r"""Competition problems in LaTeX; the reference is the `answer`, or else the last \boxed of the `solution`.

    Two of the training rows have none and are left out.
    """
    answer = row["answer"] if "answer" in row else last_boxed(row["solution"])
    if answer is None:
        raise LeftOut(r"the solution has no \boxed answer")
    # The copies of MATH differ in their order, so the text and not the row number names a problem.
    name = hashlib.blake2b(row["problem"].strip().encode(), digest_size=6).hexdigest()
    return dataclasses.replace(flat(Row(row, answer=answer), index, keep=("type", "level")), id=name)
