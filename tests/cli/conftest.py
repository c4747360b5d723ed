"""The command line as a person meets it: a process of its own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

Rlvr = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def rlvr(tmp_path: Path) -> Rlvr:
    """`rlvr("show", "math")` runs the command in `tmp_path` and returns exit code, stdout and stderr."""

    def run(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
        command = [sys.executable, "-m", "rlvr", *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, input=stdin, capture_output=True, text=True, timeout=120
        )

    return run
