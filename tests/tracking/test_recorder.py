"""What a run reports through: warnings are written, trackers fail without ending a run, hostile lines stay lines."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlvr import registry
from rlvr.records import read_lines
from rlvr.schema import TrackingSection
from rlvr.tracking.jsonl import JsonlTracker
from rlvr.tracking.recorder import Recorder
from tests.report.hostile import HOSTILE

ROOT = Path(__file__).resolve().parents[2]


def recorder(folder: Path, *trackers: str) -> Recorder:
    section = TrackingSection.model_validate({"display": "none", "trackers": list(trackers)})
    return Recorder(folder, section, 5, "training", {"run": "x"})


def test_a_warning_is_written_as_an_event(tmp_path: Path) -> None:
    made = recorder(tmp_path)
    for iteration in range(1, 5):
        made.metrics(iteration, {"verifier/error_rate": 0.5})
    made.close()
    (event,) = read_lines(tmp_path / "events.jsonl")
    assert event["event"] == "warning" and event["rule"] == "verifier_errors" and event["iteration"] == 3


def test_the_time_of_recording_is_in_the_next_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # it moves by one whenever it is read: each part takes one second
    monkeypatch.setattr("rlvr.tracking.recorder.time", SimpleNamespace(perf_counter=lambda: float(next(clock))))
    made = recorder(tmp_path)
    for _ in range(3):
        made.rollouts([{"iteration": 1, "text": "x"}])
    made.metrics(1, {"x": 1.0})
    made.metrics(2, {"x": 1.0})
    made.close()
    assert [row["time/recording"] for row in read_lines(tmp_path / "metrics.jsonl")] == [3.0, 1.0]


class Broken:
    """A tracker whose service goes down at the second iteration."""

    def __init__(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        self.calls = 0

    def metrics(self, iteration: int, values: Mapping[str, float]) -> None:
        self.calls += 1
        if self.calls > 1:
            raise ConnectionError("gone")

    def close(self) -> None:
        raise ConnectionError("still gone")


def test_a_tracker_that_fails_is_named_once_and_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "get", lambda kind, name: Broken)
    made = recorder(tmp_path, "wandb")
    for iteration in range(1, 5):
        made.metrics(iteration, {"x": 1.0})
    made.close()
    assert len(made.events) == 1 and "wandb failed at iteration 2 and was dropped" in made.events[0]
    assert len(read_lines(tmp_path / "metrics.jsonl")) == 4


def test_a_tracker_that_is_not_installed_is_said_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)  # the way to make an import fail
    made = recorder(tmp_path, "wandb")
    made.metrics(1, {"x": 1.0})
    made.close()
    assert "pip install 'rlvr[wandb]'" in made.events[0]


def test_tensorboard_gets_every_metric(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    made = recorder(tmp_path, "tensorboard")
    for iteration in (1, 2):
        made.metrics(iteration, {"reward/mean": iteration / 4, "train/loss": float("nan")})
    made.close()
    assert not made.events
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    assert [(e.step, e.value) for e in read.Scalars("reward/mean")] == [(1, 0.25), (2, 0.5)]


def test_weights_and_biases_works_offline_and_asks_nothing(tmp_path: Path) -> None:
    """In a process of its own, with a terminal's stdin closed: a login prompt would fail it."""
    pytest.importorskip("wandb", reason="the extra wandb is not installed")
    program = (
        "from pathlib import Path\nfrom tests.tracking.test_recorder import recorder\n"
        f"made = recorder(Path({str(tmp_path)!r}), 'wandb')\n"
        "made.metrics(1, {'reward/mean': 0.5, 'train/loss': float('nan')})\nmade.close()\n"
        "assert not made.events, made.events\n"
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WANDB")}
    environment = {**kept, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "WANDB_ERROR_REPORTING": "false"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))


def test_hostile_completions_are_one_line_each_and_come_back_as_they_were(tmp_path: Path) -> None:
    tracker = JsonlTracker(tmp_path)
    texts = [*HOSTILE.values(), "half \ud83d of a pair"]
    tracker.rollouts([{"iteration": 1, "text": text} for text in texts])
    tracker.close()
    raw = (tmp_path / "rollouts.jsonl").read_bytes()
    assert raw.count(b"\n") == len(texts) and tracker.failed == 0
    assert [row["text"] for row in read_lines(tmp_path / "rollouts.jsonl")] == texts
    assert [json.loads(line)["text"] for line in raw.split(b"\n")[:-1]] == texts
