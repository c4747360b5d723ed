"""Agreement with published verdicts on mined corpora, through the judge; floors a little under what was measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards import Judge

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="needs ../shared/corpora beside the repository")


def rows(name: str) -> list[dict[str, Any]]:
    with (CORPORA / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def judged(pairs: list[tuple[Prompt, Completion]]) -> list[Verdict]:
    with Judge(2) as judge:
        return judge.judge(pairs)


def test_core_equivalences() -> None:
    core = [row for row in rows("math_equiv.jsonl") if row["core"]]
    pairs = []
    for row in core:
        wanted = row["config"].get("extract")
        wanted = {wanted} if isinstance(wanted, str) else set(wanted or ())
        boxed = wanted & {"bare", "bracket", "plain-expr", "text"} and "\\boxed" not in row["pred"]
        pairs.append(
            (
                Prompt(row["id"], (), row["gold"]),
                Completion.of_text(f"\\boxed{{{row['pred']}}}" if boxed else row["pred"]),
            )
        )
    verdicts = judged(pairs)
    right = sum((v.reward == 1.0) == row["expect"] for v, row in zip(verdicts, core, strict=True))
    accepted = [row["id"] for v, row in zip(verdicts, core, strict=True) if v.reward == 1.0 and not row["expect"]]
    print(f"math_equiv core: {right} of {len(core)} ({right / len(core):.4f}), wrongly accepted {accepted}")
    assert right / len(core) >= 0.90 and len(accepted) <= 1  # measured: 0.910 and none


def test_model_outputs() -> None:
    outputs = [r for r in rows("math_outputs.jsonl") if len(r.get("contested_by") or []) < 3 and not r.get("options")]
    verdicts = judged([(Prompt(r["id"], (), r["gold"]), Completion.of_text(r["output"])) for r in outputs])
    right = sum((v.reward == 1.0) == row["verdict"] for v, row in zip(verdicts, outputs, strict=True))
    print(f"math_outputs uncontested: {right} of {len(outputs)} ({right / len(outputs):.4f})")
    assert right / len(outputs) >= 0.998  # measured: 1.0
    assert not [r["id"] for v, r in zip(verdicts, outputs, strict=True) if v.reward == 1.0 and not r["verdict"]]


def test_multiple_choice_outputs() -> None:
    outputs = [r for r in rows("math_outputs.jsonl") if r.get("options") and len(r.get("contested_by") or []) < 3]
    pairs = []
    for row in outputs:
        choices = [{"label": chr(65 + i), "text": text} for i, text in enumerate(row["options"])]
        pairs.append(
            (Prompt(row["id"], (), row["gold"], "choice", {"choices": choices}), Completion.of_text(row["output"]))
        )
    verdicts = judged(pairs)
    right = sum((v.reward == 1.0) == row["verdict"] for v, row in zip(verdicts, outputs, strict=True))
    print(f"math_outputs multiple choice, uncontested: {right} of {len(outputs)} ({right / len(outputs):.4f})")
    assert right / len(outputs) >= 0.95  # measured: 0.967


def test_every_gold_answer_equals_itself() -> None:
    golds = [row["gold"] for row in rows("math_gold_types.jsonl")]
    pairs = [(Prompt("g", (), g), Completion.of_text(f"\\boxed{{{g if isinstance(g, str) else g[0]}}}")) for g in golds]
    assert {v.status for v in judged(pairs)} == {"correct"}
