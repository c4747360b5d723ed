"""ARC by log-likelihood beside lm-evaluation-harness: the same tiny model, the same rows, each question's choice.

    python -m venv .venv-lm-eval && .venv-lm-eval/bin/pip install -c constraints.txt torch 'lm_eval[hf]==0.4.13'
    python tests/bench/arc_loglikelihood.py --lm-eval .venv-lm-eval/bin/python [--seeds 0 1 2] [--limit 0]

The model is the quickstart's architecture with a byte-level tokenizer, random weights by seed, fp32. The peer runs in a
process of its own from lm-eval's own task settings, over rows from ../shared/evaldata (its task reads them from files).
Writes results_arc_loglikelihood.json, seed by seed; those that are not asked for stay as they are there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

OUT = Path(__file__).with_name("results_arc_loglikelihood.json")
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "evaldata"
SUITES = ("arc_easy", "arc_challenge")

#: lm-eval's side: its `arc_easy` and `arc_challenge` with the rows of a file, one JSON line on stdout.
_PEER = """
import json, sys
from pathlib import Path
import yaml, lm_eval
from lm_eval.tasks import TaskManager
model, folder, limit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) or None
shipped = Path(lm_eval.__file__).parent / "tasks" / "arc"
settings = yaml.safe_load((shipped / "arc_easy.yaml").read_text())
for name in ("arc_easy", "arc_challenge"):
    rows = {"data_files": {"test": str(folder / f"{name}.jsonl")}}
    own = {**settings, "task": f"{name}_rows", "dataset_path": "json", "dataset_name": None, "dataset_kwargs": rows,
           "training_split": None, "validation_split": None, "test_split": "test"}
    own.pop("tag", None), own.pop("group", None)
    Path(sys.argv[4], f"{name}_rows.yaml").write_text(yaml.safe_dump(own))
found = lm_eval.simple_evaluate(model="hf", model_args={"pretrained": model, "dtype": "float32"}, device="cpu",
    tasks=["arc_easy_rows", "arc_challenge_rows"], limit=limit, batch_size=16, bootstrap_iters=0, log_samples=True,
    task_manager=TaskManager(include_path=sys.argv[4], include_defaults=False))
out = {}
for name in ("arc_easy", "arc_challenge"):
    scores, samples = found["results"][f"{name}_rows"], found["samples"][f"{name}_rows"]
    out[name] = {"acc": scores["acc,none"], "acc_norm": scores["acc_norm,none"], "rows": len(samples),
        "right": [[s["doc"]["id"], s["acc"], s["acc_norm"]] for s in samples],
        "sums": [[r[0] for r in s["filtered_resps"]] for s in samples]}
Path(sys.argv[5]).write_text(json.dumps(out))
"""


def peer(python: str, model: Path, limit: int, work: Path) -> dict[str, Any]:
    """What lm-eval finds."""
    out, tasks = work / "peer.json", work / "tasks"
    tasks.mkdir(exist_ok=True)
    arguments = [str(model), str(DATA), str(limit), str(tasks), str(out)]
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([python, "-c", _PEER, *arguments], check=True, timeout=3600, cwd=work, env=alone)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def ours(model: Path, limit: int) -> dict[str, Any]:
    """What the suites `*_acc` and `*_acc_norm` find, by the harness, and every option's sum."""
    from rlvr.eval import evaluate_suite, suite_for
    from rlvr.rewards import Judge
    from rlvr.rollout.option_engine import OptionEngine, context_of
    from rlvr.training.models import load_model, load_tokenizer

    tokenizer = load_tokenizer(str(model), "plain")
    known: dict[tuple[str, str], Any] = {}
    weights = load_model(str(model))
    engines = {
        metric: OptionEngine(weights, tokenizer, per_character=metric == "acc_norm", batch_size=16, known=known)
        for metric in ("acc", "acc_norm")
    }
    out: dict[str, Any] = {}
    with Judge(1, warm=["choice"]) as judge:
        for name in SUITES:
            right: dict[str, list[Any]] = {}
            for metric, one in engines.items():
                suite = suite_for(f"{name}_{metric}")
                problems = suite.load(data_dir=DATA, limit=limit or None)
                result = evaluate_suite(suite, one, judge, problems=problems)
                out.setdefault(name, {})[metric] = result.accuracy
                for prompt, [completion] in zip(
                    problems.prompts, one.generate(problems.prompts, suite.sampling_for(1, {}, 0)), strict=True
                ):
                    right.setdefault(prompt.id.rpartition("/")[2], []).append(float(completion.text == prompt.answer))
            out[name]["right"] = [[key, *values] for key, values in right.items()]
            out[name]["sums"] = [
                [sum(known[context_of(p), c["text"]].logprobs) for c in p.meta["choices"]] for p in problems.prompts
            ]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lm-eval", required=True, help="the Python of an environment with lm_eval 0.4.13")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--limit", type=int, default=0, help="only the first so many rows; 0: all")
    asked = parser.parse_args()
    from rlvr.training.tiny import save_tiny

    rows = [row for row in json.loads(OUT.read_text()) if row["seed"] not in asked.seeds] if OUT.is_file() else []
    for seed in asked.seeds:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            save_tiny(work / "model", seed)
            began = time.perf_counter()
            mine = ours(work / "model", asked.limit)
            middle = time.perf_counter()
            theirs = peer(asked.lm_eval, work / "model", asked.limit, work)
            seconds = (middle - began, time.perf_counter() - middle)
        for name in SUITES:
            a, b = mine[name], theirs[name]
            pairs = [pair for one, two in zip(a["sums"], b["sums"], strict=True) for pair in zip(one, two, strict=True)]
            row = {
                "seed": seed,
                "suite": name,
                "rows": b["rows"],
                "acc": [a["acc"], b["acc"]],
                "acc_norm": [a["acc_norm"], b["acc_norm"]],
                "questions_that_differ": sum(x != y for x, y in zip(a["right"], b["right"], strict=True)),
                "largest_gap_of_a_sum": max(abs(x - y) for x, y in pairs),
                "seconds": [round(s, 1) for s in seconds],
            }
            rows.append(row)
            print(row)
        rows.sort(key=lambda row: row["seed"])
        OUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
