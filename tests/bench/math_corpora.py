"""The rows that the math verifier is measured on, from a folder of corpora (../shared/corpora by default)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"


@dataclass(frozen=True)
class Case:
    """One question to a verifier: is `completion` right, given `gold`? `label` is the corpus's answer."""

    id: str
    gold: Any
    completion: str
    label: bool
    verifier: str = "math"
    meta: dict[str, Any] = field(default_factory=dict)


def rows(name: str, folder: Path = CORPORA) -> list[dict[str, Any]]:
    """The rows of one corpus."""
    with (folder / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def equiv(folder: Path = CORPORA) -> list[Case]:
    """The core rows of math_equiv: pairs from test suites that bind any checker."""
    cases = []
    for row in rows("math_equiv.jsonl", folder):
        if row["core"]:
            wanted = row["config"].get("extract")
            bare = wanted in ("bare", "bracket", "plain-expr", "text") and "\\boxed" not in row["pred"]
            completion = f"\\boxed{{{row['pred']}}}" if bare else row["pred"]
            cases.append(Case(row["id"], row["gold"], completion, row["expect"]))
    return cases


def _uncontested(row: dict[str, Any]) -> bool:
    return len(row.get("contested_by") or []) < 3


def outputs(folder: Path = CORPORA) -> list[Case]:
    """Real model outputs with a published verdict that fewer than three of five graders dispute."""
    return [
        Case(row["id"], row["gold"], row["output"], row["verdict"])
        for row in rows("math_outputs.jsonl", folder)
        if _uncontested(row) and not row.get("options")
    ]


def options(folder: Path = CORPORA) -> list[Case]:
    """Those with options to choose from, under `choice`."""
    cases = []
    for row in rows("math_outputs.jsonl", folder):
        if _uncontested(row) and row.get("options"):
            choices = [{"label": chr(65 + i), "text": text} for i, text in enumerate(row["options"])]
            cases.append(Case(row["id"], row["gold"], row["output"], row["verdict"], "choice", {"choices": choices}))
    return cases


def _text(gold: Any) -> str:
    return gold if isinstance(gold, str) else gold[0]


def golds(folder: Path = CORPORA) -> list[Case]:
    """Every reference against itself."""
    return [
        Case(row["id"], row["gold"], f"\\boxed{{{_text(row['gold'])}}}", True)
        for row in rows("math_gold_types.jsonl", folder)
    ]


def other_golds(folder: Path = CORPORA) -> list[Case]:
    """Every reference against the next one of its type that is written otherwise."""
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows("math_gold_types.jsonl", folder):
        kinds[row["human_type"]].append(row)
    cases = []
    for same in kinds.values():
        for index, row in enumerate(same):
            others = (same[(index + step) % len(same)] for step in range(1, len(same)))
            other = next((o for o in others if _text(o["gold"]) != _text(row["gold"])), None)
            if other is not None:
                name = f"{row['id']}/{other['id']}"
                cases.append(Case(name, row["gold"], f"\\boxed{{{_text(other['gold'])}}}", False))
    return cases


SECTIONS: dict[str, Callable[[Path], list[Case]]] = {
    "equiv": equiv,
    "outputs": outputs,
    "options": options,
    "golds": golds,
    "other_golds": other_golds,
}
