"""AIME, the American Invitational Mathematics Examination: 15 problems a contest, answers 0 to 999."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import Hosted, LeftOut, Row


@dataset(
    "aime24",
    source=Hosted(
        hub="HuggingFaceH4/aime_2024",
        revision="2fe88a2f1091d5048c0f36abc874fb997b3dd99a",
        files={"test": "aime24.jsonl"},
        hub_splits={"test": "train"},
        rows="30",
        licence="problems (c) MAA",
        verifier="math",
        template="boxed",
        url="https://artofproblemsolving.com/wiki/index.php/2024_AIME_I",
        example={"id": 0, "problem": "What is 6 times 7?", "answer": "42"},
    ),
)
def aime24(row: Row, index: int) -> Prompt:
    """AIME 2024, both contests."""
    return flat(row, index, identity="id", keep=("url",))


@dataset(
    "aime25",
    source=Hosted(
        hub="math-ai/aime25",
        revision="563bb8404243c5f09de6ec262f2db674fe5bce9b",
        files={"test": "aime25.jsonl"},
        rows="30",
        licence="problems (c) MAA",
        verifier="math",
        template="boxed",
        url="https://artofproblemsolving.com/wiki/index.php/2025_AIME_I",
        example={"id": "I-0", "problem": "What is 6 times 7?", "answer": "42"},
    ),
)
def aime25(row: Row, index: int) -> Prompt:
    """AIME 2025, both contests."""
    return flat(row, index, identity="id")


@dataset(
    "aime_1983_2023",
    source=Hosted(
        hub="gneubig/aime-1983-2024",
        files={"train": "aime_1983_2023.jsonl"},
        rows="933 to 975 by copy",
        licence="problems (c) MAA",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/gneubig/aime-1983-2024",
        example={"Question": "What is 6 times 7?", "Answer": "42", "Year": 1983, "Problem Number": 1},
    ),
)
def aime_1983_2023(row: Row, index: int) -> Prompt:
    """The contests before those that models are measured by: 2024 is left out. Six problems are in MATH500."""
    row = Row(row, problem=row["Question"], answer=row["Answer"], year=row["Year"]) if "Question" in row else row
    if int(row["year"]) > 2023:
        raise LeftOut(f"the year is {row['year']}, which models are measured by")
    return flat(row, index, keep=("year", "difficulty"))
