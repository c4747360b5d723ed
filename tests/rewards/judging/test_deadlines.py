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
        assert verdict.status == "timeout" and verdict.seconds >= 0.3 and time.monotonic() - began < 30.0
        assert judge.metrics()["verifier/worker_restarts"] >= 1
        assert judge.metrics() == {
            "verifier/error_rate": 0.0,
            "verifier/timeout_rate": 0.0,
            "verifier/seconds_p95": 0.0,
            "verifier/worker_restarts": 0.0,
        }


def test_waiting_in_the_queue_does_not_count_against_the_deadline() -> None:
    with Judge(1, timeout=2.0, functions={"nap": lambda prompt, completion: time.sleep(0.4) or 1.0}, warm=()) as judge:
        verdicts = judge.judge([ask("", "nap")] * 7)  # the last one waits for longer than its deadline
    assert [v.status for v in verdicts] == ["correct"] * 7
    assert all(v.seconds >= 0.4 for v in verdicts)


def test_each_verifier_of_a_prompt_has_its_own_deadline() -> None:
    functions = {"nap": lambda p, c: time.sleep(1.1) or 1.0, "hang": lambda p, c: time.sleep(60)}
    with Judge(1, timeout=2.0, functions=functions, warm=()) as judge:
        fine, late = judge.judge(
            [ask("", (VerifierUse("nap"), VerifierUse("nap"))), ask("", (VerifierUse("nap"), VerifierUse("hang")))]
        )
    assert (fine.status, late.status) == ("correct", "timeout") and fine.seconds > 2.0 and "hang" in late.reason
