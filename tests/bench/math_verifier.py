"""The math verifier beside Math-Verify: how often each is right, and how fast, from one run.

    python tests/bench/math_verifier.py                              # every section, both sides
    python tests/bench/math_verifier.py --only equiv --misses        # one section, with what we get wrong
    python tests/bench/math_verifier.py --only equiv,outputs --ours  # without Math-Verify
    python tests/bench/math_verifier.py --ids me-88de50554c          # single rows, explained

Our verdicts come through the judge with one worker, warm, without a cache, each row once; milliseconds are those inside
the worker. Math-Verify runs in a process of its own with its timeouts off, and a call that takes 20 s is ended.
Two rates: verdicts a second of wall time (ours of the whole call, theirs of the calls' own seconds alone), and of
processor time, which other work on the machine does not change (ours of the judge and its worker together).
`--core N` pins everything to one core, so that both sides have the same.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.math_corpora import CORPORA, SECTIONS, Case

HANG = 20.0  # seconds after which a call of Math-Verify is ended and counted as a hang


@dataclass(frozen=True)
class Answer:
    """What one side said to one case: right or not, in how many seconds, and why."""

    right: bool
    seconds: float
    cpu: float = 0.0
    status: str = ""
    answer: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Result:
    """One side on one section."""

    side: str
    rows: int
    accuracy: float
    false_positives: list[str]
    false_negatives: list[str]
    per_second: float
    per_cpu_second: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    statuses: dict[str, int]


def cpu_seconds() -> float:
    """Processor seconds of this process and of its children, those that live among them (Linux)."""
    ticks = 0
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def ours(cases: list[Case], workers: int, timeout: float) -> tuple[list[Answer], float, float]:
    """Our verdicts, and the wall and processor seconds of the call."""
    from rlvr.core import Completion, Prompt
    from rlvr.rewards import Judge

    pairs = [(Prompt(c.id, (), c.gold, c.verifier, c.meta), Completion.of_text(c.completion)) for c in cases]
    warm = sorted({case.verifier for case in cases})
    with Judge(workers, timeout, warm=warm) as judge:
        ready = [(Prompt("warm", (), "2", name), Completion.of_text("\\boxed{1}")) for name in warm]
        judge.judge(ready * workers)
        began, used = time.perf_counter(), cpu_seconds()
        verdicts = judge.judge(pairs)
        wall, cpu = time.perf_counter() - began, cpu_seconds() - used
    return [Answer(v.reward == 1.0, v.seconds, 0.0, v.status, v.answer, v.reason) for v in verdicts], wall, cpu


class MathVerify:
    """A process that runs Math-Verify, replaced where it hangs."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("side_math_verify.py"))]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._line(120.0)

    def _line(self, seconds: float) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def judge(self, case: Case) -> Answer:
        assert self._process.stdin is not None
        gold = case.gold if isinstance(case.gold, str) else case.gold[0]
        self._process.stdin.write(json.dumps({"gold": gold, "completion": case.completion}).encode() + b"\n")
        self._process.stdin.flush()
        reply = self._line(HANG)
        if reply is None:
            self.close()
            self._start()
            return Answer(False, HANG, HANG, "hang")
        status = "correct" if reply["right"] else "wrong" if reply["read"] else "unparsable"
        return Answer(reply["right"], reply["seconds"], reply["cpu"], status)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def theirs(cases: list[Case]) -> list[Answer]:
    """Math-Verify's verdicts."""
    side = MathVerify()
    try:
        return [side.judge(case) for case in cases]
    finally:
        side.close()


def summary(side: str, cases: list[Case], answers: list[Answer], wall: float, cpu: float) -> Result:
    """The figures of one side. `wall` and `cpu` are in seconds."""
    seconds = sorted(answer.seconds for answer in answers)
    pairs = list(zip(cases, answers, strict=True))
    statuses: dict[str, int] = {}
    for answer in answers:
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
    return Result(
        side,
        len(cases),
        sum(answer.right == case.label for case, answer in pairs) / len(cases),
        [case.id for case, answer in pairs if answer.right and not case.label],
        [case.id for case, answer in pairs if case.label and not answer.right],
        len(cases) / wall,
        len(cases) / max(cpu, 1e-9),
        *(1000 * seconds[min(len(seconds) - 1, int(len(seconds) * q))] for q in (0.5, 0.99, 1.0)),
        statuses,
    )


def measure(name: str, cases: list[Case], arguments: argparse.Namespace) -> list[Result]:
    """One section, both sides; prints what was asked for beside the table."""
    answers, wall, cpu = ours(cases, arguments.workers, arguments.timeout)
    results = [summary("rlvr", cases, answers, wall, cpu)]
    if arguments.misses:
        for case, answer in zip(cases, answers, strict=True):
            if answer.right != case.label:
                explain(name, case, answer)
    if not arguments.ours and name != "options":  # Math-Verify has no options to choose from
        others = theirs(cases)
        spent = sum(answer.seconds for answer in others), sum(answer.cpu for answer in others)
        results.append(summary("math-verify", cases, others, *spent))
    return results


def explain(name: str, case: Case, answer: Answer) -> None:
    """One row in a few lines."""
    print(f"\n{name} {case.id}: expected {'right' if case.label else 'wrong'}, got {answer.status}")
    print(f"  gold        {case.gold!r}\n  completion  {case.completion[-300:]!r}")
    print(f"  extracted   {answer.answer!r}\n  reason      {answer.reason}  ({1000 * answer.seconds:.1f} ms)")


def markdown(results: dict[str, list[Result]]) -> str:
    """The table."""
    lines = [
        "| section | side | rows | right | FP | FN | verdicts/s | per CPU s | p50 ms | p99 ms | worst ms | statuses |"
    ]
    lines.append("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name, sides in results.items():
        for r in sides:
            statuses = ", ".join(f"{key} {count}" for key, count in sorted(r.statuses.items()))
            wrong = f"{len(r.false_positives)} | {len(r.false_negatives)}"
            speed = (
                f"{r.per_second:,.0f} | {r.per_cpu_second:,.0f} | {r.p50_ms:.3f} | {r.p99_ms:.1f} | {r.worst_ms:.0f}"
            )
            lines.append(
                f"| {name} | {r.side} | {r.rows} | {100 * r.accuracy:.2f} % | {wrong} | {speed} | {statuses} |"
            )
    return "\n".join(lines)


def latex(folder: Path) -> str:
    """How our reader does on the LaTeX parser's own suite: right, refused, read otherwise."""
    from rlvr.rewards.mathematics.expression import Unreadable
    from rlvr.rewards.mathematics.reading import read
    from rlvr.rewards.mathematics.symbolic import NotSymPy, to_sympy
    from tests.bench.math_corpora import rows
    from tests.rewards.mathematics.test_latex_corpus import OTHERWISE, same, tree

    counts = {"right": 0, "refused": 0, "documented otherwise": 0, "wrong": 0}
    for row in rows("latex_parse.jsonl", folder):
        try:
            value = to_sympy(read(row["latex"]))
        except (Unreadable, NotSymPy):
            value = None
        if (value is None and row["srepr"] is None) or (
            None not in (value, row["srepr"]) and same(value, tree(row["srepr"]))
        ):
            counts["right"] += 1
        elif value is None:
            counts["refused"] += 1
        else:
            counts["documented otherwise" if row["latex"] in OTHERWISE else "wrong"] += 1
    total = sum(counts.values())
    shown = ", ".join(f"{name} {count} ({100 * count / total:.1f} %)" for name, count in counts.items())
    return f"latex_parse: {total} rows: {shown}; Math-Verify: its parser's own suite"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join([*SECTIONS, "latex"]), help=f"of {', '.join(SECTIONS)}, latex")
    parser.add_argument("--ours", action="store_true", help="leave Math-Verify out")
    parser.add_argument("--misses", action="store_true", help="print each row that we get wrong")
    parser.add_argument("--ids", default="", help="only these rows, explained")
    parser.add_argument("--limit", type=int, default=0, help="the first N rows of a section")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds for one of our verdicts")
    parser.add_argument("--core", type=int, help="pin everything to this core")
    parser.add_argument("--corpora", type=Path, default=CORPORA)
    parser.add_argument("--json", type=Path, help="write the results, with the ids of all misses, to this file")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    results = {}
    for name in arguments.only.split(","):
        if name == "latex":
            print(latex(arguments.corpora))
            continue
        cases = SECTIONS[name](arguments.corpora)
        cases = cases[: arguments.limit] if arguments.limit else cases
        if wanted := set(filter(None, arguments.ids.split(","))):
            cases = [case for case in cases if wanted & {case.id, *case.id.split("/")}]
            for case, answer in zip(cases, ours(cases, 1, arguments.timeout)[0], strict=True):
                explain(name, case, answer)
        elif cases:
            results[name] = measure(name, cases, arguments)
    if results:
        print(f"\n{markdown(results)}")
    if arguments.json:
        arguments.json.write_text(json.dumps({name: [asdict(r) for r in rs] for name, rs in results.items()}, indent=1))


if __name__ == "__main__":
    main()
