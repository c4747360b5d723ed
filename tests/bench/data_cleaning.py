"""What cleaning costs and finds: DAPO against all suites, a file of 200,000 rows, all references of the real sets.

    python tests/bench/data_cleaning.py EVALDATA [--out tests/bench/results_data.json]

One core, one thread. Every measurement runs in a process of its own, whose peak memory is told. `EVALDATA` is a folder
with the files that `data.data_dir` names.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SETS = [
    ("gsm8k", "train"), ("gsm8k", "test"), ("competition_math", "train"), ("competition_math", "test"),
    ("dapo_math", "train"), ("deepscaler", "train"), ("leetcode", "train"), ("humaneval", "test"), ("mbpp", "test"),
    ("mbpp", "train"), ("mbpp", "validation"), ("mbpp", "prompt"),
]  # fmt: skip
WORDS = (
    "the of and a to in is you that it he was for on are as with his they at be this have from or one had by".split()
)


def dapo(evaldata: Path) -> dict[str, Any]:
    """14,116 rows against every suite whose text is in the folder."""
    from rlvr.cleaned import suite_texts
    from rlvr.data import load_prompts
    from rlvr.data.cleaning import Rules, clean

    loaded = load_prompts("dapo_math", data_dir=evaldata)
    suites = suite_texts(str(evaldata))
    began = time.perf_counter()
    found = clean(loaded.prompts, Rules(answers=False), suites=suites)
    seconds = time.perf_counter() - began
    contamination = found.report["contamination"]
    return {
        "rows": len(loaded.prompts),
        "comparing_seconds": round(seconds, 2),
        "dropped": found.report["dropped"],
        "suites": contamination["suites_checked"],
        "problems_hit": {k: v for k, v in contamination["problems_hit"].items() if v},
    }


def all_sets(evaldata: Path) -> dict[str, Any]:
    """14,116 rows against every evaluation set with a file in the folder, whether or not a suite names it."""
    from rlvr import registry
    from rlvr.data import load_prompts
    from rlvr.data.decontamination import Suites
    from rlvr.data.templates import problem_text
    from rlvr.errors import UserError

    texts = {}
    for name in registry.REGISTRIES["dataset"].names():
        source = getattr(registry.get("dataset", name), "source", None)
        if "test" not in getattr(source, "files", ()):
            continue
        try:
            problems = load_prompts(name, split="test", data_dir=evaldata, template="none", on_bad_row="skip")
        except UserError:
            continue
        texts[name] = [(prompt.id, problem_text(prompt)) for prompt in problems.prompts]
    suites = Suites(texts)
    loaded = load_prompts("dapo_math", data_dir=evaldata)
    hit: dict[str, set[str]] = {}
    for found in suites.search(problem_text(prompt) for prompt in loaded.prompts):
        hit.setdefault(found.suite, set()).add(found.problem)
    return {"sets": {k: len(v) for k, v in texts.items()}, "problems_hit": {k: len(v) for k, v in hit.items()}}


def long_file(evaldata: Path, rows: int = 200_000) -> dict[str, Any]:
    """A file of 200,000 rows with the defaults: from nothing to the prompts of the first iteration."""
    from rlvr.config import load_recipe
    from rlvr.preparing import prepared
    from rlvr.sourcing import selection_of
    from rlvr.training import selection  # noqa: F401 brings torch, which is no part of what is measured

    with tempfile.TemporaryDirectory() as folder:
        os.environ["RLVR_CACHE"] = f"{folder}/cache"
        path = Path(folder) / "long.jsonl"
        with path.open("w") as out:
            for n in range(rows):
                text = " ".join(WORDS[(n * k + k * k) % len(WORDS)] + str(n % (k + 90)) for k in range(1, 41))
                out.write(json.dumps({"q": text, "a": str(n)}) + "\n")
        train = {"path": str(path), "prompt": "q", "answer": "a", "verifier": "math"}
        data = {"train": train, "data_dir": str(evaldata)}
        recipe = load_recipe({"model": {"path": "none"}, "data": data}).recipe
        seconds, before = [], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # torch is imported by now
        for _ in range(2):
            began, used = time.perf_counter(), time.process_time()
            found = prepared(recipe)
            first = [found.prompts[i].id for i in selection_of(recipe, found.prompts).take(0, 32)]
            seconds.append((round(time.perf_counter() - began, 2), round(time.process_time() - used, 2)))
            assert len(first) == 32
        above = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        return {
            "rows": rows,
            "peak_above_imports_mib": above,
            "first_wall_cpu": seconds[0],
            "again_wall_cpu": seconds[1],
            "kept": len(found.prompts),
        }


def references(evaldata: Path) -> dict[str, Any]:
    """`rlvr check data` on the whole of each set."""
    from rlvr.checks.data import check_data
    from rlvr.config import load_recipe

    found = {}
    for name, split in SETS:
        data = {"train": {"name": name, "split": split}, "data_dir": str(evaldata)}
        outcome = check_data(load_recipe({"model": {"path": "none"}, "data": data}).recipe)
        found[f"{name}/{split}"] = {key.removeprefix(f"{name}: "): value for key, value in outcome.figures.items()} | {
            "failures": list(outcome.failures)
        }
    return found


TASKS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "dapo": dapo, "all_sets": all_sets, "long_file": long_file, "references": references,
}  # fmt: skip


def machine() -> dict[str, Any]:
    """What the numbers were measured on. Nothing here is drawn but the first prompts, by the recipe's seed 0."""
    from rlvr.folder import environment

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    told = {key: value for key, value in environment().items() if key != "command"}
    return told | {
        "processor": names[0] if names else "unknown",
        "load_before": round(os.getloadavg()[0], 2),
        "seed": 0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaldata", type=Path)
    parser.add_argument("--task", choices=TASKS, help="only this one, in this process")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.task:
        began = time.perf_counter()
        found = TASKS[given.task](given.evaldata)
        found["seconds_in_all"] = round(time.perf_counter() - began, 1)
        found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(found))
        return
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    results: dict[str, Any] = {"machine": machine()}
    for task in TASKS:
        command = [sys.executable, __file__, str(given.evaldata), "--task", task]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        results[task] = json.loads(done.stdout.splitlines()[-1])
        print(task, json.dumps(results[task], indent=1))
    if given.out:
        given.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
