"""The trusted side of one fork server: starting it, talking to it, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from typing import IO, Any

from . import launch
from .inside.child import pidfd_open
from .inside.watch import children, empty

_MAX_ANSWER = 1 << 20


class ServerFailed(Exception):
    """The fork server could not be started, or does not answer."""


class Slot:
    """One fork server. It is started when it is first needed, and again after it failed."""

    def __init__(self, plan: launch.Plan) -> None:
        self.plan = plan
        self.ready: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self.answers = bytearray()  # received and not yet read
        self.clean = True  # else the server is still emptying its directory, and will say when it has
        self._log: IO[bytes] | None = None
        self._pid = 0  # of the server itself, behind bubblewrap
        self._work: str | None = None

    def ensure(self) -> None:
        """Has the server running. Raises ServerFailed."""
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._process is not None and not self.clean:
            try:
                self._receive(time.monotonic() + launch.START_SECONDS)
                self.clean = True
            except (OSError, ValueError, ServerFailed):
                self.stop()
        if self._process is None:
            try:
                self._start()
            except (OSError, ValueError, ServerFailed, subprocess.SubprocessError) as error:
                words = self.last_words()
                self.stop()
                raise ServerFailed(f"{error}{': ' if words else ''}{words}") from error

    def _start(self) -> None:
        plan = self.plan
        uid = launch.pick_uid() if plan.uids else None
        full = plan.profile == "full"
        work = "/work" if full else launch.make_work(uid)
        self._work = None if full else work
        self.control, theirs = socket.socketpair()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        read, write = os.pipe()
        try:
            self._process = subprocess.Popen(
                launch.command(plan, work, write),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                cwd="/",
                env=launch.ENVIRONMENT,
                pass_fds=(write,) if full else (),
                start_new_session=True,
                user=uid,
                group=uid,
                extra_groups=None if uid is None else [],
            )
            os.close(write)
            write = -1
            deadline = time.monotonic() + launch.START_SECONDS
            self._pid = _inner_pid(read, deadline) if full else self._process.pid
        finally:
            theirs.close()
            for fd in (read, write):
                if fd >= 0:
                    os.close(fd)
        self.control.setblocking(False)
        host = pidfd_open(os.getpid())  # by which the server notices our end
        try:
            self.send(launch.settings(plan, work), [host], deadline)
        finally:
            os.close(host)
        self.ready = self._receive(deadline)

    def send(self, message: dict[str, Any], fds: list[int], deadline: float) -> None:
        """Sends a request with its descriptors. Raises ServerFailed or OSError."""
        assert self.control is not None
        body = json.dumps(message).encode()
        data = memoryview(len(body).to_bytes(4, "big") + body)
        while data:
            try:
                sent = socket.send_fds(self.control, [data], fds) if fds else self.control.send(data)
            except BlockingIOError:
                if not wait(self.control.fileno(), select.POLLOUT, deadline):
                    raise ServerFailed("it does not read") from None
                continue
            data, fds = data[sent:], []

    def _receive(self, deadline: float) -> dict[str, Any]:
        assert self.control is not None
        while (answer := take_answer(self.answers)) is None:
            if not wait(self.control.fileno(), select.POLLIN, deadline):
                raise ServerFailed("it does not answer")
            if not (data := self.control.recv(1 << 16)):
                raise ServerFailed("it ended")
            self.answers += data
        return answer

    def kill(self) -> None:
        """Ends the server and all below it, and touches nothing that a run may be using."""
        below = [self._pid, *children(self._pid)] if self._pid and self._process is not None else []
        for pid in below:  # the program leads a group of its own
            for kill in (os.kill, os.killpg):
                with contextlib.suppress(OSError):
                    kill(pid, signal.SIGKILL)
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.kill()

    def stop(self) -> None:
        """Ends the server and all below it. The slot may be started again."""
        self.kill()
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5.0)
        if self.control is not None:
            self.control.close()
        if self._log is not None:
            self._log.close()
        if self._work is not None:
            with contextlib.suppress(OSError):
                empty(self._work)
                os.rmdir(self._work)
        self.control = self._log = self._work = None
        self.answers, self.clean = bytearray(), True
        self._pid = 0

    def abandon(self) -> None:
        """Forgets a server that belongs to the process this one was forked from."""
        if self.control is not None:
            self.control.close()
        self._process = self.control = self._log = self._work = None

    def last_words(self) -> str:
        if self._log is None:
            return ""
        with contextlib.suppress(OSError):
            self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 4096))
            lines = self._log.read().decode(errors="replace").strip().splitlines()
            return lines[-1][:500] if lines else ""
        return ""


def take_answer(buffer: bytearray) -> dict[str, Any] | None:
    """The first complete message of the buffer, taken out of it. Raises ValueError for anything else than one."""
    if len(buffer) < 4:
        return None
    length = int.from_bytes(buffer[:4], "big")
    if length > _MAX_ANSWER:
        raise ValueError("the fork server sent an impossible length")
    if len(buffer) < 4 + length:
        return None
    message = json.loads(bytes(buffer[4 : 4 + length]))
    del buffer[: 4 + length]
    if not isinstance(message, dict):
        raise ValueError("the fork server did not send a message")
    return message


def wait(fd: int, event: int, deadline: float) -> bool:
    """Whether the descriptor is ready before the deadline (monotonic)."""
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))


def _inner_pid(fd: int, deadline: float) -> int:
    """The process id that bubblewrap reports for what it started. Raises ServerFailed."""
    text = b""
    while b"}" not in text:
        if not wait(fd, select.POLLIN, deadline) or not (data := os.read(fd, 4096)):
            raise ServerFailed("bubblewrap did not start it")
        text += data
    return int(json.loads(text)["child-pid"])
