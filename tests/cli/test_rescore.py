"""`rlvr score RUN`: a run's completions judged again, and the verdicts that flipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr.config import load_recipe
from rlvr.run import train_recipe
from tests.tiny import recipe

from .conftest import Rlvr

PLUGIN = Path(__file__).parents[1] / "training" / "even_length.py"


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
    row = {
        "iteration": 0,
        "suite": "s",
        "prompt_id": "a",
        "sample": 0,
        "answer": "2",
        "text": "\\boxed{2}",
        "spans": [],
    }
    row |= {"messages": [{"role": "user", "content": "1+1?"}], "meta": {}, "finish_reason": "stop"}
    row |= {"verifier": [{"name": "math", "weight": 1.0, "options": {}}]}
    row |= {"verdict": {"reward": 0.0, "status": "wrong"}}
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "records.jsonl").write_text(json.dumps(row) + "\n")
    found = json.loads(rlvr("score", tmp_path / "eval", "--json").stdout)
    assert found["changes"] == {"wrong -> correct": 1} and found["flips"][0]["id"] == "s/a/0"
    assert found["suites"] == {"s": {"both_judged": 1, "reward_mean_before": 0.0, "reward_mean_after": 1.0}}


def test_a_folder_without_completions_is_a_mistake(rlvr: Rlvr, tmp_path: Path) -> None:
    done = rlvr("score", tmp_path, "--verifier", "math")
    assert done.returncode == 2 and "holds no completions" in done.stderr and "Traceback" not in done.stderr
