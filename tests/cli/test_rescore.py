"""`rlvr score RUN`: a run's completions judged again, and the verdicts that flipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr.config import load_recipe
from rlvr.run import train_recipe
from tests.tiny import recipe

from .conftest import Rlvr

PLUGIN = Path(__file__).parents[1] / "training" / "even_length.py"


CHOICES = [{"label": "A", "text": "ice"}, {"label": "B", "text": "rain"}]


def record(
    suite: str,
    problem: str,
    text: str,
    answer: Any,
    verifier: str,
    options: dict[str, Any] | None = None,
    meta: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """An evaluation's line whose verdict was "wrong"."""
    return {
        "iteration": 0, "suite": suite, "prompt_id": problem, "sample": 0, "answer": answer, "text": text, "spans": [],
        "messages": [{"role": "user", "content": "?"}], "meta": meta or {}, "finish_reason": "stop",
        "verifier": [{"name": verifier, "weight": 1.0, "options": options or {}}],
        "verdict": {"reward": 0.0, "status": "wrong"},
    }  # fmt: skip


def write(folder: Path, *rows: dict[str, Any]) -> None:
    folder.mkdir()
    (folder / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = {"train": {"name": "chain", "verifier": "even_length", "options": {"count": 8}}}
    train = {"iterations": 1, "prompts_per_iteration": 4, "checkpoint_every": 0}
    made = recipe(tmp_path_factory.mktemp("rescore") / "run", data=data, plugins=[str(PLUGIN)], train=train)
    return train_recipe(load_recipe(made)).folder


def test_another_verifier_flips_verdicts_and_lists_them(run: Path, rlvr: Rlvr, tmp_path: Path) -> None:
    done = rlvr("score", run, "--verifier", "math", "--json", "--out", tmp_path / "again.jsonl")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    was = [json.loads(line)["verdict"] for line in (run / "rollouts.jsonl").open()]
    again = [json.loads(line) for line in (tmp_path / "again.jsonl").open()]
    assert [row["was"] for row in again] == was and found["rows"] == 16
    flipped = sum(a["was"]["reward"] != a["verdict"]["reward"] for a in again)
    assert found["flipped"] == flipped > 0 and len(found["flips"]) == flipped
    assert all(change.startswith("correct -> ") for change in found["changes"])  # an untrained model solves nothing


def test_the_same_verifier_flips_nothing(run: Path, rlvr: Rlvr) -> None:
    done = rlvr("score", run, "--plugin", PLUGIN)
    assert done.returncode == 0, done.stderr
    assert "judged again by" in done.stdout and "even_length" in done.stdout
    assert [line.split() for line in done.stdout.splitlines() if "flipped" in line] == [["flipped", "0"]]


def test_a_record_of_an_evaluation_is_judged_again_too(rlvr: Rlvr, tmp_path: Path) -> None:
    write(tmp_path / "eval", record("s", "a", "\\boxed{2}", "2", "math"))
    found = json.loads(rlvr("score", tmp_path / "eval", "--json").stdout)
    assert found["changes"] == {"wrong -> correct": 1} and found["flips"][0]["id"] == "s/a/0"
    means = {"reward_mean_before": 0.0, "reward_mean_after": 1.0}
    assert found["suites"] == {"s": {"both_judged": 1, "flipped": 1, **means}}


TWO = {"instruction_id_list": ["punctuation:no_comma", "startend:quotation"], "kwargs": [{}, {}]}


def test_each_row_is_judged_by_the_verifier_that_its_own_record_names(rlvr: Rlvr, tmp_path: Path) -> None:
    folder, out = tmp_path / "eval", tmp_path / "again.jsonl"
    write(
        folder,
        record("gsm8k", "a", "\\boxed{2}", "2", "math"),
        record("mine", "b", "so 3", "2", "math"),
        record("arc_easy", "c", "The answer is \\boxed{B}", "B", "choice", meta={"choices": CHOICES}),
        record("ifeval", "d", 'Sure:\n"rain falls"', TWO, "instructions", {"also_loose": True}),
        record("other", "e", "rain falls", TWO, "instructions", {"reward": "fraction"}),
    )
    done = rlvr("score", folder, "--json", "--out", out)
    assert done.returncode == 0, done.stderr
    found, rows = json.loads(done.stdout), [json.loads(line) for line in out.open()]
    assert [row["verdict"]["reward"] for row in rows] == [1.0, 0.0, 1.0, 0.0, 0.5]
    assert [row["verifier"][0]["name"] for row in rows] == ["math", "math", "choice", "instructions", "instructions"]
    assert found["verifier"] == "math, choice, instructions" and found["flipped"] == 3
    flipped = {"gsm8k": 1, "mine": 0, "arc_easy": 1, "ifeval": 0, "other": 1}
    assert {name: suite["flipped"] for name, suite in found["suites"].items()} == flipped
    loose = {"prompt_strict": 0.0, "prompt_loose": 1.0, "instruction_strict": 0.5, "instruction_loose": 1.0}
    assert found["suites"]["ifeval"]["scores_after"] == loose
    assert "scores_after" not in found["suites"]["other"]

    one = rlvr("score", folder, "--verifier", "math", "--json", "--out", out)
    assert one.returncode == 0 and json.loads(one.stdout)["verifier"] == "math"
    assert {json.loads(line)["verifier"][0]["name"] for line in out.open()} == {"math"}
    several = rlvr("score", folder, "--option", "loose=true")
    assert several.returncode == 2 and "name several verifiers" in several.stderr


def test_a_record_that_names_no_verifier_is_a_mistake(rlvr: Rlvr, tmp_path: Path) -> None:
    row = record("s", "a", "2", "2", "math")
    write(tmp_path / "eval", {**row, "verifier": None})
    done = rlvr("score", tmp_path / "eval")
    assert done.returncode == 2 and "names no verifier" in " ".join(done.stderr.split())
    assert "--verifier NAME" in done.stderr


def test_a_folder_without_completions_is_a_mistake(rlvr: Rlvr, tmp_path: Path) -> None:
    done = rlvr("score", tmp_path, "--verifier", "math")
    assert done.returncode == 2 and "holds no completions" in done.stderr and "Traceback" not in done.stderr
