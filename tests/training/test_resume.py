"""Whole runs: N iterations are k, stop, resume, N - k, bit for bit; a kill at any moment costs nothing that is kept."""

from __future__ import annotations

import json
import math
import multiprocessing
import random
import runpy
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.outcome import TrainReport
from rlvr.run import train_recipe
from rlvr.training import checkpoint as checkpoints
from tests.tiny import recipe

PLUGIN = Path(__file__).with_name("even_length.py")
CASES: dict[str, dict[str, Any]] = {
    "grpo": {},
    "running mean": {"algorithm": {"name": "reinforce", "baseline": "running_mean"}},
    "epochs and minibatches": {"train": {"epochs": 2, "minibatch": 6}},
    "linear schedule with warm-up, kl": {
        "algorithm": {"name": "grpo", "kl_coef": 0.05},
        "train": {"schedule": "linear", "warmup": 2, "weight_decay": 0.1},
    },
    "bf16": {"model": {"dtype": "bfloat16"}},
    "ppo: critic, several updates, adaptive kl to the reference": {
        "algorithm": {"name": "ppo", "kl_coef": 0.05, "kl_control": "doubling", "kl_target": 1e-4, "stop_kl": 0.5},
        "train": {"epochs": 2, "minibatch": 6},
    },
    "a2c: a critic of its own, in bf16": {
        "algorithm": {"name": "a2c", "gae_lambda": 0.9},
        "critic": {"kind": "model", "lr": 1e-3},
        "model": {"dtype": "bfloat16"},
    },
    "lora in bf16, ppo: an adapted critic of its own, kl to the policy without its adapter": {
        "lora": {"rank": 4},
        "algorithm": {"name": "ppo", "kl_coef": 0.05},
        "critic": {"kind": "model"},
        "model": {"dtype": "bfloat16"},
    },
    "ppo_penalty: adaptive kl to the old policy": {
        "algorithm": {"name": "ppo_penalty", "kl_target": 1e-3},
        "train": {"epochs": 3},
    },
    "trpo": {"algorithm": {"name": "trpo", "fisher_rows": 4, "cg_iterations": 2, "critic_updates": 2}},
}


def settings(folder: Path, name: str, **sections: Any) -> dict[str, Any]:
    data = {"train": {"name": "chain", "verifier": "even_length", "options": {"count": 12}}}
    made = recipe(folder / name, data=data, plugins=[str(PLUGIN)])
    for key, values in sections.items():
        made[key] = {**made.get(key, {}), **values} if isinstance(values, dict) else values
    return made


def run(sections: dict[str, Any], **options: Any) -> TrainReport:
    return train_recipe(load_recipe(sections), **options)


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    """A line without what a clock says."""
    clocks = ("time/", "rollout/tokens_per_second", "verifier/seconds")
    kept = {k: v for k, v in row.items() if not k.startswith(clocks)}
    if "verdict" in kept:
        kept["verdict"] = {k: v for k, v in kept["verdict"].items() if k != "seconds"}
    return kept


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found, damaged = checkpoints.latest(folder / "checkpoints")
    assert found is not None and not damaged
    saved = found.trainer_state()
    tensors = {f"algorithm {key}": torch.tensor(value) for key, value in saved["algorithm"].items()}
    for owner in ("optimizer", "critic"):
        state = saved["backend"][owner]
        if state is None:
            continue
        tensors |= {f"{owner} master {i}": m for i, m in enumerate(state["masters"])}
        for number, moments in state["adam"]["state"].items():
            tensors |= {f"{owner} {key} {number}": torch.as_tensor(value) for key, value in moments.items()}
    return {**load_file(found.model / "model.safetensors"), **tensors}


def assert_same_run(one: Path, other: Path) -> None:
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys()
    different = [name for name in a if not torch.equal(a[name], b[name])]
    assert not different
    for name in ("metrics.jsonl", "rollouts.jsonl"):
        first, second = ([comparable(row) for row in lines(folder, name)] for folder in (one, other))
        assert [r["iteration"] for r in first] == [r["iteration"] for r in second], name
        assert json.dumps(first) == json.dumps(second), name  # NaN equals NaN as text


@pytest.mark.parametrize("case", CASES)
def test_stopping_and_resuming_changes_no_bit(tmp_path: Path, case: str) -> None:
    whole = run(settings(tmp_path, "whole", **CASES[case]))
    assert whole.iterations == 4 and len(lines(whole.folder, "metrics.jsonl")) == 4
    section = {"epochs": 1, "minibatch": 16, **CASES[case].get("train", {})}
    assert whole.metrics["train/updates"] == 4 * section["epochs"] * math.ceil(16 / section["minibatch"])
    start, end = (torch.cat([t.flatten().float() for t in load_file(p / "model.safetensors").values()]) for p in (
        Path(settings(tmp_path, "x")["model"]["path"]), whole.checkpoint / "model"))  # fmt: skip
    assert not torch.equal(start, end)  # it trained
    coefficients = {row.get("policy/kl_coef") for row in lines(whole.folder, "metrics.jsonl")}
    assert len(coefficients) > 1 or "adaptive" not in case  # or there was nothing to survive
    parts = settings(tmp_path, "parts", **CASES[case])
    assert run(parts, stop_after=3).iterations == 3
    resumed = run(parts, resume=True)
    assert resumed.iterations == 4
    assert_same_run(whole.folder, resumed.folder)


def test_the_number_of_judge_workers_changes_nothing(tmp_path: Path) -> None:
    one, three = (run(settings(tmp_path, f"w{n}", judge={"workers": n}, train={"iterations": 2})) for n in (1, 3))
    assert_same_run(one.folder, three.folder)


def test_what_remains_to_be_trained_is_nothing(tmp_path: Path) -> None:
    sections = settings(tmp_path, "r", train={"iterations": 2})
    done = run(sections)
    again = run(sections, resume=True)
    assert again.iterations == 2 and again.checkpoint == done.checkpoint
    assert len(lines(done.folder, "metrics.jsonl")) == 2
    assert again.metrics["reward/mean"] == done.metrics["reward/mean"]


def test_a_kill_at_any_moment_ends_with_the_same_weights(tmp_path: Path) -> None:
    plan = {"train": {"iterations": 12, "checkpoint_every": 1}, "sampling": {"max_tokens": 4}}
    whole = run(settings(tmp_path, "whole", **plan))
    sections = settings(tmp_path, "killed", **plan)
    file = tmp_path / "killed.yaml"
    file.write_text(yaml.safe_dump(sections))
    script = tmp_path / "child.py"
    script.write_text(
        "import torch\ntorch.set_num_threads(1)  # as here: two threads sum in another order\n"
        "from rlvr.config import load_recipe\nfrom rlvr.run import train_recipe\n"
        "train_recipe(load_recipe(recipe), resume=resume)\n"
    )
    # A server that has imported everything once: its children train within a second.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["rlvr.run", "rlvr.training.loop", "transformers.models.llama.modeling_llama"])
    rng, metrics, kills = random.Random(0), tmp_path / "killed" / "metrics.jsonl", 0
    for attempt in range(5):
        resume = (tmp_path / "killed" / "recipe.yaml").is_file()
        names = {"recipe": str(file), "resume": resume}
        process = context.Process(target=runpy.run_path, args=(str(script),), kwargs={"init_globals": names})
        seen = metrics.stat().st_size if metrics.exists() else 0
        process.start()
        while process.is_alive() and attempt < 4:
            if metrics.exists() and metrics.stat().st_size > seen:  # it trains: somewhere in the next iterations
                time.sleep(rng.uniform(0, 0.1))
                process.kill()
                kills += 1
                break
            time.sleep(0.002)
        process.join(timeout=240)
    assert process.exitcode == 0
    assert kills >= 3  # or the test proved nothing
    assert_same_run(whole.folder, tmp_path / "killed")


def test_a_kill_between_checkpoint_and_metrics_loses_no_line(tmp_path: Path) -> None:
    whole = run(settings(tmp_path, "whole"))
    sections = settings(tmp_path, "parts")
    run(sections, stop_after=2)
    file = tmp_path / "parts" / "metrics.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:1]) + '{"iteration": 2, "rew')
    run(sections, resume=True)
    assert_same_run(whole.folder, tmp_path / "parts")


@pytest.mark.parametrize("damage", ["truncated", "flipped", "no manifest", "missing file"])
def test_a_damaged_checkpoint_is_skipped_and_said(tmp_path: Path, damage: str) -> None:
    whole = run(settings(tmp_path, "whole"))
    sections = settings(tmp_path, "torn")
    run(sections)
    newest = tmp_path / "torn" / "checkpoints" / "iteration_000004"
    file = newest / "trainer.pt"
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "flipped":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "no manifest":
        (newest / "manifest.json").unlink()
    else:
        (newest / "model" / "config.json").unlink()
    report = run(sections, resume=True)
    assert any("iteration_000004 is damaged" in text for text in report.events)
    events = lines(tmp_path / "torn", "events.jsonl")
    assert [e["event"] for e in events] == ["checkpoint_damaged", "resumed"]
    assert "after iteration 2" in events[1]["text"]
    assert_same_run(whole.folder, tmp_path / "torn")


def test_a_changed_recipe_is_refused_with_the_difference(tmp_path: Path) -> None:
    run(settings(tmp_path, "r"), stop_after=1)
    with pytest.raises(UserError, match=r"another recipe(?s:.*)train\.lr: 0\.001 -> 0\.002") as caught:
        run(settings(tmp_path, "r", train={"lr": 2e-3}), resume=True)
    assert "iterations" not in str(caught.value)  # the difference and nothing else
    # Where a value was written does not matter.
    resolved = load_recipe(settings(tmp_path, "r"), ["train.lr=0.001"])
    assert train_recipe(resolved, resume=True).iterations == 4


def test_an_existing_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    sections = settings(tmp_path, "r", train={"iterations": 1})
    done = run(sections)
    before = (done.folder / "metrics.jsonl").read_bytes()
    with pytest.raises(UserError, match=r"exists already\. Continue it with --resume"):
        run(sections)
    assert (done.folder / "metrics.jsonl").read_bytes() == before
    with pytest.raises(UserError, match="nothing to resume"):
        run(settings(tmp_path, "never"), resume=True)


def test_resuming_before_the_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    whole = run(settings(tmp_path, "whole"))
    sections = settings(tmp_path, "early")
    run(sections, stop_after=1)
    for path in (tmp_path / "early" / "checkpoints").iterdir():
        (path / "manifest.json").unlink()
    run(sections, resume=True)
    assert_same_run(whole.folder, tmp_path / "early")


def test_old_checkpoints_are_removed_and_a_checkpoint_is_a_plain_model(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    done = run(settings(tmp_path, "r", train={"checkpoint_every": 1, "keep_checkpoints": 2, "iterations": 3}))
    names = sorted(p.name for p in (done.folder / "checkpoints").iterdir())
    assert names == ["iteration_000002", "iteration_000003"]
    model = AutoModelForCausalLM.from_pretrained(done.checkpoint / "model")
    assert sum(p.numel() for p in model.parameters()) > 0
    assert AutoTokenizer.from_pretrained(done.checkpoint / "model").chat_template


def test_a_resumed_run_knows_its_best(tmp_path: Path) -> None:
    data = {
        "train": {"name": "chain", "verifier": "even_length", "options": {"count": 12}},
        "eval": [{"name": "chain", "verifier": "even_length", "limit": 4, "label": "c", "samples": 2}],
    }
    plan = {"eval_every": 1, "keep_best": "eval/c/accuracy", "checkpoint_every": 1, "iterations": 3}
    sections = settings(tmp_path, "r", data=data, train=plan, sampling={"max_tokens": 4})
    sections["data"]["eval"][0]["sampling"] = {"max_tokens": 4}
    first = run(sections, stop_after=2)
    state = checkpoints.Checkpoint(first.checkpoint, 2).trainer_state()
    assert state["best"] == max(first.evals[i]["eval/c/accuracy"] for i in (1, 2))
    last = run(sections, resume=True)
    best = max(range(1, 4), key=lambda i: last.evals[i]["eval/c/accuracy"])
    manifest = json.loads((last.folder / "checkpoints" / "best" / "manifest.json").read_text())
    assert manifest["iteration"] == best
