"""Whole runs on two ranks under DeepSpeed's launcher: the same as on one, through a kill, a SIGTERM and resumptions."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from rlvr.checks.replay import outcome, replay
from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.launch import refuse_abandoned_compilations
from rlvr.run import train_recipe
from tests.tiny import checkpoint, recipe

pytest.importorskip("deepspeed", reason="the extra deepspeed is not installed")
psutil = pytest.importorskip("psutil")

PLUGIN = Path(__file__).parent / "training" / "even_length.py"
ITERATIONS = 8
#: So small a model would otherwise never be divided.
DIVIDE_ALL = {"zero_optimization": {"stage3_param_persistence_threshold": 0, "stage3_prefetch_bucket_size": 0}}


def settings(folder: Path, name: str, stage: int | None) -> dict[str, Any]:
    backend: dict[str, Any] = {"name": "local"}
    if stage is not None:
        config = folder / "deepspeed.json"
        config.write_text(json.dumps(DIVIDE_ALL))
        backend = {"name": "deepspeed", "zero_stage": stage, "config": str(config)}
    data = {
        "train": {"name": "chain", "verifier": "even_length", "options": {"count": 12}},
        "eval": [{"name": "chain", "verifier": "even_length", "label": "held", "limit": 6, "samples": 2,
                  "sampling": {"max_tokens": 8}, "options": {"count": 6}}],
        "difficulty_filter": {"solved_after": 1, "failed_after": 1, "revisit_after": 2},
    }  # fmt: skip
    made = recipe(folder / name, data=data, plugins=[str(PLUGIN)], backend=backend)
    made["model"] = {"path": str(checkpoint(scale=3.0))}
    made["algorithm"] = {"name": "grpo", "kl_coef": 0.01}
    made["train"] |= {"iterations": ITERATIONS, "epochs": 2, "minibatch": 8, "checkpoint_every": 1, "eval_every": 4}
    made["train"]["keep_checkpoints"] = 2
    return made


def start(folder: Path, made: dict[str, Any], *words: str) -> subprocess.Popen[str]:
    file = folder / f"{Path(made['run']).name}.yaml"
    file.write_text(yaml.safe_dump(made))
    command = [sys.executable, "-m", "rlvr", "train", str(file), "launch.devices=2", "launch.timeout=300", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def finish(process: subprocess.Popen[str], seconds: float = 600) -> tuple[int, str]:
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        raise
    return process.returncode, said


def rows(run: str | Path) -> list[dict[str, Any]]:
    file = Path(run) / "metrics.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def wait_for_rows(process: subprocess.Popen[str], run: str, count: int) -> None:
    deadline = time.monotonic() + 600
    while len(rows(run)) < count:
        assert process.poll() is None, finish(process)[1][-4000:]
        assert time.monotonic() < deadline, "no iteration within ten minutes"
        time.sleep(0.05)


def ranks_of(process: subprocess.Popen[str]) -> list[Any]:
    """What DeepSpeed's launcher started, and neither its own two processes nor what a rank started."""
    children = psutil.Process(process.pid).children(recursive=True)
    launcher = [c.pid for c in children if "deepspeed.launcher.launch" in c.cmdline()]
    return [c for c in children if c.ppid() in launcher]


def weights(run: str | Path) -> dict[str, torch.Tensor]:
    return load_file(Path(run) / "checkpoints" / f"iteration_{ITERATIONS:06d}" / "model" / "model.safetensors")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("launch")
    made = settings(folder, "whole", stage=3)
    code, said = finish(start(folder, made))
    assert code == 0, said[-4000:]
    return folder, made


def test_two_ranks_train_as_one_does(uninterrupted: Any) -> None:
    folder, made = uninterrupted
    alone = settings(folder, "alone", stage=None)
    train_recipe(load_recipe(alone))
    one, two = rows(alone["run"]), rows(made["run"])
    assert [row["iteration"] for row in two] == list(range(1, ITERATIONS + 1))
    for name in ("train/loss", "train/grad_norm", "reward/mean", "policy/kl", "tokens/completion_mean"):
        assert [row[name] for row in two] == pytest.approx([row[name] for row in one], rel=1e-4, abs=1e-6), name
    assert two[3]["eval/held/accuracy"] == one[3]["eval/held/accuracy"]
    assert max(abs(row["train/loss"]) for row in two) > 1e-3  # else there was nothing to compare

    def sampled(run: str) -> list[tuple[Any, ...]]:
        lines = (json.loads(line) for line in (Path(run) / "rollouts.jsonl").read_text().splitlines())
        return [(r["iteration"], r["prompt_id"], r["sample"], r["text"], r["verdict"]["reward"]) for r in lines]

    assert sampled(made["run"]) == sampled(alone["run"])  # the same completions, in the same order
    assert any(row["data/left_out"] for row in two)  # though outcomes, which each rank has a part of, decide on prompts
    assert outcome(replay(Path(made["run"]))).failures == ()  # what all ranks recorded is what was trained on
    assert {file.name for file in Path(made["run"]).iterdir()} >= {"recipe.yaml", "summary.json", "metrics.jsonl"}


def moved_to_one_rank(folder: Path, stopped: dict[str, Any], made: dict[str, Any]) -> None:
    """A copy of the stopped run goes on alone, with the losses of the uninterrupted one."""
    fewer = stopped | {"run": str(folder / "fewer")}
    shutil.copytree(stopped["run"], fewer["run"])
    told = Path(fewer["run"]) / "recipe.yaml"
    told.write_text(told.read_text().replace(stopped["run"], fewer["run"]))
    file = folder / "fewer.yaml"
    file.write_text(yaml.safe_dump(fewer))
    command = [sys.executable, "-m", "rlvr", "train", str(file), "--resume"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    for name in ("train/loss", "train/grad_norm"):
        expected = [row[name] for row in rows(made["run"])]
        assert [row[name] for row in rows(fewer["run"])] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_a_kill_and_a_sigterm_cost_nothing_that_is_kept(uninterrupted: Any) -> None:
    folder, made = uninterrupted
    broken = settings(folder, "broken", stage=3)
    process = start(folder, broken)
    wait_for_rows(process, broken["run"], 2)
    ranks_of(process)[1].send_signal(signal.SIGKILL)
    began = time.monotonic()
    code, said = finish(process, seconds=180)
    assert code not in (0, None) and time.monotonic() - began < 180
    assert "exits with return code = -9" in said and "Traceback" not in said

    process = start(folder, broken, "--resume")
    wait_for_rows(process, broken["run"], 5)
    process.send_signal(signal.SIGTERM)
    code, said = finish(process)
    assert code == 0, said[-4000:]
    reached = len(rows(broken["run"]))
    assert reached < ITERATIONS, "it was over before it was told to end; give it more iterations"
    assert f"SIGTERM: stopped after iteration {reached}; --resume" in (Path(broken["run"]) / "events.jsonl").read_text()
    moved_to_one_rank(folder, broken, made)

    code, said = finish(start(folder, broken, "--resume"))
    assert code == 0, said[-4000:]
    ours, theirs = weights(broken["run"]), weights(made["run"])
    assert set(ours) == set(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    kept = [{k: v for k, v in row.items() if k in ("train/loss", "train/grad_norm")} for row in rows(broken["run"])]
    assert kept == [{k: row[k] for k in kept[0]} for row in rows(made["run"])]


def test_zero_3_with_vllm_on_each_rank_learns(tmp_path: Path) -> None:
    pytest.importorskip("vllm", reason="the extra vllm is not installed")
    made = settings(tmp_path, "vllm", stage=3)
    plugin = PLUGIN.with_name("even_characters.py")
    made |= {"plugins": [str(plugin)], "engine": {"name": "vllm"}, "model": {"path": str(checkpoint())}}
    made["data"] = {"train": {"name": "chain", "verifier": "even_characters", "options": {"count": 32}}}
    made["sampling"] = {"group_size": 8, "max_tokens": 8}
    made["algorithm"] = {"name": "grpo"}
    made["train"] = {"iterations": 10, "prompts_per_iteration": 8, "lr": 4e-3}
    code, said = finish(start(tmp_path, made), seconds=900)
    assert code == 0, said[-4000:]
    rewards = [row["reward/mean"] for row in rows(made["run"])]
    assert sum(rewards[-3:]) / 3 > sum(rewards[:2]) / 2 + 0.1, rewards
    assert max(row["mismatch/logprob_mean"] for row in rows(made["run"])) < 1e-5  # never sampled from old weights


def test_a_compilation_that_was_killed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    (tmp_path / "cpu_adam").mkdir()
    refuse_abandoned_compilations()
    lock = tmp_path / "cpu_adam" / "lock"
    code = f"from torch.utils.file_baton import FileBaton\nassert FileBaton({str(lock)!r}).try_acquire()\n"
    with subprocess.Popen([sys.executable, "-c", code + "print('held', flush=True)\ninput()"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as compiling:  # fmt: skip
        assert compiling.stdout is not None and compiling.stdout.readline() == "held\n"
        refuse_abandoned_compilations()  # somebody compiles: the ranks wait for that
        compiling.kill()
    with pytest.raises(UserError, match=r"was killed and left .*/cpu_adam/lock, on which this run would wait"):
        refuse_abandoned_compilations()
    lock.unlink()
    refuse_abandoned_compilations()


def test_mistakes_of_launching_are_said_once(tmp_path: Path) -> None:
    made = settings(tmp_path, "mistaken", stage=1)
    with pytest.raises(UserError, match="the backend local trains on one"):
        load_recipe(made, ["backend.name=local", "launch.devices=2"])
    (tmp_path / "file").write_text("")  # which only the ranks find out, each of them
    code, said = finish(start(tmp_path, made, f"run={tmp_path / 'file' / 'run'}"))
    assert code == 2 and said.count("cannot be written") == 1 and "Traceback" not in said, said
