"""The judge: verdicts in order, weighed, with all kinds of data, from verifiers of all kinds, until it closes."""

import concurrent.futures
import os
import threading
import time

import pytest

from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.rewards import Judge
from tests.rewards.judging.trials import alive, ask
from tests.waiting import wait_until


def slow_then_index(prompt: Prompt, completion: Completion) -> Verdict:
    time.sleep(0.05 if int(completion.text) % 7 == 0 else 0)
    return Verdict(1.0, "correct", completion.text)


def test_order_in_is_order_out_from_several_threads() -> None:
    with Judge(3, functions={"index": slow_then_index}, warm=()) as judge:
        results: dict[int, list[str | None]] = {}

        def work(offset: int) -> None:
            pairs = [ask(str(i), "index") for i in range(offset, offset + 60)]
            results[offset] = [v.answer for v in judge.judge(pairs)]

        threads = [threading.Thread(target=work, args=(offset,)) for offset in (0, 1000, 2000, 3000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert results == {offset: [str(i) for i in range(offset, offset + 60)] for offset in (0, 1000, 2000, 3000)}


def test_closures_run_in_forked_workers_and_keep_their_state() -> None:
    secret = {"word": "swordfish"}
    lock = threading.Lock()  # cannot be pickled
    functions = {
        "secret": lambda prompt, completion, *, need=1: (
            (lock is not None) and completion.text.count(secret["word"]) >= need
        )
    }
    with Judge(2, functions=functions, warm=()) as judge:
        uses = (VerifierUse("secret", options={"need": 2}),)
        verdicts = judge.judge([ask("swordfish", "secret"), ask("cod", "secret"), ask("swordfish", uses)])
    assert [v.reward for v in verdicts] == [1.0, 0.0, 0.0]


def test_several_verifiers_are_weighed() -> None:
    functions = {
        "one": lambda p, c: Verdict(1.0, "correct", "a", "fine", {"depth": 0.5}),
        "half": lambda p, c: 0.5,
        "broken": lambda p, c: None,
        "zero": lambda p, c: 0.0,
    }
    with Judge(1, functions=functions, warm=()) as judge:

        def weigh(*weights: tuple[str, float]) -> Verdict:
            return judge.judge([ask("", tuple(VerifierUse(name, weight) for name, weight in weights))])[0]

        mixed = weigh(("one", 3), ("half", 1))  # (3 * 1 + 1 * 0.5) / 4
        assert (mixed.reward, mixed.status, mixed.answer) == (0.875, "partial", "a")
        assert mixed.parts == {"one": 1.0, "one/depth": 0.5, "half": 0.5} and mixed.reason == "one: fine"
        assert weigh(("one", 0.1), ("one", 0.7), ("one", 0.2)).reward == 1.0  # and not 0.9999999999999999
        assert set(weigh(("one", 1), ("one", 1)).parts) == {"one", "one/depth", "one#2", "one#2/depth"}
        assert weigh(("zero", 1), ("zero", 2)).status == "wrong"
        unjudged = weigh(("one", 1), ("broken", 1))
        assert (unjudged.reward, unjudged.status, unjudged.parts["one"]) == (None, "error", 1.0)
        assert weigh(("one", 1), ("half", -1)).status == "error"
        alone = weigh(("one", 5))
        assert (alone.status, alone.parts, alone.reason) == ("correct", {"depth": 0.5}, "fine")


def test_unknown_names_and_options_and_unplain_data_are_errors_of_one_item() -> None:
    with Judge(1, warm=()) as judge:
        strange = Prompt("p", (), object(), "math"), Completion.of_text("1")
        untold = Prompt("p", (), "1", "math"), Completion.of_text(None)  # type: ignore[arg-type]
        unknown, option, unplain, textless, fine = judge.judge(
            [ask("1", "mth"), ask("1", (VerifierUse("math", options={"no": 1}),)), strange, untold, ask("1", "math")]
        )
        assert judge.metrics()["verifier/worker_restarts"] == 0
    assert (textless.status, "is a NoneType, not text" in textless.reason) == ("error", True)
    assert "did you mean 'math'" in unknown.reason and "no" in option.reason and "not plain data" in unplain.reason
    assert {unknown.status, option.status, unplain.status} == {"error"} and fine.reward == 1.0


def test_text_with_surrogates_nulls_and_megabytes_arrives_whole() -> None:
    texts = ["\ud800 lone", "\x00\x01", "é" * 3_000_000, ""]
    with Judge(
        1, functions={"echo": lambda p, c: Verdict(1.0, "correct", str(len(c.text)), c.text[:6])}, warm=()
    ) as judge:
        verdicts = judge.judge([ask(text, "echo") for text in texts])
    assert [v.answer for v in verdicts] == [str(len(text)) for text in texts]
    assert [v.reason for v in verdicts] == [text[:6] for text in texts]


def test_closing_ends_the_workers_and_answers_what_waits() -> None:
    functions = {"hang": lambda p, c: time.sleep(60), "pid": lambda p, c: Verdict(1.0, "correct", str(os.getpid()))}
    judge = Judge(2, timeout=60, functions=functions, warm=())
    pids = {int(v.answer or 0) for v in judge.judge([ask("", "pid")] * 20)}
    futures = [judge.submit(*ask("", "hang")) for _ in range(5)]
    time.sleep(0.3)
    began = time.monotonic()
    judge.close()
    judge.close()
    assert time.monotonic() - began < 30
    assert {f.result(timeout=60).status for f in futures} == {"error"}
    assert wait_until(lambda: not any(alive(pid) for pid in pids))
    with pytest.raises(RuntimeError, match="closed"):
        judge.submit(*ask("good"))


def test_what_waits_when_a_judge_closes_says_so() -> None:
    judge = Judge(1, functions={"nap": lambda p, c: time.sleep(0.2) or 1.0}, warm=())
    futures = [judge.submit(*ask("", "nap")) for _ in range(50)]
    judge.close()
    assert {f.result(5).reason for f in futures} <= {"the judge was closed", ""}
    assert futures[-1].result(0).reason == "the judge was closed"


def test_a_cancelled_future_is_skipped() -> None:
    with Judge(1, functions={"nap": lambda p, c: time.sleep(0.5) or 1.0}, warm=()) as judge:
        first, second, third = (judge.submit(*ask("", "nap")) for _ in range(3))
        assert second.cancel()
        assert first.result(10).reward == third.result(10).reward == 1.0
        with pytest.raises(concurrent.futures.CancelledError):
            second.result(0)
