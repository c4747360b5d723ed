"""Whose time runs when: deadlines, and what the judge itself costs."""

import time

from rlvr.core import VerifierUse
from rlvr.rewards import Judge
from tests.rewards.judging.trials import ask


def test_the_deadline_holds() -> None:
    with Judge(1, timeout=0.3, functions={"hang": lambda prompt, completion: time.sleep(60)}, warm=()) as judge:
        judge.judge([ask("", "hang")])  # the worker is up
        began = time.monotonic()
        (verdict,) = judge.judge([ask("", "hang")])
        assert verdict.status == "timeout" and 0.3 <= verdict.seconds < 2.0 and time.monotonic() - began < 3.0
        assert judge.metrics()["verifier/worker_restarts"] >= 1
        assert judge.metrics() == {
            "verifier/error_rate": 0.0,
            "verifier/timeout_rate": 0.0,
            "verifier/seconds_p95": 0.0,
            "verifier/worker_restarts": 0.0,
        }


def test_waiting_in_the_queue_does_not_count_against_the_deadline() -> None:
    with Judge(1, timeout=1.0, functions={"nap": lambda prompt, completion: time.sleep(0.3) or 1.0}, warm=()) as judge:
        began = time.monotonic()
        verdicts = judge.judge([ask("", "nap")] * 8)  # the last one waits for over two seconds
        assert time.monotonic() - began > 2.0
    assert [v.status for v in verdicts] == ["correct"] * 8
    assert all(0.25 < v.seconds < 1.0 for v in verdicts)


def test_each_verifier_of_a_prompt_has_its_own_deadline() -> None:
    functions = {"nap": lambda p, c: time.sleep(0.6) or 1.0, "hang": lambda p, c: time.sleep(60)}
    with Judge(1, timeout=1.0, functions=functions, warm=()) as judge:
        fine, late = judge.judge(
            [ask("", (VerifierUse("nap"), VerifierUse("nap"))), ask("", (VerifierUse("nap"), VerifierUse("hang")))]
        )
    assert (fine.status, late.status) == ("correct", "timeout") and fine.seconds > 1.1 and "hang" in late.reason


def test_the_overhead_of_an_item_is_under_a_millisecond_or_two() -> None:
    with Judge(1, warm=()) as judge:
        pairs = [ask("\\boxed{1}", "math")] * 500
        judge.judge(pairs)
        best = 1e9
        for _ in range(3):
            began = time.monotonic()
            judge.judge(pairs)
            best = min(best, (time.monotonic() - began) / len(pairs))
    print(f"{best * 1e6:.0f} microseconds an item, {1 / best:.0f} items/s on one worker")
    assert best < 0.002  # measured: 0.00022 on an idle core
