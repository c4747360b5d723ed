"""One rank and two, ZeRO 0 to 3: the same losses, gradients and weights from the same rollouts, for every algorithm."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlvr.errors import UserError
from rlvr.registry import REGISTRIES, get
from rlvr.schema import LaunchSection
from rlvr.training.ranks import Ranks, joined, placed_by

pytest.importorskip("deepspeed", reason="the extra deepspeed is not installed")

WORKER = Path(__file__).with_name("ranks_worker.py")
ROOT = WORKER.parents[2]
STAGES = (0, 1, 2, 3)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {
        **os.environ, "DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT),
        "PATH": os.pathsep.join(folders),
    }  # fmt: skip


def run(command: list[str], seconds: float = 900) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environment(), cwd=ROOT)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of one rank with the plain backend, and of two under DeepSpeed's launcher with every stage."""
    folder = tmp_path_factory.mktemp("ranks")
    one, two = folder / "one.json", folder / "two.json"
    run([sys.executable, str(WORKER), str(one), "0"])
    launcher = [sys.executable, "-m", "deepspeed.launcher.runner", "--no_local_rank", "--num_gpus", "2"]
    run([*launcher, "--master_port", str(free_port()), str(WORKER), str(two), *map(str, STAGES)])
    return json.loads(one.read_text()), json.loads(two.read_text())


def cases() -> list[Any]:
    for_all = [name for name in REGISTRIES["algorithm"].names() if get("algorithm", name).step_kind != "natural"]
    return [pytest.param(stage, name, id=f"ZeRO {stage} {name}") for stage in STAGES for name in for_all]


@pytest.mark.parametrize("stage, name", [*cases(), pytest.param(0, "trpo", id="ZeRO 0 trpo")])
def test_two_ranks_do_what_one_does(results: Any, stage: int, name: str) -> None:
    one, two = results
    settings = [key.partition(" ")[2] for key in one if key.startswith(f"0 {name} ")]
    assert settings
    for key in settings:
        if stage == 1 and "lora" in key:
            continue
        expected, found = one[f"0 {key}"], two[f"{stage} {key}"]
        assert len(expected["updates"]) == len(found["updates"]) > 0
        for before, after in zip(expected["updates"], found["updates"], strict=True):
            assert before["train/empty_updates"] == 0 and before["train/grad_norm"] > 1e-3
            assert set(before) == set(after)
            for metric in before:
                if metric.endswith("clip_rate"):  # counts what lies on one side of a bound: rounding may decide
                    continue
                assert after[metric] == pytest.approx(before[metric], rel=1e-5, abs=1e-6), metric
        assert found["state"] == pytest.approx(expected["state"])
        assert found["weights"] == pytest.approx(expected["weights"], abs=1e-6)


@pytest.mark.parametrize("stage", [0, 2, 3])
def test_adapters_of_policy_and_critic_go_on_from_a_checkpoint_with_the_same_bits(results: Any, stage: int) -> None:
    """Whose `model/` plain transformers loads: the merged weights."""
    one, two = results
    (key,) = [key for key in two if key.startswith(f"{stage} ") and "lora" in key and "trunk" in key]
    assert two[key]["differs"] == [] and one[key.replace(str(stage), "0", 1)]["differs"] == []


def test_models_that_are_loaded_in_parts_are_those_that_transformers_loads(results: Any) -> None:
    assert results[1]["loaded otherwise"] == []


def test_ranks_had_to_keep_step(results: Any) -> None:
    """One of two ranks had nothing left to compute at times: else the tests above would not try it."""
    assert results[1]["spares"] > 10


def test_recipes_are_checked_on_all_ranks(results: Any) -> None:
    first, second = results[1]["checks"]
    assert first == second and all(check["failures"] == [] for check in first.values())
    figures = [first[f"mismatch {stage}"]["figures"] for stage in (1, 2, 3)]
    assert [f["tokens"] for f in figures] == [1 * 4 * 8, 3 * 4 * 8, 3 * 4 * 8]
    assert all(0 < f["mismatch/logprob_mean"] < 1e-5 for f in figures)
    assert first["resume"]["figures"]["different lines of rollouts.jsonl"] == "0 of 32"


@pytest.mark.parametrize("count, ranks", [(10, 4), (3, 4), (8, 2), (0, 3), (7, 1)])
def test_shares_are_neighbours_and_even(count: int, ranks: int) -> None:
    shares = [Ranks(rank, ranks).share(range(count)) for rank in range(ranks)]
    assert [item for share in shares for item in share] == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_port_that_is_in_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        placed = {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "MASTER_ADDR": "127.0.0.1"}
        for name, value in {**placed, "MASTER_PORT": taken.getsockname()[1]}.items():
            monkeypatch.setenv(name, str(value))
        with pytest.raises(UserError, match=r"port \d+ of 127.0.0.1: it is in use.* launch.port="):
            joined(LaunchSection(), zero=False).__enter__()


LOSES = """
import os, signal
from rlvr.cli import _answering
from rlvr.schema import LaunchSection
from rlvr.training.ranks import joined

def work():
    with joined(LaunchSection(timeout=60), zero=False) as ranks:
        ranks.wait()
        if ranks.first:
            ranks.wait()
        os.kill(os.getpid(), signal.SIGKILL)

_answering(work)()
"""


def test_a_rank_whose_sibling_is_killed_ends_in_one_paragraph() -> None:
    """Under a launcher that leaves it alone; DeepSpeed's ends it."""
    placed = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    both = [
        subprocess.Popen([sys.executable, "-c", LOSES], stderr=subprocess.PIPE, text=True, cwd=ROOT,
                         env={**environment(), **placed, "RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in (0, 1)
    ]  # fmt: skip
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [1, -9], said
    assert "Traceback" not in said[0] and said[0].count("rlvr: the other ranks are gone") == 1
    assert "pair.cc" not in said[0] and "GLHF" not in said[0]


def test_launchers_say_who_is_who() -> None:
    assert placed_by({}) == Ranks()
    assert placed_by({"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "3"}) == Ranks(3, 8, 3)
    assert placed_by({"SLURM_PROCID": "5", "SLURM_NTASKS": "16", "SLURM_LOCALID": "1"}) == Ranks(5, 16, 1)
    assert placed_by({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}) == Ranks()
