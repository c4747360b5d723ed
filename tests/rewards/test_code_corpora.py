"""Real programs with known verdicts, through the judge: reference solutions of HumanEval and MBPP, models' samples."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Completion, Prompt, VerifierUse
from rlvr.rewards import Judge

from .sandboxes import ISOLATION

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="needs ../shared/corpora beside the repository")
#: Every how-many-th task of MBPP; 1 judges all of them.
STRIDE = int(os.environ.get("RLVR_CODE_STRIDE", "4"))
#: Generous, so that a stalled machine changes no verdict; the slowest reference solution needs 3 s of CPU time.
OPTIONS = {"seconds_per_test": 40.0, "seconds_in_all": 80.0, "isolation": ISOLATION}

Row = tuple[str, dict[str, Any], str, dict[str, Any], bool]  # id, answer, completion, meta, published verdict


def rows(name: str) -> list[dict[str, Any]]:
    with (CORPORA / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def disagreements(cases: list[Row]) -> list[str]:
    """The rows whose verdict is not the published one."""
    uses = (VerifierUse("code", options=OPTIONS),)
    with Judge(2, timeout=100.0, warm=["code"]) as judge:
        pairs = [(Prompt(i, (), answer, uses, meta), Completion.of_text(text)) for i, answer, text, meta, _ in cases]
        verdicts = judge.judge(pairs)
    print(f"{len(cases)} rows, {sum(v.reward == 1.0 for v in verdicts)} paid")
    return [
        f"{case[0]}: {verdict.reward} ({verdict.reason})"
        for case, verdict in zip(cases, verdicts, strict=True)
        if verdict.reward != float(case[4])
    ]


def test_humaneval_reference_solutions() -> None:
    cases: list[Row] = []
    for row in rows("code_humaneval.jsonl"):
        answer = {"kind": "check", "test": row["test"], "entry_point": row["entry_point"]}
        cases.append((row["id"], answer, row["canonical_solution"], {"prompt_code": row["prompt"]}, True))
    assert disagreements(cases) == []


def test_mbpp_reference_solutions() -> None:
    cases: list[Row] = []
    for number, row in enumerate(rows("code_mbpp.jsonl")):
        special = row["test_setup_code"] or row.get("sanitized_test_imports") or row["challenge_test_list"]
        if number % STRIDE and not special:
            continue
        fenced = f"Here it is:\n```python\n{row['code']}\n```"
        setup = row["test_setup_code"]
        cases.append((row["id"], {"kind": "asserts", "tests": row["test_list"], "setup": setup}, fenced, {}, True))
        if row["challenge_test_list"]:
            answer = {"kind": "asserts", "tests": row["challenge_test_list"], "setup": setup}
            cases.append((row["id"], answer, fenced, {}, True))
        if row.get("sanitized_test_list"):
            setup = "\n".join(row.get("sanitized_test_imports", []))
            answer = {"kind": "asserts", "tests": row["sanitized_test_list"], "setup": setup}
            cases.append((row["id"], answer, row.get("sanitized_code", row["code"]), {}, True))
    # 367 and 927 are marked as failing in the corpus: their set-up needs a class of the solution, which a proxy serves.
    assert disagreements(cases) == []


def test_published_verdicts_of_samples() -> None:
    tasks = {row["id"]: row for row in rows("code_humaneval.jsonl")}
    cases: list[Row] = []
    for row in rows("code_samples.jsonl"):
        if row.get("contested"):
            continue
        task = tasks.get(row["task"], row)
        test = row["test"].partition("def test_check")[0] if "test" in row else task["test"]
        answer = {"kind": "check", "test": test, "entry_point": row["entry_point"]}
        cases.append((row["id"], answer, row["solution"], {"prompt_code": task["prompt"]}, row["verdict"]))
    assert disagreements(cases) == []
