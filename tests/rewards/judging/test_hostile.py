"""The judge against verifiers that hang, crash, fork, eat memory, print and lie: each costs one verdict."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlvr.rewards import Judge
from tests.rewards.judging.trials import HOSTILE, alive, ask
from tests.waiting import wait_until

#: what it does -> (status, words that the reason holds)
EXPECTED = {
    "sleep": ("timeout", "ran longer than"),
    "raise": ("error", "RuntimeError: on purpose (hostile.py:"),
    "exit": ("error", "exit code 3"),
    "segfault": ("error", "SIGSEGV"),
    "kill": ("error", "SIGKILL"),
    "stop": ("timeout", "ran longer than"),
    "memory": ("error", "out of memory"),
    "one_big_allocation": ("error", "out of memory"),
    "print": ("partial", ""),
    "fork_and_return": ("correct", ""),
    "leave_child": ("correct", ""),
    "leave_grandchild": ("correct", ""),
    "fork_then_hang": ("timeout", ""),
    "close_fds": ("error", "ended its worker"),
    "system_exit": ("error", "SystemExit"),
    "interrupt": ("error", "KeyboardInterrupt"),
    "bare": ("error", "BaseException: bare"),
    "spin": ("timeout", ""),
    "c_loop": ("timeout", ""),
    "ignore_sigterm": ("timeout", ""),
    "alarm": ("correct", ""),
    "recurse": ("error", "RecursionError"),
    "string": ("error", "returned a str"),
    "nan": ("error", "returned nan"),
    "above": ("error", "returned 1.5"),
    "none": ("error", "could not judge"),
    "huge": ("error", "returned a str"),
    "huge_answer": ("correct", ""),
    "many_parts": ("error", "too many"),
    "nan_part": ("error", "parts"),
    "evil_error": ("error", "Evil: (no message)"),
    "slow_value": ("timeout", ""),
    "lie": ("error", "nonsense"),
    "lie_about_length": ("error", "nonsense"),
    "threads": ("correct", ""),
}


@pytest.fixture(scope="module")
def hostile_judge() -> Iterator[Judge]:
    with Judge(workers=1, timeout=1.5, memory_mb=256, plugins=[HOSTILE], warm=()) as judge:
        yield judge


def test_an_alarm_that_a_verifier_sets_does_not_ring_in_the_next_item(hostile_judge: Judge) -> None:
    hostile_judge.judge([ask("good")])
    hostile_judge.metrics()
    hostile_judge.judge([ask("alarm")])
    time.sleep(0.2)
    assert hostile_judge.judge([ask("good")])[0].reward == 1.0
    assert hostile_judge.metrics()["verifier/worker_restarts"] == 0


@pytest.mark.parametrize("deed", EXPECTED)
def test_a_hostile_verifier_costs_exactly_one_verdict(hostile_judge: Judge, deed: str) -> None:
    status, words = EXPECTED[deed]
    hostile_judge.metrics()
    before, verdict, after = hostile_judge.judge([ask("good"), ask(deed), ask("good")])
    assert verdict.status == status and words in verdict.reason, verdict
    assert (verdict.reward is None) == (status in ("timeout", "error"))
    assert before.status == after.status == "correct"
    metrics = hostile_judge.metrics()
    assert metrics["verifier/error_rate"] == pytest.approx((status == "error") / 3)
    assert metrics["verifier/timeout_rate"] == pytest.approx((status == "timeout") / 3)
    assert len(verdict.answer or "") < 100_000 and len(verdict.reason) < 1_000


def test_forked_workers_bear_the_same_deeds() -> None:
    names = [
        "sleep",
        "raise",
        "exit",
        "segfault",
        "memory",
        "leave_grandchild",
        "close_fds",
        "lie",
        "string",
        "interrupt",
    ]
    with Judge(
        2, timeout=3.0, memory_mb=256, plugins=[HOSTILE], functions={"mine": lambda p, c: 1.0}, warm=()
    ) as judge:
        pairs = [pair for name in names for pair in (ask(name), ask("", "mine"))]
        verdicts = judge.judge(pairs)
    assert [v.status for v in verdicts[::2]] == [EXPECTED[name][0] for name in names]
    assert {v.status for v in verdicts[1::2]} == {"correct"}


STRAYS = """
import os, time
from rlvr.registry import verifier

def stay(write):
    os.setsid()
    with open(os.environ["PIDS"], "a") as file: file.write(f"{os.getpid()}\\n")
    os.write(write, b"x")
    time.sleep(1000)
    os._exit(0)

@verifier("strays", owns_processes=%s)
def strays(prompt, completion):
    read, write = os.pipe()
    if os.fork() == 0:
        if completion.text == "grandchild" and os.fork() > 0:
            os._exit(0)
        stay(write)
    os.read(read, 1)
    if completion.text == "hang":
        time.sleep(1000)
    return 1.0
"""


@pytest.mark.parametrize(("deed", "status"), [("child", "correct"), ("grandchild", "correct"), ("hang", "timeout")])
@pytest.mark.parametrize("owned", [False, True])
def test_processes_that_a_verifier_leaves_are_killed(
    tmp_path: Path, deed: str, status: str, owned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    monkeypatch.setenv("PIDS", str(pids))
    (tmp_path / "strays.py").write_text(STRAYS % owned)
    with Judge(1, timeout=1.0, plugins=[tmp_path / "strays.py"], warm=()) as judge:
        (verdict,) = judge.judge([ask(deed, "strays")])
        assert verdict.status == status
        (stray,) = [int(word) for word in pids.read_text().split()]
        if owned and status == "correct":  # it says that it keeps them: they live as long as the worker
            assert alive(stray) and judge.metrics()["verifier/worker_restarts"] == 0
        else:
            assert wait_until(lambda: not alive(stray))
    assert wait_until(lambda: not alive(stray))
