"""HumanEval: 164 functions to complete (Chen et al., 2021, arXiv:2107.03374)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .sources import Hosted, Row, user_turn


@dataset(
    "humaneval",
    source=Hosted(
        hub="openai/openai_humaneval",
        revision="7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
        files={"test": "humaneval.jsonl"},
        rows="164",
        licence="MIT",
        verifier="code",
        template="boxed",
        url="https://github.com/openai/human-eval",
        example={
            "task_id": "Ours/0",
            "prompt": "def double(n):\n    '''Twice n.'''\n",
            "entry_point": "double",
            "test": "def check(candidate):\n    assert candidate(2) == 4\n",
        },
    ),
)
def humaneval(row: Row, index: int) -> Prompt:
    """The question is the beginning of a function; `meta["prompt_code"]` has it, for answers that only continue it."""
    question = f"Complete this function:\n\n```python\n{row['prompt'].strip()}\n```"
    answer = {"kind": "check", "test": row["test"], "entry_point": row["entry_point"]}
    meta = {"prompt_code": row["prompt"]}
    if row.get("canonical_solution"):
        meta["solution"] = row["prompt"] + row["canonical_solution"]
    return Prompt(str(row["task_id"]), user_turn(question), answer, "code", meta)
