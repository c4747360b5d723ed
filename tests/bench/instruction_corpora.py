"""What the instruction verifier is measured on: mined responses with published verdicts (../shared/corpora)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rlvr.rewards.constraints import CONSTRAINTS, Check
from rlvr.rewards.instructions import checks_of, follow

from .math_corpora import CORPORA, rows


@dataclass(frozen=True)
class Case:
    """One constraint of one response: its published verdicts, and whether they change from run to run."""

    row: str
    constraint: str
    language: str
    response: str
    check: Check
    strict: bool
    loose: bool
    unstable: bool


def cases(name: str, folder: Path = CORPORA) -> Iterator[Case]:
    """Each constraint of a corpus that has a published id; M-IFEval has some of its own."""
    for row in rows(f"{name}.jsonl", folder):
        for i, constraint in enumerate(row["instruction_id_list"]):
            if constraint not in CONSTRAINTS:
                continue
            answer = {"instruction_id_list": [constraint], "kwargs": [row["kwargs"][i]]}
            ((_, check),) = checks_of(answer, row["lang"])
            unstable = i in (row.get("unstable") or [])
            yield Case(
                row["id"], constraint, row["lang"], row["response"], check, row["strict"][i], row["loose"][i], unstable
            )


def verdicts(case: Case) -> tuple[bool, bool]:
    """Ours, strict and loose."""
    (strict,) = follow(case.response, [case.check])
    (loose,) = follow(case.response, [case.check], loose=True)
    return strict, loose
