"""Data sets: rows -> `Prompt`, one data set a file, one entry point.

    load_prompts("gsm8k", split="test", data_dir="~/evaldata").prompts

Evaluation sets are data sets too; a suite in `rlvr.eval` refers to one by its name. A set's file names its columns and
its source; `families` reads the shapes that rows come in, `templates` words the prompts.
"""

if __name__ == "data":
    raise ImportError("import rlvr.data, not data: this folder is a part of the package rlvr")

from . import (  # noqa: F401 each registers its data sets
    acecode,
    acereason_math,
    aime,
    amc,
    arc,
    big_math,
    chain,
    chain_demonstrations,
    chain_texts,
    code_contests,
    codeforces,
    competition_math,
    countdown,
    dapo_math,
    deepcoder,
    deepmath,
    deepscaler,
    dolci_instruct_rl,
    dolci_rl_zero,
    dolci_think_rl,
    eurus_2,
    given,
    gsm8k,
    humaneval,
    if_rlvr,
    ifeval,
    klear_code,
    klear_math,
    leetcode,
    math500,
    mbpp,
    minerva_math,
    multi_subject,
    nemotron_code,
    olympiadbench,
    omega,
    open_reasoner_zero,
    polaris,
    reasoning_gym_tasks,
    rlvr_gsm,
    rlvr_ifeval,
    rlvr_math,
    skywork_or1,
    synthetic_2,
    taco,
    tulu_3_sft,
    wildchat,
)
from .loading import load_prompts, prompts_of_rows
from .mixes import MIXES
from .returns import asking_for, return_text
from .sources import Adapter, Asker, BadRow, Generated, Hosted, LeftOut, LoadedPrompts, Row, user_turn
from .templates import TEMPLATES, Template, template_named

__all__ = [
    "MIXES",
    "TEMPLATES",
    "Adapter",
    "Asker",
    "BadRow",
    "Generated",
    "Hosted",
    "LeftOut",
    "LoadedPrompts",
    "Row",
    "Template",
    "asking_for",
    "load_prompts",
    "prompts_of_rows",
    "return_text",
    "template_named",
    "user_turn",
]
