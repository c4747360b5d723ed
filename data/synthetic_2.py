"""SYNTHETIC-2: 156 thousand tasks of many kinds, with the pass rates of four models (Prime Intellect, 2025)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from rlvr.core import Prompt
from rlvr.registry import dataset

from .code_answers import code_answer
from .decoding import decode_json, listed_answer
from .families import constraints, flat
from .sources import BadRow, Hosted, LeftOut, Row


@dataset(
    "synthetic_2",
    source=Hosted(
        hub="PrimeIntellect/SYNTHETIC-2-RL",
        files={"train": "synthetic_2_train.jsonl"},
        rows="155,638",
        licence="Apache-2.0",
        verifier="math, code, instructions, reference",
        template="boxed",
        url="https://huggingface.co/datasets/PrimeIntellect/SYNTHETIC-2-RL",
        example={
            "problem_id": "sky_work_math_0",
            "prompt": "What is 6 times 7?",
            "verification_info": '{"ground_truth": "42"}',
            "Qwen/Qwen3-4B_avg_reward": 0.75,
        },
    ),
)
def synthetic_2(row: Row, index: int) -> Prompt:
    """What judges a row follows from `verification_info`; `meta["pass_rates"]` has each model's mean reward.

    Rows that need a verifier we have not (schemas of pydantic, puzzles of reasoning-gym) are left out.
    """
    info = decode_json(row["verification_info"], "verification_info")
    name = str(row.get("problem_id") or "")
    verifier, answer = _judged(name, info)
    rates = {key.removesuffix("_avg_reward"): row[key] for key in row if key.endswith("_avg_reward")}
    prompt = flat(Row(row, answer="-"), index, problem="prompt", identity="problem_id", keep=("task_type",))
    return dataclasses.replace(prompt, answer=answer, verifier=verifier, meta={**prompt.meta, "pass_rates": rates})


def _judged(name: str, info: Any) -> tuple[str, Any]:
    column = "verification_info"
    if not isinstance(info, Mapping) or not info:
        raise BadRow(f"column {column!r} holds no object")
    if "test_cases" in info:
        return "code", code_answer(info["test_cases"], column)
    truth = info.get("ground_truth", info.get("code_output"))
    if name.startswith("ifeval"):
        return "instructions", constraints(truth, column)
    if truth is None or "reasoning_gym_dataset" in info:
        raise LeftOut(f"{column} has {', '.join(info)}, which no verifier of ours judges")
    plain = isinstance(truth, (str, int, float)) and not isinstance(truth, bool)
    if set(info) == {"ground_truth"} and plain and not name.startswith(("formatask", "complex_json")):
        return "math", listed_answer(truth, column)
    return "reference", truth.strip() if isinstance(truth, str) else json.dumps(truth, sort_keys=True)
