"""`rlvr eval`, killed at random moments and continued each time with --resume, against the same evaluation left alone.

    python tests/bench/eval_kills.py --engine hf --kills 10     (or vllm, or openai: a vLLM server on loopback)

Each try is a command of its own; it gets `kill -9` up to four seconds (at random) after so many samples (at random) are
recorded: while it starts, samples, judges or writes. `results.json` must be the same bytes in the end. The model is a
tiny random one, the problems are 400 of GSM8K and 400 of MATH500. The server lives through the kills. Of the engine
there is an entry in `results_eval_kills.json`; the others stay there. Beside the bytes it counts the samples of which
the text differs: near ties that fell otherwise.
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.tiny import checkpoint

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "evaldata"
OUT = Path(__file__).with_name("results_eval_kills.json")


@contextmanager
def settings_of(engine: str, model: Path, work: Path) -> Iterator[list[str]]:
    """The settings of an engine, and its server where it has one."""
    if engine == "openai":
        from tests.rollout.test_vllm_server import serving

        cpu = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1", "TORCHDYNAMO_DISABLE": "1"}
        more = ("--kv-cache-memory-bytes", "200000000")
        with serving(work / "log", *more, model=str(model), **cpu) as url:
            yield ["engine=openai", f"engine.url={url}/v1", "engine.batch_size=32"]
    else:
        yield [f"engine={engine}", *(["engine.kv_cache_gib=0.2", "engine.batch_size=64"] if engine == "vllm" else [])]


def command(model: Path, out: Path, settings: Sequence[str], *more: str) -> list[str]:
    suites = ["--suite", "gsm8k,math500", "-k", "4", "--limit", "400", "--data-dir", str(DATA), "--json"]
    settings = ["sampling.max_tokens=24", "sampling.temperature=1", *settings]
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


def texts(out: Path) -> dict[tuple[str, str, int], str]:
    rows = map(json.loads, (out / "records.jsonl").open(encoding="utf-8"))
    return {(row["suite"], row["prompt_id"], row["sample"]): row["text"] for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=["hf", "vllm", "openai"], default="hf")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    draw, kills = random.Random(given.seed), list[dict[str, Any]]()
    model = checkpoint(True, scale=3.0)
    with tempfile.TemporaryDirectory() as name, settings_of(given.engine, model, Path(name)) as settings:
        whole, parts = Path(name, "whole"), Path(name, "parts")
        seconds = finish(command(model, whole, settings))
        began = time.monotonic()
        for moment in sorted(draw.randrange(recorded(whole) - 600) for _ in range(given.kills)):
            process = start(command(model, parts, settings, *(["--resume"] if parts.exists() else [])))
            while recorded(parts) < moment and process.poll() is None:
                time.sleep(0.01)
            time.sleep(draw.uniform(0, 4))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                kills.append({"after": moment, "samples recorded": recorded(parts)})
            process.wait()
        finish(command(model, parts, settings, "--resume"))
        took = time.monotonic() - began
        same = (whole / "results.json").read_bytes() == (parts / "results.json").read_bytes()
        before, after = texts(whole), texts(parts)
        found = {
            "texts that differ": sum(after.get(key) != text for key, text in before.items()),
            "kills": kills, "samples": recorded(whole), "results.json is the same bytes": same,
            "samples recorded twice or never": recorded(parts) - recorded(whole),
            "seconds": {"whole": round(seconds, 1), "with kills": round(took, 1)}, "machine": platform.platform(),
            "versions": {name: metadata.version(name) for name in ("torch", "transformers", "vllm-cpu")},
        }  # fmt: skip
    every = json.loads(given.out.read_text()) if given.out.is_file() else {}
    given.out.write_text(json.dumps({**every, given.engine: found}, indent=1) + "\n")
    print(json.dumps({"same bytes": same, "kills": len(kills), "texts that differ": found["texts that differ"]}))
    sys.exit(0 if same and len(kills) == given.kills else 1)


if __name__ == "__main__":
    main()
