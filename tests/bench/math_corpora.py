"""What the math verifier is measured on: mined corpora (../shared/corpora by default), and our own cases."""

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


#: Pairs of references of different problems that are the same answer after all.
EQUAL_GOLDS = {
    "mg-1661/mg-1662": "3/4 twice, once as \\frac34",
    "mg-3597/mg-3598": "120 degrees and 120: a bare number matches the same number with one unit",
    "mg-4160/mg-4161": "7 % and 7: likewise",
    "mg-2285/mg-2367": "(E) and E: the same choice",
    "mg-2639/mg-2649": "B and (B): the same choice",
}


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
                if name in EQUAL_GOLDS:
                    continue
                cases.append(Case(name, row["gold"], f"\\boxed{{{_text(other['gold'])}}}", False))
    return cases


def probes(folder: Path = CORPORA) -> list[Case]:
    """Our adversarial completions, from tests/rewards/math_cases: nothing for nothing, and honest answers paid."""
    from tests.rewards.math_cases.probes import PAID, UNEQUAL, UNPAID

    cases = [Case(f"unpaid-{n}", gold, text, False) for n, (gold, text, _) in enumerate(UNPAID)]
    cases += [Case(f"unequal-{n}", gold, f"\\boxed{{{answer}}}", False) for n, (gold, answer) in enumerate(UNEQUAL)]
    return cases + [Case(f"paid-{n}", gold, text, True) for n, (gold, text) in enumerate(PAID)]


def bombs(folder: Path = CORPORA) -> list[Case]:
    """Answers whose value is out of reach: towers, giant factorials, long sums, deep nesting."""
    from tests.rewards.math_cases.bombs import BOMBS

    return [Case(name, "42", f"\\boxed{{{answer}}}", False) for name, answer in BOMBS.items()]


def generated(folder: Path = CORPORA) -> list[Case]:
    """Pairs that a computer algebra system made, equal and not, in LaTeX, ASCII and prose."""
    from tests.rewards.math_cases import generate

    return [Case(f"{case.kind}-{n}", case.gold, case.text, case.equal) for n, case in enumerate(generate(20, 3_000))]


SECTIONS: dict[str, Callable[[Path], list[Case]]] = {
    "equiv": equiv,
    "outputs": outputs,
    "options": options,
    "golds": golds,
    "other_golds": other_golds,
    "probes": probes,
    "generated": generated,
    "bombs": bombs,
}
