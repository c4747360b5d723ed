"""Sampling ahead of training (engine.max_staleness) against the synchronous run: seconds, and what is learned.

python tests/bench/async_rollouts.py --out runs/async              # hf and vllm, bounds 0 and 1, 1 and 2 threads
python tests/bench/async_rollouts.py --out runs/async --engines hf --repeats 1 --iterations 6

Each run is GRPO on the quickstart task from one and the same cold start (`OUT/cold_start`, made once) in a process of
its own. Runs of a repeat alternate, so that a machine that slows down slows all of them. Seconds are an iteration's,
without the first two: in a synchronous run nothing overlaps, ahead of training only what is waited for counts.
`OUT/async.json` has every run, and the table is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from statistics import fmean, median
from typing import Any

from learning import COMMON, cold_start, processor_seconds, rlvr  # this folder is where python looks first

SKIPPED = 2  # iterations that warm up: caches are allocated, and at first there is nothing to overlap


def measured(out: Path, start: Path, engine: str, bound: int, threads: int, repeat: int, plan: Any) -> dict[str, Any]:
    """One run's row."""
    name = f"{engine}-{bound}-{threads}-{repeat}"
    shutil.rmtree(out / name, ignore_errors=True)
    settings = [f"model.path={start}", f"run={name}", f"engine.name={engine}", f"engine.max_staleness={bound}", *COMMON]
    settings += [f"train.iterations={plan.iterations}", f"train.eval_every={plan.iterations}", *plan.set]
    spent = processor_seconds()
    rlvr(["train", "quickstart", *settings], out, threads)
    spent = processor_seconds() - spent
    rows = [json.loads(line) for line in (out / name / "metrics.jsonl").read_text().splitlines()]
    before, rows = rows[0], rows[1:]
    timed = rows[SKIPPED:]
    for path in (out / name / "checkpoints").glob("*"):
        shutil.rmtree(path)

    def mean(key: str) -> float:
        return fmean(row.get(key, 0.0) for row in timed)

    return {
        "engine": engine,
        "max_staleness": bound,
        "threads": threads,
        "seconds": median(row["time/iteration"] for row in timed),
        "rollout": mean("time/rollout"),
        "wait": mean("time/rollout_wait"),
        "train": mean("time/train") + mean("time/inputs"),
        "processor": spent,
        "mismatch": mean("mismatch/logprob_mean"),
        "ess": mean("mismatch/ess"),
        "bounded_rate": mean("mismatch/bounded_rate"),
        "before": before["eval/chain/accuracy"],
        "after": rows[-1]["eval/chain/accuracy"],
        "load": os.getloadavg()[0],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """A line for each engine, bound and number of threads: medians over the repeats."""
    keys = list(dict.fromkeys((r["engine"], r["threads"], r["max_staleness"]) for r in rows))
    base: dict[str, float] = {}
    lines = [
        "| engine | threads | max_staleness | s an iteration | of the synchronous best | sampling | waiting | training "
        "| processor s of the run | mean abs. log-prob difference | effective share | pass@1 before | after |",
        "|" + "---|" * 13,
    ]
    best = {}
    for engine, threads, bound in keys:
        some = [r for r in rows if (r["engine"], r["threads"], r["max_staleness"]) == (engine, threads, bound)]
        best[engine, threads, bound] = {k: median(r[k] for r in some) for k in some[0] if k != "engine"}
    for (engine, _, bound), found in best.items():
        if bound == 0:
            base[engine] = min(base.get(engine, float("inf")), found["seconds"])
    for (engine, threads, bound), r in best.items():
        lines.append(
            f"| {engine} | {threads} | {bound} | {r['seconds']:.2f} | {r['seconds'] / base[engine]:.2f} | "
            f"{r['rollout']:.2f} | {r['wait']:.2f} | {r['train']:.2f} | {r['processor']:.0f} | {r['mismatch']:.2g} | "
            f"{r['ess']:.4f} | {r['before']:.3f} | {r['after']:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the cold start, the runs and the results")
    parser.add_argument("--engines", nargs="+", default=["hf", "vllm"], choices=["hf", "vllm"])
    parser.add_argument("--bounds", type=int, nargs="+", default=[0, 1], help="values of engine.max_staleness; 0 first")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="values of OMP_NUM_THREADS")
    parser.add_argument("--iterations", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="further settings of every run")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    start = cold_start(out, max(arguments.threads))
    rows: list[dict[str, Any]] = []
    for repeat in range(arguments.repeats):
        for engine in arguments.engines:
            for threads in arguments.threads:
                for bound in arguments.bounds:
                    rows.append(measured(out, start, engine, bound, threads, repeat, arguments))
                    print(json.dumps(rows[-1]), flush=True)
                    (out / "async.json").write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == "__main__":
    main()
