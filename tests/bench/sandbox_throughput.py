"""Trivial programs a second: the sandbox, warm, beside a bare subprocess for each.

    python tests/bench/sandbox_throughput.py [--seconds 5] [--rounds 3] [--workers 2]

All take turns, so that a busy machine is busy for all of them. Prints runs a second of wall time, and the
processor milliseconds that a run costs on both sides together, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rlvr.errors import UserError
from rlvr.rewards.sandbox import Job, Sandbox, open_sandbox

PROGRAM = b"def add(a, b):\n    return a + b\nassert add(1, 2) == 3\nprint(add(2, 3))\n"


def bare() -> bytes:
    """What a grader without a sandbox does: an interpreter a run, without site, in nothing."""
    return subprocess.run([sys.executable, "-I", "-S", "-c", PROGRAM], capture_output=True).stdout


def measure(run: Callable[[], bytes], seconds: float, workers: int) -> tuple[int, float]:
    """How many runs `workers` threads finish in about `seconds`, and the wall seconds that they took."""
    until = time.monotonic() + seconds
    counts = [0] * workers

    def work(index: int) -> None:
        while time.monotonic() < until:
            if (output := run()) != b"5\n":
                raise SystemExit(f"a run printed {output!r}")
            counts[index] += 1

    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(index,)) for index in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), time.monotonic() - began


def processor_seconds(sandbox: Sandbox | None) -> float:
    """Of this process, its children that have ended, and the sandbox's servers with theirs."""
    own = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    if sandbox is None:
        return own
    pids = [slot._pid for slot in sandbox._slots]  # type: ignore[attr-defined]
    fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:15] for pid in pids]
    return own + sum(int(field) for four in fields for field in four) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    sides: dict[str, tuple[Callable[[], bytes], Sandbox | None]] = {"bare subprocess": (bare, None)}
    for profile in ("full", "landlock"):
        try:
            sandbox = open_sandbox(profile, slots=options.workers)
        except UserError as error:
            print(f"{profile}: {error}")
            continue
        sides[f"sandbox, {profile}"] = (lambda sandbox=sandbox: sandbox.run(Job(PROGRAM)).stdout, sandbox)
    for run, _ in sides.values():
        measure(run, 0.5, options.workers)  # warm
    rates: dict[str, list[float]] = {name: [] for name in sides}
    costs: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, (run, sandbox) in sides.items():
            before = processor_seconds(sandbox)
            count, seconds = measure(run, options.seconds, options.workers)
            rates[name].append(count / seconds)
            costs[name].append((processor_seconds(sandbox) - before) / count * 1000)
    print(f"{options.workers} workers, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':18} {'runs/s':>8} {'of bare':>8} {'CPU ms/run':>11}")
    reference = statistics.median(rates["bare subprocess"])
    for name in sides:
        rate = statistics.median(rates[name])
        print(f"{name:18} {rate:8.0f} {rate / reference:7.1f}x {statistics.median(costs[name]):11.2f}")
    for _, open_one in sides.values():
        if open_one is not None:
            open_one.close()


if __name__ == "__main__":
    main()
