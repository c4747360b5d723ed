"""ARC: science questions of grade 3 to 9 with options (Clark et al., 2018, arXiv:1803.05457)."""

from __future__ import annotations

import dataclasses

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import BadRow, Hosted, Row

ARC_EXAMPLE = {
    "id": "0",
    "question": "Which planet is the largest?",
    "choices": {"text": ["Mars", "Jupiter"], "label": ["A", "B"]},
    "answerKey": "B",
}


@dataset(
    "arc_easy",
    source=Hosted(
        hub="allenai/ai2_arc",
        revision="210d026faf9955653af8916fad021475a3f00453",
        files={"train": "arc_easy_train.jsonl", "validation": "arc_easy_validation.jsonl", "test": "arc_easy.jsonl"},
        config="ARC-Easy",
        rows="2,251 + 570 + 2,376",
        licence="CC-BY-SA-4.0",
        verifier="choice",
        template="boxed",
        url="https://allenai.org/data/arc",
        example=ARC_EXAMPLE,
    ),
)
def arc_easy(row: Row, index: int) -> Prompt:
    """The questions that a retrieval or co-occurrence method answers. Labels are letters, or digits in 97 rows."""
    return _question(row, index)


@dataset(
    "arc_challenge",
    source=Hosted(
        hub="allenai/ai2_arc",
        revision="210d026faf9955653af8916fad021475a3f00453",
        files={
            "train": "arc_challenge_train.jsonl",
            "validation": "arc_challenge_validation.jsonl",
            "test": "arc_challenge.jsonl",
        },
        config="ARC-Challenge",
        rows="1,119 + 299 + 1,172",
        licence="CC-BY-SA-4.0",
        verifier="choice",
        template="boxed",
        url="https://allenai.org/data/arc",
        example=ARC_EXAMPLE,
    ),
)
def arc_challenge(row: Row, index: int) -> Prompt:
    """The questions that neither method answers."""
    return _question(row, index)


def _question(row: Row, index: int) -> Prompt:
    """The options stand under the question, one a line; the answer is a label. `meta` has both apart."""
    labels, texts = row["choices"]["label"], row["choices"]["text"]
    if len(labels) != len(texts) or row["answerKey"] not in labels:
        raise BadRow("column 'choices' has not the answer's label, or not a text for each label")
    options = "\n".join(f"{label}. {text}" for label, text in zip(labels, texts, strict=True))
    worded = Row(row, question=f"{row['question'].strip()}\n\n{options}")
    prompt = flat(worded, index, problem="question", answer="answerKey", identity="id", verifier="choice")
    choices = [{"label": label, "text": text} for label, text in zip(labels, texts, strict=True)]
    return dataclasses.replace(prompt, meta={**prompt.meta, "question": row["question"], "choices": choices})
