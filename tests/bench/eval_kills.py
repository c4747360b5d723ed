"""`rlvr eval`, killed at random moments and continued each time with --resume, against the same evaluation left alone.

    python tests/bench/eval_kills.py --kills 10 --out tests/bench/results_eval_kills.json

Each try is a command of its own; it gets `kill -9` up to four seconds (at random) after so many samples (at random) are
recorded: while it starts, samples, judges or writes. `results.json` must be the same bytes in the end. The model is a
tiny random one, the problems are 400 of GSM8K and 400 of MATH500.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.tiny import checkpoint

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "evaldata"


def command(model: Path, out: Path, *more: str) -> list[str]:
    suites = ["--suite", "gsm8k,math500", "-k", "4", "--limit", "400", "--data-dir", str(DATA), "--json"]
    settings = ["sampling.max_tokens=24", "sampling.temperature=1"]
    return [sys.executable, "-m", "rlvr", "eval", str(model), *suites, "--out", str(out), *more, *settings]


def start(words: list[str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def finish(words: list[str]) -> float:
    began = time.monotonic()
    process = start(words)
    _, said = process.communicate(timeout=1800)
    assert process.returncode == 0, said.decode()[-3000:]
    return time.monotonic() - began


def recorded(out: Path) -> int:
    file = out / "records.jsonl"
    return file.read_bytes().count(b"\n") if file.is_file() else 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    draw, kills = random.Random(given.seed), list[dict[str, Any]]()
    model = checkpoint(True, scale=3.0)
    with tempfile.TemporaryDirectory() as name:
        whole, parts = Path(name, "whole"), Path(name, "parts")
        seconds = finish(command(model, whole))
        began = time.monotonic()
        for moment in sorted(draw.randrange(recorded(whole) - 600) for _ in range(given.kills)):
            process = start(command(model, parts, *(["--resume"] if parts.exists() else [])))
            while recorded(parts) < moment and process.poll() is None:
                time.sleep(0.01)
            time.sleep(draw.uniform(0, 4))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                kills.append({"after": moment, "samples recorded": recorded(parts)})
            process.wait()
        finish(command(model, parts, "--resume"))
        took = time.monotonic() - began
        same = (whole / "results.json").read_bytes() == (parts / "results.json").read_bytes()
        found = {
            "kills": kills, "samples": recorded(whole), "results.json is the same bytes": same,
            "samples recorded twice or never": recorded(parts) - recorded(whole),
            "seconds": {"whole": round(seconds, 1), "with kills": round(took, 1)}, "machine": platform.platform(),
            "versions": {name: metadata.version(name) for name in ("torch", "transformers")},
        }  # fmt: skip
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps({"same bytes": same, "kills": len(kills)}))
    sys.exit(0 if same and len(kills) == given.kills else 1)


if __name__ == "__main__":
    main()
