"""Multi-subject RLVR: exam questions of many subjects with free-form answers (Su et al., 2025, arXiv:2503.23829)."""

from __future__ import annotations

import dataclasses
import re

from rlvr.core import Prompt
from rlvr.registry import dataset

from .decoding import answer_text
from .families import conversation
from .sources import Hosted, LeftOut, Row


@dataset(
    "multi_subject",
    source=Hosted(
        hub="virtuoussy/Multi-subject-RLVR",
        files={"train": "multi_subject_train.jsonl", "test": "multi_subject_test.jsonl"},
        rows="~573,000 + 6,000",
        licence="Apache-2.0",
        verifier="reference",
        template="boxed",
        url="https://huggingface.co/datasets/virtuoussy/Multi-subject-RLVR",
        example={
            "query": [{"role": "user", "content": "Which planet is the largest?"}],
            "label": "Jupiter",
        },
    ),
)
def multi_subject(row: Row, index: int) -> Prompt:
    """The reference is a short answer in words. Labels that are a bare option letter ask for options that were removed
    from the question, so such rows are left out."""
    label = answer_text(row["label"], "label")
    if re.fullmatch(r"[(（]?[A-F][)）.]?", label):
        raise LeftOut(f"the answer {label!r} is an option's letter, and the options are not in the question")
    prompt = conversation(row, index, column="query")
    return dataclasses.replace(prompt, answer=label)
