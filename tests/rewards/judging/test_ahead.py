"""Items that were sent ahead to a busy worker: none is lost, none is judged twice, none waits behind a slow one."""

import os
import time
from collections import Counter
from concurrent.futures import Future
from pathlib import Path

import pytest

from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.rewards import Judge
from rlvr.rewards.judging.pool import Item, Pool
from rlvr.rewards.judging.slots import Slot, Turn
from rlvr.rewards.judging.wire import frame
from rlvr.rewards.judging.worker_pipes import JudgeEnd, WorkerEnd
from tests.rewards.judging.trials import ask
from tests.waiting import wait_until

NOTED = '''
import os, pathlib, time
from rlvr.registry import verifier, get

@verifier("noted")
def noted(prompt, completion):
    """Notes that it judges; then does what `hostile` would, or waits for a file, or nothing."""
    index, deed = completion.text.split()
    with open(os.environ["NOTES"], "a") as file: file.write(index + "\\n")
    if deed == "good": return 1.0
    if deed == "slow":
        while not pathlib.Path(os.environ["NOTES"] + ".go").exists(): time.sleep(0.01)
        return 0.5
    return get("verifier", "hostile")(prompt, type(completion).of_text(deed))
'''


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "noted.py").write_text(NOTED)
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    return tmp_path / "notes"


def plugins(notes: Path) -> list[Path]:
    return [notes.with_name("noted.py"), Path(__file__).with_name("hostile.py")]


def deeds(count: int, special: dict[int, str]) -> list[tuple[Prompt, Completion]]:
    return [ask(f"{i} {special.get(i, 'good')}", "noted") for i in range(count)]


@pytest.mark.parametrize("workers", [1, 2])
def test_only_the_item_that_had_started_pays_and_none_is_judged_twice(notes: Path, workers: int) -> None:
    special = {100: "exit", 101: "kill", 150: "sleep", 200: "fork_and_return", 250: "segfault", 299: "exit"}
    with Judge(workers, timeout=1.0, plugins=plugins(notes), warm=()) as judge:
        verdicts = judge.judge(deeds(300, special))
        assert judge.metrics()["verifier/worker_restarts"] >= len(special) - 1  # the last may not be up again
    expected = ["error" if special.get(i) in ("exit", "kill", "segfault") else "correct" for i in range(300)]
    expected[150] = "timeout"
    assert [v.status for v in verdicts] == expected
    assert Counter(notes.read_text().split()) == {str(i): 1 for i in range(300)}


def test_items_are_sent_ahead_of_a_fast_worker_and_not_of_a_slow_one() -> None:
    """What a worker has before it, seen from the worker: its permits are the only socket that is not its parent's."""

    def sockets() -> dict[str, int]:
        links = {int(fd): f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")}
        names = {os.readlink(link): fd for fd, link in links.items() if os.path.islink(link)}
        return {name: fd for name, fd in names.items() if name.startswith("socket:")}

    parents = sockets()  # a test before this one may have left some, which a forked worker inherits

    def ahead(prompt: Prompt, completion: Completion) -> Verdict:
        import array
        import fcntl
        import termios

        (own,) = (fd for name, fd in sockets().items() if name not in parents)
        (size,) = array.array("i", fcntl.ioctl(own, termios.FIONREAD, bytes(4)))
        time.sleep(float(completion.text))
        return Verdict(1.0, "correct", str(size // 8))

    with Judge(1, functions={"ahead": ahead}, warm=()) as judge:
        fast = [int(v.answer or 0) for v in judge.judge([ask("0", "ahead")] * 300)]
        slow = [int(v.answer or 0) for v in judge.judge([ask("0.03", "ahead")] * 20)]
    assert max(fast) >= 8 and max(fast) <= 64 and max(slow[-8:]) == 0, (fast, slow)


def test_what_waits_behind_a_slow_item_goes_to_another_worker(notes: Path) -> None:
    with Judge(2, timeout=60.0, plugins=plugins(notes), warm=()) as judge:
        judge.judge(deeds(200, {}))  # both are up, and fast
        futures = [judge.submit(*pair) for pair in deeds(200, {20: "slow"})]
        assert wait_until(lambda: sum(future.done() for future in futures) == 199, 30)
        assert not futures[20].done()
        notes.with_name("notes.go").touch()
        assert futures[20].result(10).reward == 0.5
    assert set(Counter(notes.read_text().split()).values()) == {2}


def test_the_deadline_of_an_item_that_was_sent_ahead_starts_with_its_own_work() -> None:
    functions = {"nap": lambda prompt, completion: time.sleep(float(completion.text)) or 1.0}
    with Judge(1, timeout=2.0, functions=functions, warm=()) as judge:
        verdicts = judge.judge([ask("0", "nap")] * 100 + [ask("0.5", "nap")] * 6)
    assert {v.status for v in verdicts} == {"correct"}


def test_the_clock_is_set_again_when_the_turn_passes_to_the_next_item() -> None:
    slot = Slot(Pool(1.0, {}, {}), 0)
    slot._out.extend(Item(i, (VerifierUse("v"),), b"", Future()) for i in range(2))
    slot._turn = Turn(began=time.monotonic() - 100, started=True)
    slot._settle(Verdict(1.0, "correct"))
    assert len(slot._out) == 1 and not slot._turn.started and slot._turn.seconds() < 50


def test_long_requests_and_long_replies_pass_each_other() -> None:
    with Judge(1, functions={"echo": lambda p, c: Verdict(1.0, "correct", c.text, c.text)}, warm=()) as judge:
        texts = [str(i) * size for i in range(40) for size in (1, 5_000, 1, 200_000)]
        verdicts = judge.judge([ask("x", "echo")] * 50 + [ask(text, "echo") for text in texts])
    assert [(v.answer or "")[:50] for v in verdicts[50:]] == [text[:50] for text in texts]


def test_a_verifier_that_steals_what_was_sent_ahead_costs_at_most_one_other_verdict(notes: Path) -> None:
    with Judge(1, timeout=1.0, plugins=plugins(notes), warm=()) as judge:
        verdicts = judge.judge(deeds(100, {50: "steal"}))
    assert [v.status for v in verdicts].count("correct") >= 99


def test_a_worker_never_starts_on_what_was_taken_back() -> None:
    pipes = JudgeEnd()
    worker = WorkerEnd(*pipes.worker_fds)
    pipes.send([1, 2, 3], b"".join(frame(i, {"n": i}, "text") for i in (1, 2, 3)))
    assert pipes.permits_left() == 3
    assert worker.next_request() == (1, {"n": 1, "text": "text"})
    assert pipes.permits_left() == 2 and pipes.take_back() == {2, 3}
    assert pipes.permits_left() == 0 and pipes.take_back() == set()
    pipes.send([4], frame(4, {}, "new"))
    assert worker.next_request() == (4, {"text": "new"})
    worker.reply(4, {"verdicts": []})
    assert pipes.receive(time.monotonic() + 5) == [(4, {"verdicts": []})]
    assert pipes.receive(time.monotonic() + 0.01) == []
    pipes.handed_over(-1)
    with pytest.raises(EOFError):
        pipes.receive(time.monotonic() + 5)
    pipes.close()


def test_messages_before_nonsense_count() -> None:
    pipes = JudgeEnd()
    os.write(pipes.worker_replies, frame(1, {"a": 1}) + b"\xff" * 64)
    assert pipes.receive(time.monotonic() + 5) == [(1, {"a": 1})]
    with pytest.raises(ValueError, match="impossible length"):
        pipes.receive(time.monotonic() + 5)
    pipes.handed_over(-1)
    pipes.close()
