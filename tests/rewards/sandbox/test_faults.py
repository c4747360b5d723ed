"""Faults of the sandbox itself, and programs that would like to pass for one."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from rlvr.rewards.sandbox import Job, Limits, Sandbox
from tests.rewards.sandbox.programs import servers, wait_for_program, wait_for_the_end_of
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


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
    started = [slot._process for slot in sandbox._slots if slot._pid]  # type: ignore[attr-defined]
    assert wait_until(lambda: all(process.poll() is not None for process in started))  # bubblewrap ends after its child
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
