"""The same GRPO run through TRL and through this project: seconds, processor seconds and peak memory, in pairs.

    python tests/bench/grpo_vs_trl.py --setting full --setting ragged --setting memory --pairs 5

Needs the package and `pip install trl==1.16.0` in the same environment (kept apart from the development one).
Every measurement is a process of its own; the two sides take turns, so that noise of the machine hits both.
See README.md beside this file for what was found.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from workload import Workload, make_checkpoint, questions

#: The figures that a setting is judged by, and how large this project's may be over TRL's. Processor seconds stand
#: beside wall seconds, because on a machine with other work the latter say little.
TARGETS = {
    "full": (("seconds", "cpu_seconds"), 1.05),
    "ragged": (("seconds", "cpu_seconds"), 0.7),
    "memory": (("peak_mb", "above_baseline_mb"), 0.7),
}


def settings(arguments: argparse.Namespace) -> dict[str, Workload]:
    """The settings that were asked for. `memory` has the long completions and the large vocabulary."""
    base = Workload(
        "",
        max_tokens=arguments.tokens,
        prompts=arguments.prompts,
        updates=arguments.updates,
        microbatch=arguments.microbatch,
        seed=arguments.seed,
        threads=arguments.threads,
        cache=arguments.trl_cache,
    )
    known = {
        "full": base,
        "ragged": replace(base, ragged=True),
        "memory": replace(base, max_tokens=512, prompts=2, updates=1, microbatch=8),
        "dead": replace(base, ragged=True, coin=0.1),
    }
    return {name: known[name] for name in arguments.setting}


def child(side: str, work: Workload) -> dict[str, Any]:
    """One side, once, in a fresh process."""
    environment = os.environ | {"OMP_NUM_THREADS": str(work.threads), "HF_HUB_OFFLINE": "1"}
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--child", side, json.dumps(asdict(work))],
        capture_output=True,
        text=True,
        env=environment,
    )
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result | {"process_seconds": time.perf_counter() - began}


def run_child(side: str, work: Workload) -> None:
    import torch

    torch.set_num_threads(work.threads)
    if side == "matmul":
        print(json.dumps(matmul_speed(work)))
        return
    import importlib

    print(json.dumps(importlib.import_module(f"side_{side}").run(work)))


def matmul_speed(work: Workload) -> dict[str, float]:
    """GFLOP a processor second of plain products of the workload's shapes, times the threads."""
    import torch

    config = json.loads((Path(work.checkpoint) / "config.json").read_text())
    width, inner = config["hidden_size"], config["intermediate_size"]
    out = {}
    for name, rows in (("train", work.microbatch * work.max_tokens), ("decode", work.rows)):
        left, right = torch.randn(rows, width), torch.randn(inner, width)
        left @ right.t()
        count = max(5, int(2e10 / (2 * rows * width * inner)))
        began = time.process_time()
        for _ in range(count):
            left @ right.t()
        out[name] = count * 2 * rows * width * inner / (time.process_time() - began) / 1e9
    return out


def useful_flop(work: Workload, tokens: int) -> float:
    """What the run needs of the linear layers: three passes over every row's tokens, and one a sampled token."""
    config = json.loads((Path(work.checkpoint) / "config.json").read_text())
    width, layers = config["hidden_size"], config["num_hidden_layers"]
    per_layer = 4 * width * width + 3 * width * config["intermediate_size"]
    head = config["vocab_size"] * width
    prompt_tokens = sum(len(q) + 1 for q in questions(work)) * work.group_size
    return (
        6.0 * layers * per_layer * (prompt_tokens + tokens)
        + 6.0 * head * tokens
        + 2.0 * (layers * per_layer + head) * tokens
    )


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def report(name: str, work: Workload, results: dict[str, list[dict[str, Any]]]) -> str:
    """A setting as Markdown: every figure's median and spread on both sides, and the ratio pair by pair."""
    ours, theirs = results["rlvr"], results["trl"]
    for result in ours + theirs:
        result["above_baseline_mb"] = result["peak_mb"] - result["baseline_mb"]
        result["seconds_per_million_live_tokens"] = result["seconds"] / max(result["tokens"]["live"], 1) * 1e6
        flop = useful_flop(work, result["tokens"]["all"])
        result["useful_gflop_per_cpu_second"] = flop / result["cpu_seconds"] / 1e9
    assert {r["tokens"]["all"] for r in ours} == {r["tokens"]["all"] for r in theirs}, "not the same lengths"
    lines = [
        f"### {name}",
        "",
        f"{work.updates} updates of {work.prompts} x {work.group_size} completions, at most {work.max_tokens} tokens, "
        f"{ours[0]['tokens']['all']:,} tokens in all, {len(ours)} pairs, {work.threads} threads",
        "",
        "| | rlvr | TRL | ratio, pair by pair |",
        "|---|---|---|---|",
    ]
    for key in (
        "seconds",
        "cpu_seconds",
        "process_seconds",
        "peak_mb",
        "above_baseline_mb",
        "seconds_per_million_live_tokens",
        "useful_gflop_per_cpu_second",
    ):
        a, b = [r[key] for r in ours], [r[key] for r in theirs]
        ratios = [x / y for x, y in zip(a, b, strict=True)]
        lines.append(f"| {key} | {spread(a)} | {spread(b)} | {spread(ratios)} |")
        judged, limit = TARGETS.get(name, ((), 0.0))
        if key in judged:
            reached = "reached" if statistics.median(ratios) <= limit else "missed"
            lines.append(f"| target for {key} | | | at most {limit}: {reached} |")
    for side, rows in results.items():
        parts = {key: statistics.median(r["parts"].get(key, 0.0) for r in rows) for key in rows[0]["parts"]}
        lines += ["", f"Seconds by part, {side}: " + ", ".join(f"{k} {v:.2f}" for k, v in parts.items())]
    return "\n".join(lines)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        run_child(sys.argv[2], Workload(**json.loads(sys.argv[3])))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setting", action="append", choices=["full", "ragged", "memory", "dead"], required=True)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=128, help="a completion's limit (memory: always 512)")
    parser.add_argument("--prompts", type=int, default=8, help="prompts an update, 8 completions each (memory: 2)")
    parser.add_argument("--updates", type=int, default=3, help="memory: always 1")
    parser.add_argument("--microbatch", type=int, default=16, help="rows at once of TRL; as many tokens of rlvr")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trl-cache", default=None, help="TRL's cache_implementation, e.g. static")
    parser.add_argument("--json", type=Path, help="every single measurement, as a file")
    arguments = parser.parse_args()
    kept: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, work in settings(arguments).items():
            vocabulary = 32_000 if name == "memory" else 512
            checkpoint = Path(folder) / str(vocabulary)
            if not checkpoint.exists():
                make_checkpoint(checkpoint, vocabulary, arguments.width, arguments.layers, arguments.seed)
            work = replace(work, checkpoint=str(checkpoint))
            sides = {"rlvr": work, "trl": work}
            if name == "dead":  # this project alone, with dead rows computed and skipped
                sides = {"rlvr": work, "trl": replace(work, skip_dead_rows=False)}
            results: dict[str, list[dict[str, Any]]] = {"rlvr": [], "trl": []}
            for _ in range(arguments.pairs):
                for side, variant in sides.items():
                    results[side].append(child("rlvr" if name == "dead" else side, variant))
            text = report(name, work, results)
            if name == "dead":
                text = text.replace("| rlvr | TRL |", "| skipped | computed |")
                text = text.replace("by part, rlvr", "by part, skipped").replace("by part, trl", "by part, computed")
            print(text, flush=True)
            speed = child("matmul", work)
            print(
                f"\nPlain products of these shapes: {speed['train']:.0f} GFLOP a processor second (training), ", end=""
            )
            print(f"{speed['decode']:.0f} (decoding)\n", flush=True)
            kept[name] = {"work": asdict(work), "results": results, "matmul": speed}
    if arguments.json:
        arguments.json.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
