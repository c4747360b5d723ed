"""Minerva Math: 272 university problems of MIT OpenCourseWare (Lewkowycz et al., 2022, arXiv:2206.14858)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import Hosted, Row


@dataset(
    "minerva_math",
    source=Hosted(
        hub="math-ai/minervamath",
        revision="ee46ddc498933b1977577953250ca5c66be64f96",
        files={"test": "minerva_math.jsonl"},
        rows="272",
        licence="problems CC-BY-NC-SA-4.0",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/math-ai/minervamath",
        example={"question": "What is 6 times 7?", "answer": "42"},
    ),
)
def minerva_math(row: Row, index: int) -> Prompt:
    """Science and engineering; 58 answers are in scientific notation, 48 problems are differential equations."""
    return flat(row, index, problem="question", keep=("type",))
