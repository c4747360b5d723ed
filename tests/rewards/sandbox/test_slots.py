"""Slots: shared by threads and forks, taken all or none, given back; and nothing left when the sandbox is gone."""
# ruff: noqa: E501 - programs, some on one line

from __future__ import annotations

import glob
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from rlvr.rewards.sandbox import Job, Limits, Sandbox, SandboxBusy
from rlvr.rewards.sandbox.inside.watch import children, empty
from rlvr.rewards.sandbox.run import ServerRun
from tests.rewards.sandbox.profiles import PROFILES, opened
from tests.rewards.sandbox.programs import ECHO, servers, wait_for_the_end_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


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


def test_slots_do_not_starve_each_other(sandbox: Sandbox) -> None:
    greedy = Job(b"import threading, time\nfor _ in range(30):\n    try: threading.Thread(target=time.sleep, args=(9,)).start()\n"
                 b"    except RuntimeError: break\nimport os; os.write(3, b'\\0\\0\\0\\1x')", channel=True)  # fmt: skip
    modest = Job(b"import threading\nt = [threading.Thread(target=print) for _ in range(20)]\nfor x in t: x.start()")
    first = sandbox.start([greedy])[0]
    assert first.receive(5) == b"x"
    assert sandbox.run(modest).stdout == b"\n" * 20
    first.kill()


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
