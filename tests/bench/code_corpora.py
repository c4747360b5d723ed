"""Programs with known verdicts as rows for the code verifier, from ../shared/corpora (see its README)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CORPORA = SHARED / "corpora"
LEETCODE = SHARED / "evaldata" / "code_leetcode_functional.jsonl"


@dataclass(frozen=True)
class Case:
    """A completion, its tests, and whether it passes them."""

    id: str
    answer: dict[str, Any]
    completion: str
    passes: bool
    prompt_code: str = ""


def rows(name: str) -> list[dict[str, Any]]:
    with (CORPORA / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def humaneval() -> Iterator[Case]:
    """The reference solutions, which continue the prompt."""
    for row in rows("code_humaneval.jsonl"):
        answer = {"kind": "check", "test": row["test"], "entry_point": row["entry_point"]}
        yield Case(row["id"], answer, row["canonical_solution"], True, row["prompt"])


def mbpp(stride: int = 1) -> Iterator[Case]:
    """The reference solutions with all their sets of tests; every `stride`-th of the ordinary tasks.

    Tasks 367 and 927 are marked as failing in the corpus, because their set-up needs a class of the solution, and
    it comes before the solution there. Here the set-up finds the class, so they pass.
    """
    for number, row in enumerate(rows("code_mbpp.jsonl")):
        setup, imports = row["test_setup_code"], "\n".join(row.get("sanitized_test_imports", []))
        if number % stride and not (setup or imports or row["challenge_test_list"]):
            continue
        fenced = f"Here it is:\n```python\n{row['code']}\n```"
        yield Case(row["id"], {"kind": "asserts", "tests": row["test_list"], "setup": setup}, fenced, True)
        if row["challenge_test_list"]:
            answer = {"kind": "asserts", "tests": row["challenge_test_list"], "setup": setup}
            yield Case(f"{row['id']}, challenge", answer, fenced, True)
        if row.get("sanitized_test_list"):
            answer = {"kind": "asserts", "tests": row["sanitized_test_list"], "setup": imports}
            yield Case(f"{row['id']}, sanitised", answer, row.get("sanitized_code", row["code"]), True)


def samples() -> Iterator[Case]:
    """Models' solutions with the published verdict, the contested ones left out."""
    tasks = {row["id"]: row for row in rows("code_humaneval.jsonl")}
    for row in rows("code_samples.jsonl"):
        if row.get("contested"):
            continue
        task = tasks.get(row["task"], row)
        test = row["test"].partition("def test_check")[0] if "test" in row else task["test"]
        answer = {"kind": "check", "test": test, "entry_point": row["entry_point"]}
        yield Case(row["id"], answer, row["solution"], row["verdict"], task["prompt"])


def leetcode(stride: int = 1, shift: int = 0) -> Iterator[Case]:
    """The reference solutions of LeetCode's checks; with a `shift`, each problem gets another problem's solution.

    Left out are two solutions that need the package sortedcontainers.
    """
    with LEETCODE.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rows = [row for row in rows if "sortedcontainers" not in row["solutions"]][::stride]
    for number, row in enumerate(rows):
        test, _, entry_point = row["tests"]["functional"].rpartition("\ncheck(")
        answer = {"kind": "check", "test": test, "entry_point": entry_point.strip()[:-1], "prelude": "leetcode"}
        other = rows[(number + shift) % len(rows)]["solutions"]
        yield Case(f"leetcode {number}", answer, f"```python\n{other}\n```", shift == 0)
