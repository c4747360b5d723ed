"""Programs in a sandbox: what they read and write, how they end, what they may use."""
# ruff: noqa: E501 - programs, some on one line

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rlvr.rewards.sandbox import Job, Limits, Sandbox
from rlvr.rewards.sandbox.inside.watch import children
from tests.rewards.sandbox.profiles import opened
from tests.rewards.sandbox.programs import servers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


def test_a_program_reads_and_writes(sandbox: Sandbox) -> None:
    result = sandbox.run(Job(b"print(input() + '!')\nimport sys\nprint('no', file=sys.stderr)", stdin=b"hello\n"))
    assert (result.stdout, result.stderr, result.exit_status) == (b"hello!\n", b"no\n", 0)
    assert result.finished and result.limit is None and not result.fault
    assert 0 < result.cpu_seconds < 5 and result.wall_seconds > 0 and 5 < result.peak_memory_mb < 100


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
    assert len(found["output"].stdout) == 8 << 10 and found["cpu"].cpu_seconds < 5
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


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="wall_seconds=0, tasks=-1"):
        Limits(wall_seconds=0, tasks=-1)
