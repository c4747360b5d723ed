"""The run's files: appended, truncated on resume, and lost lines counted where the disk is full."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

from rlvr.records import read_lines
from rlvr.tracking.jsonl import JsonlTracker

ROOT = Path(__file__).resolve().parents[2]


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lines_are_on_disk_at_once_and_hold_any_text(tmp_path: Path) -> None:
    tracker = JsonlTracker(tmp_path)
    tracker.metrics(1, {"train/loss": float("nan")})
    tracker.rollouts([{"iteration": 1, "text": "é\n\u2028\x00🙂"}])
    tracker.event("resumed", iteration=1)
    assert rows(tmp_path / "metrics.jsonl")[0]["iteration"] == 1
    assert (tmp_path / "rollouts.jsonl").read_text().count("\n") == 1
    assert json.loads((tmp_path / "rollouts.jsonl").read_text())["text"] == "é\n\u2028\x00🙂"
    assert rows(tmp_path / "events.jsonl")[0]["event"] == "resumed"
    tracker.close()
    assert tracker.failed == 0


def test_truncate_keeps_what_came_before_and_drops_torn_lines(tmp_path: Path) -> None:
    tracker = JsonlTracker(tmp_path)
    assert tracker.truncate(3) == -1  # nothing was written yet
    for iteration in (1, 2, 3):
        tracker.metrics(iteration, {"x": 1.0})
        tracker.rollouts([{"iteration": iteration}] * 2)
    tracker.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"iteration": 1, "x"')
    with (tmp_path / "rollouts.jsonl").open("ab") as torn:
        torn.write('{"iteration":1,"text":"日'.encode()[:-1])  # killed in the middle of a letter
    assert tracker.truncate(2) == 2
    assert [r["iteration"] for r in rows(tmp_path / "metrics.jsonl")] == [1, 2]
    assert [r["iteration"] for r in rows(tmp_path / "rollouts.jsonl")] == [1, 1, 2, 2]
    assert tracker.truncate(0) == -1
    assert not rows(tmp_path / "metrics.jsonl")


def test_a_full_disk_costs_lines_that_are_counted_and_nothing_that_was_written(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the kernel refuses the write either way."""
    program = f"""
import resource, sys
from pathlib import Path
from rlvr.tracking.jsonl import JsonlTracker
tracker = JsonlTracker(Path({str(tmp_path)!r}))
tracker.metrics(1, {{"x": 1.0}})
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
for i in range(2, 12):
    tracker.metrics(i, {{"x": 1.0}})
print(tracker.failed)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for i in (12, 13):
    tracker.metrics(i, {{"x": 1.0}})
tracker.close()
"""
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (failed := int(done.stdout)) >= 5
    # What was refused is lost and not kept in memory; what is written once there is room begins a line of its own.
    kept = [row["iteration"] for row in read_lines(tmp_path / "metrics.jsonl")]
    assert kept == [*range(1, 12 - failed), 12, 13]
