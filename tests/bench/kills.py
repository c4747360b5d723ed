"""A run on two ranks, killed at random moments and resumed each time, against the same run left alone.

    python tests/bench/kills.py --iterations 200 --kills 20 --stage 2 --out tests/bench/results_kills.json

`kill -9` of one rank at a time; each try waits for a random iteration and a random part of one. The final weights must
be the same bits.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import signal
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from tests import test_launch as launch


def run(folder: Path, made: dict[str, Any], kills: list[float], draw: random.Random) -> dict[str, Any]:
    """Trains to the end, with a kill at each of these (fractional) iterations; what it took."""
    ends: list[float] = []
    began = time.monotonic()
    for number, moment in enumerate(kills):
        process = launch.start(folder, made, *(["--resume"] if number else []))
        while len(launch.rows(made["run"])) < int(moment) and process.poll() is None:
            time.sleep(0.02)
        time.sleep(moment % 1 * 0.3)
        while not (ranks := launch.ranks_of(process)) and process.poll() is None:
            time.sleep(0.02)
        if not ranks:
            raise RuntimeError(f"the run ended before kill {number}: {launch.finish(process)[1][-2000:]}")
        killed = time.monotonic()
        draw.choice(ranks).send_signal(signal.SIGKILL)
        code, _ = launch.finish(process, seconds=60)
        ends.append(time.monotonic() - killed)
        assert code != 0
    code, said = launch.finish(launch.start(folder, made, *(["--resume"] if kills else [])), seconds=3000)
    assert code == 0, said[-3000:]
    return {"seconds": time.monotonic() - began, "seconds until all ranks were gone": ends}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--stage", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    launch.ITERATIONS = given.iterations
    draw = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, killed = (launch.settings(folder, run_name, given.stage) for run_name in ("whole", "killed"))
        for made in (whole, killed):
            made["train"] |= {"checkpoint_every": 10, "eval_every": 0}
            made["tracking"] = {"display": "none"}
        moments = sorted(draw.uniform(0, given.iterations - 3) for _ in range(given.kills))
        results = {"whole": run(folder, whole, [], draw), "killed": run(folder, killed, moments, draw)}
        ours, theirs = launch.weights(killed["run"]), launch.weights(whole["run"])
        same = set(ours) == set(theirs) and all(torch.equal(ours[key], theirs[key]) for key in ours)
    found = {
        "iterations": given.iterations, "kills": moments, "zero_stage": given.stage, "seed": given.seed,
        "final weights are the same bits": same, **results, "machine": platform.platform(),
        "versions": {name: metadata.version(name) for name in ("torch", "deepspeed", "transformers")},
    }  # fmt: skip
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps({"same bits": same, "kills": len(moments), "seconds": results["killed"]["seconds"]}))


if __name__ == "__main__":
    main()
