"""`rlvr train`, `rollout` and `eval` as a person types them, on a tiny checkpoint."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr.training.tiny import save_tiny

RECIPE = """
model: {model}
data:
  train: {{name: chain, options: {{count: 40}}}}
  eval: [{{name: chain, limit: 6, sampling: {{max_tokens: 8}}}}]
sampling: {{group_size: 2, max_tokens: 8}}
algorithm: {{name: reinforce, baseline: batch_mean}}
train: {{iterations: 3, prompts_per_iteration: 4, lr: 1e-4, eval_at_start: true, eval_every: 3, checkpoint_every: 2}}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny") / "model", seed=0, width=64)


def rlvr(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rlvr", *words], cwd=folder, capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def folder(tmp_path: Path, model: Path) -> Path:
    (tmp_path / "mine.yaml").write_text(RECIPE.format(model=model))
    return tmp_path


def test_train_stop_resume_and_evaluate_the_run(folder: Path) -> None:
    first = rlvr(folder, "train", "mine.yaml", "--stop-after", "2")
    assert first.returncode == 0, first.stderr
    assert "iteration=2/3" in first.stdout and "runs/mine" in first.stdout
    again = rlvr(folder, "train", "mine.yaml")
    assert again.returncode == 2 and "--resume" in again.stderr and "Traceback" not in again.stderr
    done = rlvr(folder, "train", "mine.yaml", "--resume", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["iterations"] == 3
    rows = [json.loads(line) for line in (folder / "runs/mine/metrics.jsonl").open()]
    assert [row["iteration"] for row in rows] == [0, 1, 2, 3]

    # The evaluation of the checkpoint is the run's own: the same code, noise and numbers.
    evaluated = rlvr(folder, "eval", "runs/mine", "--suite", "chain", "--limit", "6", "sampling.max_tokens=8", "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    result = json.loads(evaluated.stdout)["results"][0]
    assert result["accuracy"] == report["evals"]["3"]["eval/chain/accuracy"]
    assert result["mean_tokens"] == report["evals"]["3"]["eval/chain/tokens_mean"]
    (record,) = (folder / "runs/eval").rglob("records.jsonl")
    assert len(record.read_text().splitlines()) == 6


def test_the_table_of_an_evaluation_has_an_interval(folder: Path, model: Path) -> None:
    done = rlvr(folder, "eval", str(model), "--suite", "chain", "--limit", "4", "sampling.max_tokens=4")
    assert done.returncode == 0, done.stderr
    assert "95 % interval" in done.stdout and "hit max_tokens" in done.stdout
    assert re.search(r"chain +4 +1 +\d+\.\d %", done.stdout)  # in a pipe of 80 columns, nothing is cut


def test_rollout_shows_completions_and_trains_nothing(folder: Path) -> None:
    done = rlvr(folder, "rollout", "mine.yaml", "-n", "2", "--json")
    assert done.returncode == 0, done.stderr
    groups = json.loads(done.stdout)
    assert [len(group["completions"]) for group in groups] == [2, 2]
    assert not (folder / "runs").exists()
    assert "reward" in rlvr(folder, "rollout", "mine.yaml", "-n", "1").stdout


def test_dry_run_prints_the_plan(folder: Path) -> None:
    done = rlvr(folder, "train", "mine.yaml", "train.epochs=2", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert re.search(r"updates an iteration +2, 6 in all", done.stdout)
    assert "epochs: 2  # command line" in done.stdout
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "mien.yaml"], "no recipe at 'mien.yaml'"),
        (["train", "mine.yaml", "train.lrr=1"], "did you mean 'lr'"),
        (["train", "mine.yaml", "algorithm=grpo", "sampling.group_size=1"], "at least 2 for grpo"),
        (["train", "mine.yaml", "model.path=./nowhere"], "config.json"),
        (["train", "mine.yaml", "--resume"], "nothing to resume"),
        (["eval", "./nowhere", "--suite", "chain"], "no such folder"),
        (["eval", "./nowhere", "--suite", "gsmk8"], "did you mean 'gsm8k'"),
    ],
)
def test_mistakes_get_one_paragraph_and_exit_code_2(folder: Path, words: list[str], says: str) -> None:
    done = rlvr(folder, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((folder / "runs").glob("*"))  # the name is free for the next try
