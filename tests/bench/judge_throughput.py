"""What the judge itself costs an item: verdicts a second and CPU of both processes, with a verifier that does nothing.

    python tests/bench/judge_throughput.py --core 0    # everything on one core
    python tests/bench/judge_throughput.py --work 80   # a verifier that computes for 80 microseconds

The items are the completions of math_outputs.jsonl, each once a round; printed are the best and the median round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

from math_corpora import CORPORA, rows

from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.registry import verifier
from rlvr.rewards import Judge


@verifier("busy")
def busy(prompt: Prompt, completion: Completion, *, microseconds: float = 0.0) -> Verdict:
    """Computes for a while; told `cpu`, it says how many CPU seconds its worker has used."""
    if completion.text == "cpu":
        return Verdict(1.0, "correct", str(time.process_time()))
    until = time.perf_counter() + microseconds / 1e6
    while time.perf_counter() < until:
        pass
    return Verdict(1.0, "correct", str(prompt.answer), "the same text")


def measure(judge: Judge, pairs: list[tuple[Prompt, Completion]]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds of this process and of the one worker, of one round."""
    cpu = [(Prompt("cpu", (), "", "busy"), Completion.of_text("cpu"))]
    worker = -float(judge.judge(cpu)[0].answer or 0)
    parent, began = -time.process_time(), time.perf_counter()
    verdicts = judge.judge(pairs)
    wall, parent = time.perf_counter() - began, parent + time.process_time()
    assert [v.answer for v in verdicts] == [str(prompt.answer) for prompt, _ in pairs]
    return wall, parent, worker + float(judge.judge(cpu)[0].answer or 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=float, default=0.0, help="microseconds that the verifier computes")
    parser.add_argument("--core", type=int, help="pin everything to this core")
    parser.add_argument("--corpora", type=Path, default=CORPORA)
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    options = {"microseconds": arguments.work}
    pairs = [
        (Prompt(row["id"], (), row["gold"], (VerifierUse("busy", options=options),)), Completion.of_text(row["output"]))
        for row in rows("math_outputs.jsonl", arguments.corpora)
    ]
    with Judge(1, plugins=[__file__], warm=["busy"]) as judge:
        judge.judge(pairs)
        rounds = [measure(judge, pairs) for _ in range(arguments.rounds)]
    print(f"{len(pairs)} items, load {os.getloadavg()[0]:.1f}; microseconds an item, best (median) of {len(rounds)}:")
    columns = [*zip(*rounds, strict=True), [parent + worker for _, parent, worker in rounds]]
    for name, column in zip(("wall", "CPU of the judge", "CPU of the worker", "CPU of both"), columns, strict=True):
        best, middle = (1e6 * seconds / len(pairs) for seconds in (min(column), statistics.median(column)))
        print(f"{name:18} {best:7.1f} ({middle:.1f}), {1e6 / best:,.0f}/s ({1e6 / middle:,.0f}/s)")


if __name__ == "__main__":
    main()
