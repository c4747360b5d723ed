"""Every gaming probe on every ARC test row (bare, and with its options listed), and what the verifiers' kit finds.

    python tests/bench/gaming_probes.py --data-dir FOLDER --out tests/bench/results_gaming_probes.json

FOLDER holds arc_challenge.jsonl and arc_easy.jsonl. Printed: how many completions were paid, how many verdicts a second
one core gave, and the figures of `rlvr check verifier` for each verifier of ours.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rlvr.checks.probes import games
from rlvr.checks.verifier import check_verifier
from rlvr.core import Completion, Prompt
from rlvr.registry import REGISTRIES, get
from rlvr.rewards import choice


def prompts(folder: Path) -> Iterator[Prompt]:
    for name in ("arc_challenge", "arc_easy"):
        for line in (folder / f"{name}.jsonl").open(encoding="utf-8"):
            row = json.loads(line)
            pairs = zip(row["choices"]["label"], row["choices"]["text"], strict=True)
            choices = [{"label": label, "text": text} for label, text in pairs]
            listed = "\n".join(f"{c['label']}. {c['text']}" for c in choices)
            for text in (row["question"], f"{row['question']}\n{listed}"):
                messages = ({"role": "user", "content": text},)
                yield Prompt(row["id"], messages, row["answerKey"], "choice", {"choices": choices})


def arc(folder: Path) -> dict[str, Any]:
    paid, judged, seconds = Counter[str](), 0, 0.0
    for prompt in prompts(folder):
        for name, text in games(prompt):
            began = time.process_time()
            verdict = choice(prompt, Completion.of_text(text))
            seconds += time.process_time() - began
            judged += 1
            if verdict.reward != 0.0:
                paid[name] += 1
    return {
        "probes": judged,
        "paid or not judged": sum(paid.values()),
        "by probe": dict(paid),
        "per second of a core": round(judged / seconds),
    }


def kit() -> dict[str, Any]:
    found = {}
    for name in REGISTRIES["verifier"].names():
        if get("verifier", name).__module__.startswith("rlvr."):
            outcome = check_verifier(name)
            figures = {k: v for k, v in outcome.figures.items() if k not in ("verifier", "defined at")}
            found[name] = {"passed": outcome.passed, **figures, "failures": outcome.failures}
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    results = {"arc": arc(given.data_dir), "check verifier": kit()}
    print(json.dumps(results, indent=2))
    if given.out:
        given.out.write_text(json.dumps(results, indent=2) + "\n")
