"""The sandbox as its callers know it: programs, limits, messages, faults, and nothing left when it is gone."""
# ruff: noqa: E501 - programs, some on one line

from __future__ import annotations

import glob
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlvr.errors import UnknownName, UserError
from rlvr.rewards.sandbox import CHANNEL_FD, MAX_MESSAGE_BYTES, Job, Limits, Sandbox, SandboxBusy, launch, open_sandbox
from rlvr.rewards.sandbox.inside.watch import children, empty
from rlvr.rewards.sandbox.probes import probe
from rlvr.rewards.sandbox.run import ServerRun
from tests.rewards.sandbox.profiles import PROFILES, opened

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")

ECHO = textwrap.dedent(f"""
    import os, sys
    def read(count):
        data = b""
        while len(data) < count:
            part = os.read({CHANNEL_FD}, count - len(data))
            if not part: sys.exit(7)
            data += part
        return data
    while True:
        message = read(int.from_bytes(read(4), "big"))[::-1]
        data = len(message).to_bytes(4, "big") + message
        while data: data = data[os.write({CHANNEL_FD}, data):]
""").encode()


@pytest.fixture(scope="module", params=PROFILES)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with opened(request.param, slots=2) as sandbox:
        yield sandbox


def servers(sandbox: Sandbox) -> list[int]:
    return [slot._pid for slot in sandbox._slots if slot._pid]  # type: ignore[attr-defined]


def wait_for_program(server: int) -> list[int]:
    """The process of the run that has just been started."""
    until = time.monotonic() + 5
    while not (program := children(server)) and time.monotonic() < until:
        time.sleep(0.005)
    assert program
    time.sleep(0.05)  # it should have come to the program's first line
    return program


def wait_for_the_end_of(pids: list[int]) -> None:
    """Processes that were killed are gone in a moment (or wait, dead, for a lazy parent)."""
    until = time.monotonic() + 10
    while any(_alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_reads_and_writes(sandbox: Sandbox) -> None:
    result = sandbox.run(Job(b"print(input() + '!')\nimport sys\nprint('no', file=sys.stderr)", stdin=b"hello\n"))
    assert (result.stdout, result.stderr, result.exit_status) == (b"hello!\n", b"no\n", 0)
    assert result.finished and result.limit is None and not result.fault
    assert 0 < result.cpu_seconds < 1 and 0 < result.wall_seconds < 5 and 5 < result.peak_memory_mb < 100


def test_standard_input_as_programs_read_it(sandbox: Sandbox) -> None:
    program = b"""
import sys
first = sys.stdin.buffer.readline()
second = sys.stdin.buffer.readline()
rest = sys.stdin.read()
sys.stdout.buffer.write(first + second + rest.upper().encode())
sys.stdout.flush()
print(len(rest.split()))
"""
    result = sandbox.run(Job(program, stdin=b"1\n2\nc d\ne"))
    assert result.stdout == b"1\n2\nC D\nE3\n"
    large = b"7 " * 2_000_000
    assert sandbox.run(Job(b"import sys\nprint(sum(map(int, sys.stdin.read().split())))", stdin=large)).stdout == (
        b"14000000\n"
    )
    assert sandbox.run(Job(b"print(sum(map(int, open(0))))", stdin=b"1\n2\n3")).stdout == b"6\n"
    assert sandbox.run(Job(b"input()")).stderr.endswith(b"EOFError: EOF when reading a line\n")


@pytest.mark.parametrize(
    ("program", "status"),
    [
        (b"", 0),
        (b"raise SystemExit", 0),
        (b"raise SystemExit(3)", 3),
        (b"import sys; sys.exit('words')", 1),
        (b"import os; os._exit(5)", 5),
        (b"1 / 0", 1),
        (b"x = = 1", 1),
        (b"import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15),
        (b"import os; os.abort()", -6),
        (b"import threading\nthreading.Thread(target=lambda: 1 / 0).start()", 0),
        (b"import atexit; atexit.register(print, 'bye')", 0),
        (b"import sys; sys.stdout.close()", 0),
    ],
)
def test_exit_status(sandbox: Sandbox, program: bytes, status: int) -> None:
    result = sandbox.run(Job(program))
    assert result.exit_status == status and result.finished, result
    if b"atexit" in program:
        assert result.stdout == b"bye\n"
    if b"words" in program:
        assert result.stderr == b"words\n"


def test_an_error_shows_the_programs_own_lines(sandbox: Sandbox) -> None:
    result = sandbox.run(Job(b"def f():\n    return {}['key']\nf()\n"))
    assert result.stderr.decode().splitlines()[:5] == [
        "Traceback (most recent call last):",
        '  File "main.py", line 3, in <module>',
        "    f()",
        '  File "main.py", line 2, in f',
        "    return {}['key']",
    ]


def test_the_private_directory(sandbox: Sandbox) -> None:
    job = Job(b"print(open('a/b.txt').read(), open('c', 'w').write('x'))", files={"a/b.txt": b"text", "d": b""})
    assert sandbox.run(job).stdout == b"text 1\n"
    look = Job(b"import os; print(os.listdir('.'))")
    assert [sandbox.run(look).stdout for _ in range(3)] == [b"[]\n"] * 3
    module = Job(b"import mine; print(mine.x)", files={"mine.py": b"x = 5"})
    assert sandbox.run(module).stdout == b"5\n"
    temporary = Job(b"import tempfile\nwith tempfile.NamedTemporaryFile('w+') as f: print(f.write('1234'))")
    assert sandbox.run(temporary).stdout == b"4\n"


@pytest.mark.parametrize("name", ["/tmp/rlvr-outside", "../rlvr-outside", "a/../../rlvr-outside"])
def test_files_land_in_the_private_directory_or_nowhere(sandbox: Sandbox, name: str) -> None:
    result = sandbox.run(Job(b"", files={name: b"x"}))
    assert result.fault and not Path("/tmp/rlvr-outside").exists()
    assert sandbox.run(Job(b"print(1)")).stdout == b"1\n"


def test_an_interrupted_caller_gives_its_slots_back(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[ServerRun] = []
    whole = ServerRun.begin

    def interrupted(run: ServerRun) -> None:
        began.append(run)
        if len(began) == 2:
            raise KeyboardInterrupt
        whole(run)

    monkeypatch.setattr(ServerRun, "begin", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sandbox.start([Job(ECHO, channel=True), Job(ECHO, channel=True)])
    monkeypatch.undo()
    for run in sandbox.start([Job(b""), Job(b"")]):
        assert run.finish().exit_status == 0


def test_what_programs_need_works(sandbox: Sandbox) -> None:
    program = b"""
import asyncio, collections, ctypes, decimal, fractions, hashlib, itertools, json, queue, random, re, statistics, sys, threading
threading.stack_size(1 << 26)
sys.setrecursionlimit(1 << 20)
def depth(n): return 0 if n == 0 else 1 + depth(n - 1)
box = []
thread = threading.Thread(target=lambda: box.append(depth(20000)))
thread.start(); thread.join()
async def later(): await asyncio.sleep(0.001); return 5
print(box, asyncio.run(later()), hashlib.md5(b"").hexdigest()[:4], decimal.Decimal(1) / 3 > 0, random.random() < 1)
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool: print(sum(pool.map(abs, range(10))))
import time; time.sleep(0.01); print(time.time() > 1e9)
"""
    result = sandbox.run(Job(program))
    assert result.stdout == b"[20000] 5 d41d True True\n45\nTrue\n", result


def test_runs_are_repeatable(sandbox: Sandbox) -> None:
    program = Job(b"print(set('the quick brown fox'), hash('x'), __name__, len(__import__('sys').argv))")
    with opened("landlock", slots=1) as other:
        assert {sandbox.run(program).stdout for _ in range(4)} | {other.run(program).stdout} == {
            sandbox.run(program).stdout
        }


def test_limits_are_told_apart(sandbox: Sandbox) -> None:
    loop, memory = Job(b"while True: pass", limits=Limits(cpu_seconds=0.2)), Job(b"x = bytearray(1 << 34)")
    sleep = Job(b"import time; time.sleep(9)", limits=Limits(wall_seconds=0.2))
    flood = Job(b"while True: print('x' * 999)", limits=Limits(output_kb=8))
    fill = Job(b"for n in range(99): open(str(n), 'wb').write(bytes(1 << 19))\nimport time; time.sleep(9)",
               limits=Limits(disk_mb=2))  # fmt: skip
    jobs = {"cpu": loop, "memory": memory, "wall": sleep, "output": flood, "disk": fill}
    found = {name: sandbox.run(job) for name, job in jobs.items()}
    assert {name: result.limit for name, result in found.items()} == {name: name for name in jobs}
    assert {result.exit_status for result in found.values()} == {None}
    assert len(found["output"].stdout) == 8 << 10 and found["cpu"].cpu_seconds < 0.5
    assert not any(result.finished or result.fault for result in found.values())
    assert sandbox.run(Job(b"x = bytearray(200 << 20); print(len(x))")).stdout == b"209715200\n"


def test_the_memory_limit_is_what_was_asked(sandbox: Sandbox) -> None:
    program = b"n = 0\ntry:\n    keep = []\n    while True: keep.append(bytearray(1 << 20)); n += 1\nexcept MemoryError: print(n)"
    for asked in (64, 256):
        got = int(sandbox.run(Job(program, limits=Limits(memory_mb=asked))).stdout)
        assert asked * 0.85 - 8 < got < asked + 64


def test_processes_where_they_are_allowed(sandbox: Sandbox) -> None:
    program = b"""
import os
def spread(n):
    made = 0
    for _ in range(n):
        try:
            pid = os.fork()
        except OSError:
            return made
        if pid == 0:
            os.read(r, 1)
            os._exit(0)
        made += 1
    return made
r, w = os.pipe()
print(spread(3), flush=True)
os.close(w)
"""
    result = sandbox.run(Job(program, limits=Limits(may_fork=True, tasks=8)))
    assert result.stdout == b"3\n", result
    many = sandbox.run(Job(program.replace(b"spread(3)", b"spread(60)"), limits=Limits(may_fork=True, tasks=8)))
    assert many.limit == "tasks" or many.stdout == b"7\n", many
    assert all(children(pid) == [] for pid in servers(sandbox))
    assert sandbox.run(Job(b"import os; os.fork()")).exit_status == 1


def test_slots_do_not_starve_each_other(sandbox: Sandbox) -> None:
    greedy = Job(b"import threading, time\nfor _ in range(30):\n    try: threading.Thread(target=time.sleep, args=(9,)).start()\n"
                 b"    except RuntimeError: break\nimport os; os.write(3, b'\\0\\0\\0\\1x')", channel=True)  # fmt: skip
    modest = Job(b"import threading\nt = [threading.Thread(target=print) for _ in range(20)]\nfor x in t: x.start()")
    first = sandbox.start([greedy])[0]
    assert first.receive(5) == b"x"
    assert sandbox.run(modest).stdout == b"\n" * 20
    first.kill()


def test_messages_both_ways(sandbox: Sandbox) -> None:
    first, second = sandbox.start([Job(ECHO, channel=True), Job(ECHO, channel=True)])
    for message in (b"", b"abc", bytes(range(256)), b"xy" * 500_000):
        assert first.send(message)
        turned = first.receive()
        assert turned == message[::-1] and second.send(turned) and second.receive() == message
    assert not first.ended and first.receive(0.05) is None
    assert first.finish().exit_status == 7  # it saw the end of the channel
    assert second.kill().exit_status == -signal.SIGKILL
    assert first.ended and first.finish() == first.finish()
    assert not first.send(b"late") and first.receive() is None


def test_messages_sent_before_the_end_arrive(sandbox: Sandbox) -> None:
    job = Job(b"import os\nos.write(3, b'\\0\\0\\0\\2ok\\0\\0\\0\\1!\\0\\0\\0\\9cut')", channel=True)
    run = sandbox.start([job])[0]
    while not run.ended:
        time.sleep(0.001)
    assert [run.receive(), run.receive(), run.receive()] == [b"ok", b"!", None]
    assert run.finish().exit_status == 0


def test_a_message_of_impossible_length_ends_the_run(sandbox: Sandbox) -> None:
    job = Job(b"import os, time\nos.write(3, b'\\xff\\xff\\xff\\xff')\ntime.sleep(99)", channel=True)
    run = sandbox.start([job])[0]
    assert run.receive() is None
    assert run.finish().limit == "output"
    plain = sandbox.start([Job(b"")])[0]
    with pytest.raises(ValueError, match="channel"):
        plain.send(b"x")
    plain.finish()
    channel = sandbox.start([Job(ECHO, channel=True)])[0]
    with pytest.raises(ValueError, match="too long"):
        channel.send(bytes(MAX_MESSAGE_BYTES + 1))
    channel.kill()


def test_a_program_that_does_not_read_cannot_block_the_trusted_side(sandbox: Sandbox) -> None:
    run = sandbox.start([Job(b"import time; time.sleep(99)", channel=True, limits=Limits(wall_seconds=0.3))])[0]
    began = time.monotonic()
    assert not run.send(bytes(4 << 20))
    assert run.finish().limit == "wall" and time.monotonic() - began < 3


def test_slots_are_taken_all_or_none(sandbox: Sandbox) -> None:
    held = sandbox.start([Job(ECHO, channel=True)])
    sandbox._queue_seconds = 0.1  # type: ignore[attr-defined]
    try:
        with pytest.raises(SandboxBusy, match="2 of 2"):
            sandbox.start([Job(b""), Job(b"")])
        assert sandbox.run(Job(b"print(1)")).stdout == b"1\n"
    finally:
        sandbox._queue_seconds = 60.0  # type: ignore[attr-defined]
        held[0].kill()
    with pytest.raises(ValueError, match="3 programs"):
        sandbox.start([Job(b"")] * 3)
    with pytest.raises(ValueError, match="max_disk_mb"):
        sandbox.run(Job(b"", limits=Limits(disk_mb=1000)))


def test_many_threads_share_the_slots(sandbox: Sandbox) -> None:
    wrong: list[Any] = []

    def work(number: int) -> None:
        for turn in range(8):
            result = sandbox.run(Job(f"print({number} * 1000 + {turn})".encode()))
            if result.stdout != f"{number * 1000 + turn}\n".encode():
                wrong.append(result)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_killed_server_is_a_fault_and_is_replaced(sandbox: Sandbox) -> None:
    sandbox.run(Job(b""))
    run = sandbox.start([Job(b"import time; time.sleep(99)")])[0]
    server = run._slot._pid  # type: ignore[attr-defined]
    program = wait_for_program(server)
    os.kill(server, signal.SIGKILL)
    result = run.finish()
    assert "fork server ended" in result.fault and not result.finished and result.exit_status is None
    wait_for_the_end_of(program)
    for _ in range(2):
        assert sandbox.run(Job(b"print(1)")).stdout == b"1\n"
    for pid in servers(sandbox):  # between two runs nobody notices
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.05)
    assert [sandbox.run(Job(b"print(1)")).stdout for _ in range(2)] == [b"1\n"] * 2


def test_a_program_killed_from_outside_is_a_fault(sandbox: Sandbox) -> None:
    """As the kernel kills when the host's memory runs out: it says nothing about the program."""
    run = sandbox.start([Job(b"import time; time.sleep(99)")])[0]
    program = wait_for_program(run._slot._pid)  # type: ignore[attr-defined]
    os.kill(program[0], signal.SIGKILL)
    assert "killed from outside" in run.finish().fault


@pytest.mark.parametrize(
    "program",
    [
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (0, 0))",
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (0, 9))",
        "import os\nos.kill(os.getpid(), 9)",
        "import os\nos.kill(0, 9)",
        "import signal, threading\nsignal.pthread_kill(threading.get_ident(), 9)",
        "import ctypes\nctypes.CDLL(None).prctl(1, 9, 0, 0, 0)",
        "import os\nfor fd in range(99):\n    try: os.write(fd, b'fault')\n    except OSError: pass",
        "import os\nos._exit(113)",
        "import ctypes\nctypes.memset(0x1000, 0, 1 << 40)",
        "import os\nos.close(0); os.close(1); os.close(2); os.abort()",
    ],
)
def test_no_program_can_pass_for_a_fault(sandbox: Sandbox, program: str) -> None:
    """A fault is not judged: a policy could learn to be unjudged where it would be wrong."""
    result = sandbox.run(Job((program + "\nwhile True: pass").encode(), limits=Limits(cpu_seconds=0.2)))
    assert not result.fault, result


def _run_in_child(sandbox: Sandbox, pipe: Any) -> None:
    pipe.send([sandbox.run(Job(b"print(2)")).stdout for _ in range(3)])
    sandbox.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_gets_slots_of_its_own(sandbox: Sandbox) -> None:
    sandbox.run(Job(b""))
    before = servers(sandbox)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run_in_child, args=(sandbox, theirs), daemon=True)  # as a judge's worker is
    process.start()
    assert ours.poll(30) and ours.recv() == [b"2\n"] * 3
    process.join()
    assert servers(sandbox) == before and sandbox.run(Job(b"print(1)")).stdout == b"1\n"


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_is_left(profile: str) -> None:
    """Neither by closing nor when the process is killed: no process, no descriptor, no directory."""
    mine = glob.glob(f"{tempfile.gettempdir()}/rlvr-sandbox-*-{os.getpid()}-*")
    descriptors = len(os.listdir("/proc/self/fd"))
    with opened(profile) as sandbox:
        runs = sandbox.start([Job(ECHO, channel=True), Job(b"while True: pass")])
        pids = servers(sandbox)
        programs = [pid for server in pids for pid in children(server)]
        assert len(pids) == 2 and runs
    assert ["fork server ended" in run.finish().fault for run in runs] == [True, True]
    wait_for_the_end_of([*pids, *programs])
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert glob.glob(f"{tempfile.gettempdir()}/rlvr-sandbox-*-{os.getpid()}-*") == mine
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.run(Job(b""))
    code = f"""
import sys
from rlvr.rewards.sandbox import *
from rlvr.rewards.sandbox.run import ServerRun
from rlvr.rewards.sandbox.inside.watch import children
s = open_sandbox({profile!r}, slots=1)
r = s.start([Job(b"while True: pass", limits=Limits(wall_seconds=99, cpu_seconds=99))])
pid = s._slots[0]._pid
while not children(pid): pass
print(pid, *children(pid), flush=True)
sys.stdin.read()
"""
    host = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert host.stdout is not None and host.stdin is not None
    left = [int(word) for word in host.stdout.readline().split()]
    assert len(left) == 2
    host.kill()
    host.wait()
    wait_for_the_end_of(left)
    assert glob.glob(f"{tempfile.gettempdir()}/rlvr-sandbox-*-{host.pid}-*") == []
    host.stdin.close()
    host.stdout.close()


def test_directories_of_processes_that_were_killed_are_swept() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    space = os.stat("/proc/self/ns/pid").st_ino
    old = Path(tempfile.mkdtemp(prefix=f"rlvr-sandbox-{space}-{gone.pid}-"))
    (old / "deep" / "er").mkdir(parents=True)
    (old / "deep" / "file").write_text("x")
    (old / "deep").chmod(0)
    with opened("landlock", slots=1) as sandbox:
        assert sandbox.run(Job(b"print(1)")).stdout == b"1\n"
    assert not old.exists()


def test_emptying_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("x")
    folder = tmp_path / "work"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "link").symlink_to(outside)
    (folder / "a" / "b" / "up").symlink_to(outside / "keep")
    empty(str(folder))
    assert list(folder.iterdir()) == [] and (outside / "keep").read_text() == "x"


def test_unsafe_is_only_ever_explicit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch.shutil, "which", lambda name: None)
    monkeypatch.setattr(launch.seccomp, "supported", lambda: False)
    with pytest.raises(UserError, match=r"cannot be isolated here.*bubblewrap.*seccomp filter.*unsafe"):
        open_sandbox()
    with open_sandbox("unsafe", slots=1) as unsafe:
        assert "NOT isolated" in unsafe.description
        assert unsafe.run(Job(b"import os; print(os.path.exists('/etc/passwd'))")).stdout == b"True\n"
    with pytest.raises(UnknownName, match=r"landlok.*did you mean 'landlock'"):
        open_sandbox("landlok")


def test_a_wall_that_does_not_stand_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probes fail where a layer is missing, and the profile is refused."""
    opened("landlock", slots=1).close()
    whole = launch.settings

    def without_filter(plan: launch.Plan, work: str) -> dict[str, Any]:
        return {**whole(plan, work), "filters": []}

    def without_landlock(plan: launch.Plan, work: str) -> dict[str, Any]:
        return {**whole(plan, work), "landlock": False}

    monkeypatch.setattr(launch, "settings", without_filter)
    with pytest.raises(UserError, match=r"seccomp does not hold \(no sockets\)"):
        open_sandbox("landlock", slots=1)
    monkeypatch.setattr(launch, "settings", without_landlock)
    with pytest.raises(UserError, match="landlock does not hold"):
        open_sandbox("landlock", slots=1)


def test_every_probe_holds(sandbox: Sandbox) -> None:
    findings = probe(sandbox)  # type: ignore[arg-type]
    assert len(findings) >= 12 and all(finding.holds for finding in findings)


def test_an_interpreter_that_nobody_may_read_is_replaced(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no Python interpreter can run in the sandbox: .*missing"):
        launch.make_plan("landlock", str(tmp_path / "missing"))
    if os.geteuid() != 0:
        pytest.skip("only root runs the sandbox as another user")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    plan = launch.make_plan("landlock")
    (private / "python").write_bytes(Path(plan.interpreter).read_bytes())
    (private / "python").chmod(0o755)
    with pytest.raises(UserError, match="may not read it"):
        launch.make_plan("landlock", str(private / "python"))


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="wall_seconds=0, tasks=-1"):
        Limits(wall_seconds=0, tasks=-1)
