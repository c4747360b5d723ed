"""100,000 stored samples of an evaluation judged again by `rlvr score`, on two cores.

    python tests/bench/rescoring.py --out tests/bench/results_rescoring.json

The samples are those of an evaluation of GSM8K and MATH500: every problem's reference, written and spoiled in several
ways after a paragraph of reasoning, as many times as it takes. The command is a user's own, with two workers; its
processes are bound to two cores. What is timed is the command, with its start, reading and printing.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rlvr.core import Completion, Span, Verdict
from rlvr.eval.records import Record
from rlvr.eval.results import Sample
from rlvr.eval.suites import suite_for

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "evaldata"
WAYS = (
    "So the answer is $\\boxed{{{0}}}$.",
    "Therefore \\[ x = \\boxed{{{0}}} \\]", "**Answer:** {0}", "The answer is {0}.",
    "\\boxed{{{0}+1}}", "\\boxed{{17.25}}", "I do not know.", "After all this, it is hard to say whether",
)  # fmt: skip
STEPS = (
    "First we look at what is given and write it down.", "Multiplying both sides by $2$ gives $2x + 6 = 14$.",
    "Hence $x = 4$, which we check by putting it in.", "There are 12 of them, and 3 are taken away, so 9 remain.",
    "By symmetry we may assume that $a \\le b$.", "Wait, that is not right: let me compute $7 \\cdot 8 = 56$ again.",
)  # fmt: skip


def store(folder: Path, count: int) -> None:
    """An evaluation's record of so many samples; what was recorded as their verdict is that nothing was right."""
    draw = random.Random(0)
    left = count
    for name, share in (("gsm8k", 0.7), ("math500", 0.3)):
        prompts = suite_for(name).load(data_dir=DATA).prompts
        wanted = min(left, round(count * share))
        left -= wanted
        with Record(folder / "records.jsonl", {"suite": name, "sampling": {}}, resume=False) as record:
            for number, prompt in zip(range(wanted), itertools.cycle(prompts), strict=False):
                steps = " ".join(draw.choices(STEPS, k=draw.randrange(2, 12)))
                text = f"{steps}\n\n{draw.choice(WAYS).format(prompt.answer)} [{number}]"
                ids = tuple(draw.randrange(50_000) for _ in range(len(text) // 4))
                completion = Completion((Span("sampled", ids, (-0.5,) * len(ids)),), text, prompt_ids=ids[:100])
                sample = Sample(prompt.id, number // len(prompts), Verdict(0.0, "wrong"), len(ids), "stop")
                record.append(prompt, completion, sample)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store(folder, given.samples)
        size = (folder / "records.jsonl").stat().st_size
        words = [sys.executable, "-m", "rlvr", "score", str(folder), "--verifier", "math", "--workers", "2", "--json"]
        began = time.monotonic()
        done = subprocess.run(
            words, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=1800,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )  # fmt: skip
        seconds = time.monotonic() - began
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["rows"] == given.samples
    found = {
        "samples": told["rows"], "seconds": round(seconds, 1), "samples a second": round(told["rows"] / seconds),
        "gigabytes": round(size / 1e9, 3), "cores": len(cores), "statuses": told["statuses"],
        "flipped": told["flipped"], "verifier seconds": told["verifier_seconds"],
        "load": os.getloadavg()[0], "machine": platform.platform(),
    }  # fmt: skip
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))
    assert told["statuses"]["correct"] == told["flipped"]


if __name__ == "__main__":
    main()
