"""Every problem of every suite answered rightly and wrongly in every rendering, through the harness and the judge.

    python tests/bench/suites_scripted.py [--suite gsm8k --suite mbpp] [--workers 2]

Right answers should score 100 %, wrong ones 0 %; prompts that contradict themselves are left out of the right answers
and named. Each sample that was judged otherwise is in
results_suites_scripted.json, in full.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rlvr.rewards import Judge
from tests.eval.suite_scripts import SIZES, impossible, measured, renderings

OUT = Path(__file__).with_name("results_suites_scripted.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", action="append", choices=list(SIZES))
    parser.add_argument("--every", type=int, default=1, help="only every so many problems")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    rows = []
    with Judge(asked.workers, timeout=100.0, warm=["math", "choice", "code", "instructions"]) as judge:
        for suite in asked.suite or SIZES:
            for right in (True, False):
                began = time.perf_counter()
                result, others = measured(suite, right, judge, every=asked.every)
                row = {
                    "suite": suite,
                    "answers": "right" if right else "wrong",
                    "problems": result.problems,
                    "renderings": list(renderings(suite)),
                    "samples": result.total,
                    "accuracy": result.accuracy,
                    "unjudged": result.unjudged,
                    "left out": impossible(suite) if right else {},
                    "seconds": round(time.perf_counter() - began, 1),
                    "otherwise": others,
                }
                rows.append(row)
                print(f"{suite:14s} {row['answers']}: {result.accuracy:.4%} of {result.total:,} samples "
                      f"({result.problems:,} problems), {len(others)} otherwise, {row['seconds']:.0f} s")  # fmt: skip
                for text in others[:40]:
                    print("   ", text.replace("\n", " "))
    if asked.suite is None and asked.every == 1:
        OUT.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
