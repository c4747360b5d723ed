"""Data sets: rows -> `Prompt`, one data set a file, one entry point.

    load_prompts("gsm8k", split="test", data_dir="~/evaldata").prompts

Evaluation sets are data sets too; a suite in `rlvr.eval` refers to one by its name.
"""

if __name__ == "data":
    raise ImportError("import rlvr.data, not data: this folder is a part of the package rlvr")

from . import (  # each registers its data set
    chain,
    chain_demonstrations,
    chain_texts,
    competition_math,
    countdown,
    given,
    gsm8k,
    math500,
)
from .loading import load_prompts, prompts_of_rows
from .returns import asking_for, return_text
from .sources import BadRow, Generated, Hosted, LoadedPrompts, Row, user_turn

__all__ = [
    "BadRow",
    "Generated",
    "Hosted",
    "LoadedPrompts",
    "Row",
    "asking_for",
    "chain",
    "chain_demonstrations",
    "chain_texts",
    "competition_math",
    "countdown",
    "given",
    "gsm8k",
    "load_prompts",
    "math500",
    "prompts_of_rows",
    "return_text",
    "user_turn",
]
