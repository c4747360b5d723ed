"""Do the offline and preference algorithms learn? All start from the quickstart's cold start, on the chain task.

python tests/bench/preference_learning.py --out runs/preferences            # ten minutes on one idle core

1. GRPO for 8 iterations leaves rollouts of mixed quality. Plain cloning of them (sft) against return_conditioned,
   same rows, same updates, asked for return 1 and for return 0.
2. `rlvr pairs` makes pairs of them by verdict; of 40 % of the prompts they are held out. reward_model and dpo.
3. PPO rewarded by that reward model alone; what the verifier says is measured and not used.

A run that has finished is not made again. `OUT/results.json` holds the numbers; exit code 1 where a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from learning import cold_start

from rlvr.config import load_recipe
from rlvr.preferences import by_verdict, read_questions, write_pairs
from rlvr.run import train_recipe

#: name -> (value, bound, whether the value must be above it)
Bounds = dict[str, tuple[float, float, bool]]


def held_out(count: int = 400, **more: Any) -> dict[str, Any]:
    """Problems that nobody trained on, sampled once each at temperature 1."""
    options = {"min_ops": 5, "max_ops": 7, "count": count}
    return {"name": "chain", "options": options, "sampling": {"temperature": 1.0, "max_tokens": 64}, **more}


def run(folder: Path, start: Path, data: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """Trains unless it has been done: evaluations by iteration, seconds, the newest checkpoint's model."""
    done = folder / "summary.json"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        base = {"schedule": "cosine", "betas": [0.9, 0.98], "checkpoint_every": 0, "warmup": 10}
        train = {**base, **sections.pop("train")}
        train = {"eval_every": train["iterations"], **train}
        recipe = {"model": str(start), "data": data, "train": train, "judge": {"workers": 1}, "run": str(folder)}
        train_recipe(load_recipe({**recipe, "tracking": {"display": "none"}, **sections}))
    summary = json.loads(done.read_text())
    model = max((folder / "checkpoints").glob("iteration_*")) / "model"
    print(f"{folder.name}: {summary['seconds']:.0f} s", flush=True)
    return {"evals": summary["evals"], "seconds": summary["seconds"], "model": model, "folder": folder}


def last(result: dict[str, Any], metric: str) -> float:
    return float(list(result["evals"].values())[-1][f"eval/{metric}"])


def on_policy(out: Path, name: str, start: Path, iterations: int, algorithm: Any, **sections: Any) -> dict[str, Any]:
    """The quickstart's second half with another algorithm or reward."""
    return run(
        out / name,
        start,
        {"train": {"name": "chain", "options": {"min_ops": 5, "max_ops": 7, "count": 2000}}, "eval": [held_out()]},
        algorithm=algorithm,
        sampling={"group_size": 8, "max_tokens": 48},
        train={"iterations": iterations, "prompts_per_iteration": 64, "lr": 3e-4, "warmup": 8, "eval_at_start": True},
        engine={"name": "hf", "batch_size": 512},
        **sections,
    )


def trajectories(out: Path, start: Path, rollouts: Path) -> tuple[dict[str, float], Bounds]:
    rows = {"name": "rollouts", "path": str(rollouts)}
    train = {"iterations": 400, "prompts_per_iteration": 32, "lr": 2e-3, "warmup": 20}
    clone = run(out / "clone", start, {"train": rows, "eval": [held_out()]}, algorithm="sft", train=train)
    asked = [held_out(wanted_return=value) for value in (1.0, 0.0)]
    told = run(out / "told", start, {"train": rows, "eval": asked}, algorithm="return_conditioned", train=train)
    cloned, one, zero = last(clone, "chain/accuracy"), *(last(told, f"chain_return_{v}/accuracy") for v in (1, 0))
    values = {"cloning": cloned, "asked for 1": one, "asked for 0": zero}
    bounds: Bounds = {
        "asked for 1, above cloning": (one - cloned, 0.15, True),
        "asked for 0, above cloning": (zero - cloned, 0.0, False),
    }
    return values, bounds


def preferences(out: Path, start: Path, rollouts: Path) -> tuple[dict[str, float], Bounds, Path]:
    questions, left_out = read_questions(rollouts)
    files = write_pairs(by_verdict(questions, 1, left_out), out / "pairs.jsonl", 0.4)
    train_file, held_out_file = files
    pairs = {"name": "preferences", "path": held_out_file, "label": "pairs"}
    rows = {"name": "preferences", "path": train_file}
    scored = run(
        out / "reward_model", start, {"train": rows, "eval": [pairs]}, algorithm={"name": "reward_model"},
        train={"iterations": 60, "prompts_per_iteration": 32, "lr": 3e-4},
    )  # fmt: skip
    preferred = run(
        out / "dpo", start, {"train": rows, "eval": [pairs, held_out()]}, algorithm="dpo",
        train={"iterations": 40, "prompts_per_iteration": 32, "lr": 1e-4, "eval_at_start": True},
    )  # fmt: skip
    values = {
        "pairs to train on": float(files[train_file]),
        "pairs held out": float(files[held_out_file]),
        "reward_model, pair accuracy": last(scored, "pairs/pair_accuracy"),
        "dpo, pair accuracy": last(preferred, "pairs/pair_accuracy"),
        "dpo, problems solved before": float(preferred["evals"]["0"]["eval/chain/accuracy"]),
        "dpo, problems solved after": last(preferred, "chain/accuracy"),
    }
    bounds: Bounds = {name: (values[name], 0.9, True) for name in values if name.endswith("pair accuracy")}
    return values, bounds, scored["model"]


def rewarded_by_model(out: Path, start: Path, scorer: Path) -> tuple[dict[str, float], Bounds]:
    # As in RLHF: a KL to where it began in the reward. Scores of up to 7 are scaled to the size of rewards, and the
    # critic reads the policy's hidden states without moving them.
    reward = {"model": str(scorer), "verdict_weight": 0.0, "model_weight": 0.2}
    algorithm = {"name": "ppo", "kl_coef": 0.02}
    result = on_policy(out, "ppo_on_reward_model", start, 12, algorithm, reward=reward, critic={"detached": True})
    before, after = float(result["evals"]["0"]["eval/chain/accuracy"]), last(result, "chain/accuracy")
    return {"ppo before": before, "ppo after": after}, {"ppo, accuracy gained": (after - before, 0.1, True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/preferences"))
    parser.add_argument("--start", type=Path, help="a cold start that is there already")
    options = parser.parse_args()
    torch.set_num_threads(1)
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    start = options.start or cold_start(out, 1)
    rollouts = on_policy(out, "mixed", start, 8, "grpo")["folder"] / "rollouts.jsonl"
    values, bounds = trajectories(out, start, rollouts)
    more, more_bounds, scorer = preferences(out, start, rollouts)
    last_values, last_bounds = rewarded_by_model(out, start, scorer)
    values |= more | last_values
    bounds |= more_bounds | last_bounds
    missed = [name for name, (value, bound, above) in bounds.items() if (value >= bound) != above]
    (out / "results.json").write_text(
        json.dumps({"values": values, "bounds": bounds, "missed": missed}, indent=1) + "\n"
    )
    for name, value in values.items():
        print(f"{name:32} {value:.3f}")
    for name, (value, bound, above) in bounds.items():
        print(f"{name:32} {value:+.3f} {'>=' if above else '<'} {bound} {'MISSED' if name in missed else ''}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
