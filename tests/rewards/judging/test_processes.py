"""The judge and the processes around it: programs that end or fork, workers that cannot start or are killed."""

import gc
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards import Judge
from tests.rewards.judging.trials import HOSTILE, alive, ask
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]


def test_a_judge_that_is_forgotten_ends_its_workers() -> None:
    judge = Judge(1, functions={"pid": lambda p, c: Verdict(1.0, "correct", str(os.getpid()))}, warm=())
    pid = int(judge.judge([ask("", "pid")])[0].answer or 0)
    assert alive(pid)
    del judge
    gc.collect()
    assert wait_until(lambda: not alive(pid))


def test_forked_workers_beside_busy_torch_threads() -> None:
    torch = pytest.importorskip("torch")
    stop = threading.Event()

    def multiply() -> None:
        while not stop.is_set():
            torch.ones(200, 200) @ torch.ones(200, 200)

    busy = threading.Thread(target=multiply)
    busy.start()
    try:
        with Judge(2, timeout=5.0, functions={"f": lambda p, c: float(c.text == "x")}, warm=()) as judge:
            assert {v.reward for v in judge.judge([ask("x", "f")] * 100)} == {1.0}
    finally:
        stop.set()
        busy.join(10)


def test_a_worker_that_cannot_start_yields_errors_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module_anywhere\n")
    began = time.monotonic()
    with Judge(2, plugins=[tmp_path / "broken.py"], warm=()) as judge:
        verdicts = judge.judge([ask("good")] * 20)
    assert time.monotonic() - began < 60
    assert {v.status for v in verdicts} == {"error"}
    assert all("no_such_module_anywhere" in v.reason for v in verdicts)


def test_an_interpreter_that_cannot_start_yields_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with Judge(1, warm=()) as judge:
        (verdict,) = judge.judge([ask("good")])
    assert verdict.status == "error" and "/no/such/python" in verdict.reason


def run_python(code: str, *, stdin: bool = False, **options: Any) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-"] if stdin else [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    given = {"input": code} if stdin else {}
    return subprocess.run(arguments, capture_output=True, text=True, timeout=300, env=environment, **given, **options)


PROGRAM = """
from rlvr.core import Completion, Prompt
from rlvr.rewards import Judge
judge = Judge(2{functions})
pairs = [(Prompt("p", (), "6", "{name}"), Completion.of_text("\\\\boxed{{6}}"))] * 4
print([v.reward for v in judge.judge(pairs)])
future = judge.submit(*pairs[0])
"""  # and ends without closing


@pytest.mark.parametrize("stdin", [True, False])
@pytest.mark.parametrize("functions", ["", ", functions={'f': lambda p, c: 1.0}"])
def test_a_program_that_forgets_to_close_ends_at_once(stdin: bool, functions: str, tmp_path: Path) -> None:
    done = run_python(PROGRAM.format(functions=functions, name="f" if functions else "math"), stdin=stdin, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "[1.0, 1.0, 1.0, 1.0]\n" and not done.stderr, done


def judge_in_child(queue) -> None:
    with Judge(1) as judge:
        queue.put(judge.judge([ask("\\boxed{1}", "math")])[0].reward)


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_from_another_process(method: str) -> None:
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    child = context.Process(target=judge_in_child, args=(queue,))
    child.start()
    child.join(60)
    assert child.exitcode == 0 and queue.get() == 1.0


def test_a_forked_copy_refuses_instead_of_hanging() -> None:
    with Judge(1, warm=()) as judge:
        pid = os.fork()
        if pid == 0:
            try:
                judge.submit(*ask("1", "math"))
            except RuntimeError:
                judge.close()  # must not end the parent's workers
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        assert judge.judge([ask("1", "math")])[0].reward == 1.0


@pytest.mark.parametrize("forked", [True, False])
def test_kill_9_of_the_parent_leaves_no_worker(forked: bool, tmp_path: Path) -> None:
    functions = "{'pid': lambda p, c: Verdict(1.0, 'correct', str(os.getpid()))}" if forked else "None"
    (tmp_path / "pid.py").write_text(
        "import os\nfrom rlvr.core import Verdict\nfrom rlvr.registry import verifier\n"
        "@verifier('pid')\ndef pid(prompt, completion): return Verdict(1.0, 'correct', str(os.getpid()))\n"
    )
    code = textwrap.dedent(f"""
        import json, os, sys, time
        from rlvr.core import Completion, Prompt, Verdict
        from rlvr.rewards import Judge
        plugins = [{str(HOSTILE)!r}] + ([] if {forked} else [{str(tmp_path / "pid.py")!r}])
        judge = Judge(2, timeout=600, plugins=plugins, functions={functions}, warm=())
        ask = lambda text, name: (Prompt("p", (), "1", name), Completion.of_text(text))
        pids = sorted({{int(v.answer) for v in judge.judge([ask("", "pid")] * 50)}})
        futures = [judge.submit(*ask("spin", "hostile")), judge.submit(*ask("c_loop", "hostile"))]
        time.sleep(0.3)
        print(json.dumps(pids), flush=True)
        time.sleep(600)
    """)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pids = json.loads(parent.stdout.readline())
        assert pids and all(alive(pid) for pid in pids)
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
        assert wait_until(lambda: not any(alive(pid) for pid in pids), 60)


def test_an_idle_worker_that_is_killed_costs_no_verdict() -> None:
    with Judge(1, functions={"pid": lambda p, c: Verdict(1.0, "correct", str(os.getpid()))}, warm=()) as judge:
        (first,) = judge.judge([ask("", "pid")])
        os.kill(int(first.answer or 0), signal.SIGKILL)
        assert wait_until(lambda: not alive(int(first.answer or 0)))
        (second,) = judge.judge([ask("", "pid")])
        assert second.reward == 1.0 and second.answer != first.answer


def nested(prompt: Prompt, completion: Completion) -> Verdict:
    with Judge(1, functions={"inner": lambda p, c: Verdict(1.0, "correct", c.text)}, warm=()) as judge:
        return judge.judge([ask(completion.text, "inner")])[0]


def test_a_verifier_may_use_a_judge_itself() -> None:
    with Judge(2, functions={"nested": nested}, warm=()) as judge:
        assert [v.answer for v in judge.judge([ask("x", "nested"), ask("y", "nested")])] == ["x", "y"]
