"""The judge against verifiers that hang, crash, fork, eat memory, print and lie: each costs one verdict."""

import concurrent.futures
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

import pytest

from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.rewards import Judge

ROOT = Path(__file__).resolve().parents[2]

HOSTILE = """
import ctypes, os, signal, sys, threading, time
import multiprocessing, subprocess
from rlvr.core import Verdict
from rlvr.registry import verifier

@verifier("hostile")
def hostile(prompt, completion, *, note=""):
    do = completion.text
    if do == "good":
        return 1.0
    return globals()["do_" + do]()

def do_sleep(): time.sleep(1000)
def do_raise(): raise RuntimeError("on purpose")
def do_exit(): os._exit(3)
def do_segfault(): ctypes.string_at(0)
def do_kill(): os.kill(os.getpid(), signal.SIGKILL)
def do_stop(): os.kill(os.getpid(), signal.SIGSTOP)
def do_memory():
    hoard = []
    while True: hoard.append(bytes(16 << 20))
def do_one_big_allocation(): return len(bytearray(1 << 40))
def do_print():
    for _ in range(64):
        sys.stdout.write("x" * (1 << 20)); sys.stderr.write("y" * (1 << 20)); os.write(1, b"z" * 99999)
    return 0.5
def do_fork_and_return():
    os.fork()
    return 1.0
def do_leave_child():
    if os.fork() == 0:
        os.setsid(); time.sleep(1000); os._exit(0)
    return 1.0
def do_leave_grandchild():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
    os.wait()
    return 1.0
def do_fork_then_hang():
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    time.sleep(1000)
def do_close_fds():
    os.closerange(0, 256)
    return 1.0
def do_system_exit(): sys.exit(0)
def do_interrupt(): raise KeyboardInterrupt
def do_bare(): raise BaseException("bare")
def do_spin():
    while True: pass
def do_c_loop(): return len(str(9 ** 9 ** 9))
def do_ignore_sigterm():
    signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)
def do_alarm():
    signal.signal(signal.SIGALRM, signal.SIG_DFL); signal.setitimer(signal.ITIMER_REAL, 0.05); return 1.0
def do_recurse():
    return do_recurse()
def do_string(): return "1.0"
def do_nan(): return float("nan")
def do_above(): return 1.5
def do_none(): return None
def do_huge(): return "x" * (64 << 20)
def do_huge_answer(): return Verdict(1.0, "correct", "x" * (64 << 20))
def do_many_parts(): return Verdict(1.0, "correct", parts={str(i): 0.0 for i in range(100000)})
def do_nan_part(): return Verdict(1.0, "correct", parts={"a": float("nan")})
class Evil(Exception):
    def __str__(self): raise RuntimeError("not even this")
def do_evil_error(): raise Evil()
class Slow:
    def item(self): time.sleep(1000)
def do_slow_value(): return Slow()
def do_lie():
    import struct, json
    for fd in range(3, 32):
        try: os.write(fd, struct.pack(">Q", 7) + b"garbage")
        except OSError: pass
    return 1.0
def do_lie_about_length():
    for fd in range(3, 32):
        try: os.write(fd, b"\\xff" * 64)
        except OSError: pass
    return 1.0
def do_threads():
    for _ in range(2): threading.Thread(target=time.sleep, args=(1000,), daemon=False).start()
    return 1.0
"""

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


def ask(text: str, verifier: str | tuple[VerifierUse, ...] = "hostile") -> tuple[Prompt, Completion]:
    return Prompt("p", ({"role": "user", "content": "?"},), "1", verifier), Completion.of_text(text)


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("plugins") / "hostile.py"
    file.write_text(HOSTILE)
    return file


@pytest.fixture(scope="module")
def hostile_judge(plugin: Path):
    with Judge(workers=1, timeout=1.5, memory_mb=256, plugins=[plugin], warm=()) as judge:
        yield judge


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


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


def test_forked_workers_bear_the_same_deeds(plugin: Path) -> None:
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
    with Judge(2, timeout=3.0, memory_mb=256, plugins=[plugin], functions={"mine": lambda p, c: 1.0}, warm=()) as judge:
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


def test_unknown_names_and_options_and_unplain_data_are_errors_of_one_item() -> None:
    with Judge(1, warm=()) as judge:
        strange = Prompt("p", (), object(), "math"), Completion.of_text("1")
        unknown, option, unplain, fine = judge.judge(
            [ask("1", "mth"), ask("1", (VerifierUse("math", options={"no": 1}),)), strange, ask("1", "math")]
        )
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
    assert time.monotonic() - began < 5
    assert {f.result(timeout=5).status for f in futures} == {"error"}
    assert wait_until(lambda: not any(alive(pid) for pid in pids))
    with pytest.raises(RuntimeError, match="closed"):
        judge.submit(*ask("good"))


def test_a_cancelled_future_is_skipped() -> None:
    with Judge(1, functions={"nap": lambda p, c: time.sleep(0.5) or 1.0}, warm=()) as judge:
        first, second, third = (judge.submit(*ask("", "nap")) for _ in range(3))
        assert second.cancel()
        assert first.result(10).reward == third.result(10).reward == 1.0
        with pytest.raises(concurrent.futures.CancelledError):
            second.result(0)


def run_python(code: str, *, stdin: bool = False, **options) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-"] if stdin else [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    given = {"input": code} if stdin else {}
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, env=environment, **given, **options)


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
def test_kill_9_of_the_parent_leaves_no_worker(forked: bool, plugin: Path, tmp_path: Path) -> None:
    functions = "{'pid': lambda p, c: Verdict(1.0, 'correct', str(os.getpid()))}" if forked else "None"
    (tmp_path / "pid.py").write_text(
        "import os\nfrom rlvr.core import Verdict\nfrom rlvr.registry import verifier\n"
        "@verifier('pid')\ndef pid(prompt, completion): return Verdict(1.0, 'correct', str(os.getpid()))\n"
    )
    code = textwrap.dedent(f"""
        import json, os, sys, time
        from rlvr.core import Completion, Prompt, Verdict
        from rlvr.rewards import Judge
        plugins = [{str(plugin)!r}] + ([] if {forked} else [{str(tmp_path / "pid.py")!r}])
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
        assert wait_until(lambda: not any(alive(pid) for pid in pids), 5)


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


def test_what_waits_when_a_judge_closes_says_so() -> None:
    judge = Judge(1, functions={"nap": lambda p, c: time.sleep(0.2) or 1.0}, warm=())
    futures = [judge.submit(*ask("", "nap")) for _ in range(50)]
    judge.close()
    assert {f.result(5).reason for f in futures} <= {"the judge was closed", ""}
    assert futures[-1].result(0).reason == "the judge was closed"
