"""Data sets: rows -> `Prompt`, one data set a file, one entry point.

    load_prompts("gsm8k", split="test", data_dir="~/evaldata").prompts

Evaluation sets are data sets too; a suite in `rlvr.eval` refers to one by its name.
"""

if __name__ == "data":
    raise ImportError("import rlvr.data, not data: this folder is a part of the package rlvr")

from . import (  # each registers its data set
    chain,
    chain_demonstrations,
    competition_math,
    countdown,
    gsm8k,
    math500,
)
from .loading import load_prompts, prompts_of_rows
from .sources import BadRow, Generated, Hosted, LoadedPrompts, Row, user_turn

__all__ = [
    "BadRow",
    "Generated",
    "Hosted",
    "LoadedPrompts",
    "Row",
    "chain",
    "chain_demonstrations",
    "competition_math",
    "countdown",
    "gsm8k",
    "load_prompts",
    "math500",
    "prompts_of_rows",
    "user_turn",
]
