"""Hostile programs against every isolated profile: nothing leaks, nobody is harmed, everything ends in time."""

from __future__ import annotations

import os
import platform
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlvr.rewards.sandbox import Job, Limits, Result, Sandbox, open_sandbox
from rlvr.rewards.sandbox.inside.watch import children
from tests.rewards.sandbox.hostile_programs import (
    PRELUDE,
    Attempts,
    Bomb,
    bombs,
    files,
    hunting,
    network,
    privileges,
    processes,
)
from tests.rewards.sandbox.profiles import PROFILES, opened

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")

ATTEMPTS: dict[str, Attempts] = {
    **files.PROGRAMS,
    **network.PROGRAMS,
    **processes.PROGRAMS,
    **privileges.PROGRAMS,
    **hunting.PROGRAMS,
}


class Host:
    """What a hostile program would like to reach: a secret, listening sockets, another process."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rlvr-host-"))  # readable for everybody, unlike pytest's own
        self.folder.chmod(0o755)
        (self.folder / "empty").mkdir()
        (self.folder / "secret").write_text("a secret of the host")
        (self.folder / "secret").chmod(0o666)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract_name = f"rlvr-test-{os.getpid()}"
        self.abstract.bind("\0" + self.abstract_name)
        self.named = socket.socket(socket.AF_UNIX)
        self.named.bind(str(self.folder / "socket"))
        (self.folder / "socket").chmod(0o777)
        self.sockets = (self.tcp, self.abstract, self.named)
        for listener in (self.abstract, self.named):
            listener.listen()
        for listener in self.sockets:
            listener.setblocking(False)
        self.victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])

    def fill(self, source: str) -> bytes:
        values = {
            "SECRET": self.folder / "secret",
            "FOLDER": self.folder,
            "SOCKET": self.folder / "socket",
            "PORT": self.tcp.getsockname()[1],
            "ABSTRACT": self.abstract_name,
            "VICTIM": self.victim.pid,
            "HOST": os.getpid(),
        }
        for name, value in values.items():
            source = source.replace(f"@{name}@", str(value))
        return (PRELUDE + source).encode()

    def assert_unharmed(self) -> None:
        secret = self.folder / "secret"
        assert secret.read_text() == "a secret of the host"
        assert secret.stat().st_mode & 0o777 == 0o666
        assert sorted(p.name for p in self.folder.iterdir()) == ["empty", "secret", "socket"]
        assert self.victim.poll() is None and "\nState:\tT" not in Path(f"/proc/{self.victim.pid}/status").read_text()
        for listener in self.sockets:
            with pytest.raises(BlockingIOError):
                listener.accept()

    def close(self) -> None:
        self.victim.kill()
        self.victim.wait()
        for listener in self.sockets:
            listener.close()
        (self.folder / "socket").unlink()
        (self.folder / "secret").unlink()
        (self.folder / "empty").rmdir()
        self.folder.rmdir()


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


@pytest.fixture(scope="module", params=PROFILES)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with opened(request.param, slots=1) as sandbox:
        yield sandbox


def program_processes(sandbox: Sandbox) -> list[int]:
    """The processes below the sandbox's fork servers, as the host sees them."""
    return [pid for slot in sandbox._slots for pid in children(slot._pid)]  # type: ignore[attr-defined]


def run(sandbox: Sandbox, job: Job) -> Result:
    """Runs the job; it has to end in time, without a fault, and leave nothing."""
    servers = [slot._pid for slot in sandbox._slots]  # type: ignore[attr-defined]
    began = time.monotonic()
    result = sandbox.run(job)
    seconds = time.monotonic() - began
    assert not result.fault
    assert seconds < job.limits.wall_seconds + 10  # what is not stopped goes on for minutes
    assert program_processes(sandbox) == []
    after = sandbox.run(Job(b"import os\nprint(os.listdir('.'), os.listdir(os.getcwd()))"))
    assert after.stdout == b"[] []\n", f"the next program finds {after.stdout!r} {after.stderr!r} {after.fault!r}"
    assert servers == [slot._pid for slot in sandbox._slots], "the fork server had to be restarted"  # type: ignore[attr-defined]
    return result


@pytest.mark.parametrize("name", ATTEMPTS)
def test_no_attempt_succeeds(sandbox: Sandbox, host: Host, name: str) -> None:
    hostile = ATTEMPTS[name]
    if hostile.x86_only and platform.machine() != "x86_64":
        pytest.skip("its system calls are those of x86_64")
    result = run(sandbox, Job(host.fill(hostile.source), stdin=b"data", limits=hostile.limits))
    output = result.stdout.decode(errors="replace")
    assert "LEAK" not in output, "\n".join(line for line in output.splitlines() if "LEAK" in line)
    assert "held" in output and result.exit_status == 0, f"it did not get to its attempts: {result}"
    host.assert_unharmed()


@pytest.mark.parametrize("name", [name for name, hostile in ATTEMPTS.items() if hostile.teeth])
def test_the_attempts_have_teeth(host: Host, name: str) -> None:
    """Outside isolation the same programs do leak, so that `held` means something."""
    with open_sandbox("unsafe", slots=1) as unsafe:
        result = unsafe.run(Job(host.fill(ATTEMPTS[name].source)))
    assert b"LEAK" in result.stdout, result
    for listener in host.sockets:
        listener.setblocking(False)
        while True:
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                break


@pytest.mark.parametrize("name", bombs.PROGRAMS)
def test_a_bomb_ends_in_a_limit(sandbox: Sandbox, host: Host, name: str) -> None:
    hostile: Bomb = bombs.PROGRAMS[name]
    before = os.statvfs(tempfile.gettempdir())
    result = run(sandbox, Job(hostile.source.encode(), channel=hostile.channel, limits=hostile.limits))
    status = result.exit_status
    ending = result.limit or ("exit" if status is not None and status >= 0 else "signal")
    assert ending in hostile.ends, result
    assert result.peak_memory_mb < hostile.limits.memory_mb + 64
    assert len(result.stdout) <= hostile.limits.output_kb << 10 and len(result.stderr) <= hostile.limits.output_kb << 10
    after = os.statvfs(tempfile.gettempdir())
    assert (before.f_bfree - after.f_bfree) * after.f_frsize < 256 << 20, "it left something on the disk"
    host.assert_unharmed()


def test_nothing_of_an_earlier_program_is_left_in_memory(sandbox: Sandbox) -> None:
    """The tests of a problem run in the same slots as the programs that would like to read them."""
    for again in range(2):
        token = secrets.token_bytes(32)
        text = token.hex().encode()
        holder = sandbox.start([Job(b"x = '" + text + b"'\nimport os\nos.read(3, 4096)", stdin=text,
                                    files={"f": text}, channel=True)])[0]  # fmt: skip
        assert holder.send(text), holder.finish()
        assert holder.finish().exit_status == 0
        scan = hunting.SCAN.replace("@XORED@", bytes(b ^ 1 for b in text).hex())
        result = sandbox.run(Job(scan.encode(), limits=Limits(cpu_seconds=10)))
        assert result.stdout.startswith(b"held") and int(result.stdout.split()[-2]) > 500, (again, result)


def test_the_scan_of_memory_has_teeth(sandbox: Sandbox) -> None:
    text = secrets.token_bytes(32).hex().encode()
    scan = hunting.SCAN.replace("@XORED@", bytes(b ^ 1 for b in text).hex())
    program = b"keep = bytes(range(7)) + b'" + text + b"'\n" + scan.encode()
    result = sandbox.run(Job(program, limits=Limits(cpu_seconds=10)))
    assert result.stdout.startswith(b"LEAK"), result
