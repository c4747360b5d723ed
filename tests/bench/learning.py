"""Does every on-policy algorithm learn? Each trains on the quickstart task from one and the same cold start.

python tests/bench/learning.py --out runs/learning                          # all of them, seed 0
python tests/bench/learning.py --out runs/learning --algorithms ppo grpo --seeds 0 1 2

A run that has finished is not made again: `OUT/NAME-SEED/result.json` is its row. `OUT/table.md` and `OUT/results.json`
are written anew after each. The cold start (`OUT/cold_start`) is the quickstart's, made once.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean
from typing import Any

#: What an algorithm is given beyond recipes/quickstart.yaml, which was made for GRPO: several updates an iteration
#: where the clip or the penalty needs them to have a meaning.
SETTINGS: dict[str, list[str]] = {
    "reinforce": [],
    "rloo": [],
    "reinforce_pp": ["train.minibatch=256"],
    "a2c": [],
    "ppo": ["train.minibatch=256"],
    "ppo_penalty": ["train.minibatch=256", "algorithm.kl_target=0.003"],
    "trpo": [
        *("algorithm.max_kl=0.02", "algorithm.damping=0.3", "algorithm.cg_iterations=5", "algorithm.fisher_rows=32"),
        *("train.iterations=10", "train.eval_every=10"),  # a step costs what five of Adam's do
    ],
    "grpo": ["train.minibatch=256"],
    "dr_grpo": ["train.minibatch=256"],
    "dapo": ["train.minibatch=256", "sampling.dynamic_rounds=2", "reward.overlong_buffer=8"],
    "gspo": ["train.minibatch=256"],
    "cispo": ["train.minibatch=256"],
}
#: The same for all: problems to be solved, of the lengths that are trained, sampled once each at temperature 1.
COMMON = [
    "data.eval=[{name: chain, options: {min_ops: 5, max_ops: 7, count: 600}, "
    "sampling: {temperature: 1.0, max_tokens: 64}}]",
    *("train.iterations=12", "train.eval_every=12", "train.warmup=4"),  # of the recipe's 20: enough for every one
    "tracking.display=none",
    "tracking.rollouts_every=0",
    "train.checkpoint_every=0",
]
LIFT, MINUTES = 0.3, 3.0  # what each must reach
DRIFT_PROMPTS = 64  # held-out problems on which the KL to the cold start is measured


def cold_start(out: Path, threads: int) -> Path:
    """The quickstart's cold start, made where it is not there yet."""
    final = out / "cold_start" / "checkpoints"
    done = sorted(final.glob("iteration_*/manifest.json"))
    if not done:
        shutil.rmtree(out / "cold_start", ignore_errors=True)
        python("from rlvr.training.tiny import save_tiny; from pathlib import Path; save_tiny(Path('random'), 0)", out)
        settings = ["model.path=random", "run=cold_start", "train.seed=0", "data.train.options.seed=0"]
        rlvr(["train", "quickstart_cold_start", *settings, "tracking.display=none"], out, threads)
        done = sorted(final.glob("iteration_*/manifest.json"))
    return done[-1].parent.resolve() / "model"


def python(code: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)


def rlvr(arguments: list[str], folder: Path, threads: int) -> None:
    """The command as a user types it, in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "rlvr", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed ({done.returncode}):\n{(done.stdout + done.stderr)[-3000:]}")


def trained(name: str, seed: int, start: Path, out: Path, threads: int, extra: list[str]) -> dict[str, Any]:
    """Trains one algorithm and returns its row."""
    folder = out / f"{name}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)  # what is left of a run that was broken off
    settings = [f"model.path={start}", f"run={folder.name}", f"algorithm.name={name}", f"train.seed={seed}"]
    settings += [f"data.train.options.seed={seed}", *COMMON, *SETTINGS[name], *extra]
    began, spent = time.perf_counter(), processor_seconds()
    rlvr(["train", "quickstart", *settings], out, threads)
    minutes, spent = (time.perf_counter() - began) / 60, processor_seconds() - spent
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    first, rows = lines[0], lines[1:]
    result = {
        "algorithm": name,
        "seed": seed,
        "before": first["eval/chain/accuracy"],
        "after": rows[-1]["eval/chain/accuracy"],
        "length_before": first["eval/chain/tokens_mean"],
        "length_after": rows[-1]["eval/chain/tokens_mean"],
        "minutes": minutes,
        "processor_minutes": spent / 60,
        "clip_rate": mean(rows, "policy/clip_rate"),
        "kl_iteration": mean(rows, "trust_region/kl") or mean(rows, "policy/kl"),
        "kl_start": drift(start, folder),
        "updates": rows[-1]["train/updates"],
        "rewards": [round(row["reward/mean"], 4) for row in rows],
        "settings": [*SETTINGS[name], *extra],
    }
    (folder / "result.json").write_text(json.dumps(result, indent=1))
    for path in (folder / "checkpoints").glob("*"):
        shutil.rmtree(path)
    return result


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def mean(rows: list[dict[str, Any]], name: str) -> float | None:
    values = [row[name] for row in rows if name in row]
    return fmean(values) if values else None


def drift(start: Path, folder: Path) -> float:
    """KL(trained, cold start) by k3, nats a token, on completions of held-out problems that the trained one samples."""
    import torch

    from rlvr.core import Group, Rollout, Sampling, Verdict
    from rlvr.data import load_prompts
    from rlvr.functional import k3, masked_mean
    from rlvr.rollout.hf_engine import HFEngine
    from rlvr.training.batch import collate
    from rlvr.training.forward import forward
    from rlvr.training.models import load_model, load_tokenizer

    torch.set_num_threads(1)
    new, old = load_model(str(folder)), load_model(str(start))
    tokenizer = load_tokenizer(str(start))
    prompts = load_prompts("chain", split="test", options={"count": DRIFT_PROMPTS}).prompts
    completions = HFEngine(new, tokenizer, DRIFT_PROMPTS).generate(prompts, Sampling(max_tokens=64))
    rollouts = [Rollout(c, Verdict(1.0, "correct"), shaped=1.0) for many in completions for c in many]
    groups = [Group(prompt, (made,)) for prompt, made in zip(prompts, rollouts, strict=True)]
    batch = collate(groups, tokenizer.pad_token_id or 0)
    with torch.no_grad():
        ours, theirs = (forward(model, batch, 1.0).logprobs for model in (new, old))
    return float(masked_mean(k3(ours, theirs), batch.mask))


def table(results: list[dict[str, Any]]) -> str:
    names = ["algorithm", "seed", "pass@1 before", "after", "lift", "tokens before", "after", "minutes"]
    names += ["processor minutes", "clip rate", "KL an iteration", "KL to the start", ""]
    head = f"| {' | '.join(names)} |"
    lines = [head, "|" + "---|" * (head.count("|") - 1)]
    for r in results:
        lift = r["after"] - r["before"]
        # On a machine that does other work the clock says nothing; one idle core would take the processor's minutes.
        reached = lift >= LIFT and min(r["minutes"], r["processor_minutes"]) <= MINUTES
        cells = [
            f"`{r['algorithm']}`",
            str(r["seed"]),
            f"{r['before']:.3f}",
            f"{r['after']:.3f}",
            f"{lift:+.3f}",
            f"{r['length_before']:.1f}",
            f"{r['length_after']:.1f}",
            f"{r['minutes']:.1f}",
            f"{r['processor_minutes']:.1f}",
            "-" if r["clip_rate"] is None else f"{r['clip_rate']:.4f}",
            "-" if r["kl_iteration"] is None else f"{r['kl_iteration']:.2g}",
            f"{r['kl_start']:.3f}",
            "reached" if reached else "missed",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the cold start, the runs and the table")
    parser.add_argument("--algorithms", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="further settings of every run")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    start = cold_start(out, arguments.threads)
    for name in arguments.algorithms:
        for seed in arguments.seeds:
            if not (out / f"{name}-{seed}" / "result.json").is_file():
                trained(name, seed, start, out, arguments.threads, arguments.set)
            results = [json.loads(file.read_text()) for file in sorted(out.glob("*/result.json"))]
            (out / "results.json").write_text(json.dumps(results, indent=1))
            (out / "table.md").write_text(table(results) + "\n")
            print(
                table([r for r in results if (r["algorithm"], r["seed"]) == (name, seed)]).splitlines()[-1], flush=True
            )


if __name__ == "__main__":
    main()
