"""The benchmark for GPUs: tried at a tiny shape, since no GPU is here; without one it says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tests" / "bench" / "gpu.py"), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def test_its_code_runs() -> None:
    done = bench("--dry-run")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout[done.stdout.index("{") :])  # libraries may say something first
    assert "no measurement" in found["device"]
    assert found["sampling"]["tokens_per_second"] > 0 and found["training"]["mfu"] > 0
    assert set(found["log_probs"]) == {"chunked_peak_gib", "at_once_peak_gib"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_refuses() -> None:
    done = bench()
    assert done.returncode == 2 and "needs a GPU" in done.stderr
