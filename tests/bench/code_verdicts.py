"""The code verifier: verdicts a second on trivial tests beside a bare subprocess a test, and agreement on the corpora.

    python tests/bench/code_verdicts.py                # speed, then every corpus in full
    python tests/bench/code_verdicts.py --only speed --isolation landlock

Verdicts come through the judge with warm workers. The bare subprocess is `python -I -S` with the program and its test
in one file, as many at a time as there are workers, isolated from nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from code_corpora import Case, humaneval, leetcode, mbpp, samples

from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.rewards import Judge

ADD = "def add(a, b):\n    return a + b\n"
FENCED, SCRIPT = f"```python\n{ADD}```", "```python\na, b = map(int, input().split())\nprint(a + b)\n```"
TEST = "assert add(1, 2) == 3"
TRIVIAL = {
    "stdin": Case("stdin", {"kind": "stdin", "inputs": ["1 2\n"], "outputs": ["3\n"]}, SCRIPT, True),
    "call": Case("call", {"kind": "call", "entry_point": "add", "inputs": [[1, 2]], "outputs": [3]}, FENCED, True),
    "asserts": Case("asserts", {"kind": "asserts", "tests": [TEST]}, FENCED, True),
    "asserts in a sandbox of their own": Case(
        "setup", {"kind": "asserts", "tests": [TEST], "setup": "import math"}, FENCED, True
    ),
    "check": Case(
        "check",
        {
            "kind": "check",
            "entry_point": "add",
            "test": f"def check(candidate):\n    {TEST.replace('add', 'candidate')}",
        },
        FENCED,
        True,
    ),
}


def judged(judge: Judge, cases: list[Case], isolation: str) -> tuple[list[Verdict], float]:
    """The verdicts and the wall seconds of the call."""
    uses = (VerifierUse("code", options={"isolation": isolation, "seconds_per_test": 40.0, "seconds_in_all": 80.0}),)
    pairs = [
        (Prompt(c.id, (), c.answer, uses, {"prompt_code": c.prompt_code}), Completion.of_text(c.completion))
        for c in cases
    ]
    began = time.perf_counter()
    return judge.judge(pairs), time.perf_counter() - began


def bare(count: int, workers: int) -> float:
    """Wall seconds of so many bare subprocesses."""
    command = [sys.executable, "-I", "-S", "-c", f"{ADD}\n{TEST}"]
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        assert not any(pool.map(lambda _: subprocess.run(command).returncode, range(count)))
    return time.perf_counter() - began


def speed(judge: Judge, workers: int, isolation: str, count: int) -> None:
    print(f"{'bare subprocess a test':36} {count / bare(count, workers):8.1f} /s")
    for name, case in TRIVIAL.items():
        judged(judge, [case] * 4 * workers, isolation)
        verdicts, seconds = judged(judge, [case] * count, isolation)
        assert all(verdict.reward == 1.0 for verdict in verdicts), verdicts[0]
        print(f"{name:36} {count / seconds:8.1f} verdicts/s")


def corpus(judge: Judge, name: str, rows: Iterator[Case], isolation: str) -> None:
    cases = list(rows)
    verdicts, seconds = judged(judge, cases, isolation)
    wrong = [(c, v) for c, v in zip(cases, verdicts, strict=True) if v.reward != float(c.passes)]
    print(
        f"{name:36} {len(cases) - len(wrong)} of {len(cases)} as known, {seconds:.1f} s, {len(cases) / seconds:.0f} /s"
    )
    for case, verdict in wrong:
        print(f"    {case.id}: {verdict.reward}, {verdict.reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["speed", "corpora"])
    parser.add_argument("--isolation", default="auto")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--count", type=int, default=400, help="verdicts of each kind")
    arguments = parser.parse_args()
    with Judge(arguments.workers, timeout=100.0, warm=["code"]) as judge:
        if arguments.only != "corpora":
            speed(judge, arguments.workers, arguments.isolation, arguments.count)
        if arguments.only != "speed":
            corpora = {
                "HumanEval": humaneval(),
                "MBPP": mbpp(),
                "samples": samples(),
                "LeetCode": leetcode(),
                "LeetCode, others' solutions": leetcode(shift=1),
            }
            for name, rows in corpora.items():
                corpus(judge, name, rows, arguments.isolation)


if __name__ == "__main__":
    main()
