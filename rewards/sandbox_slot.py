"""The trusted side of one fork server: starting it, one run at a time, and its end."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import IO, Any

from . import sandbox_launch as launch
from .sandbox import MAX_MESSAGE_BYTES, Job, Limits, Result
from .sandbox_server import MEMORY_EXIT, STOP, STOP_OUTPUT, children, empty

#: How long after its wall limit a run may take to be reported before the fork server counts as failed.
GRACE_SECONDS = 0.4
_MAX_ANSWER = 1 << 20
_CRASHES = frozenset({-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS})


class ServerFailed(Exception):
    """The fork server could not be started, or does not answer."""


class Slot:
    """One fork server. It is started when it is first needed, and again after it failed."""

    def __init__(self, plan: launch.Plan) -> None:
        self.plan = plan
        self.ready: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self._log: IO[bytes] | None = None
        self._pid = 0  # of the server itself, behind bubblewrap
        self._work: str | None = None

    def ensure(self) -> None:
        """Has the server running. Raises ServerFailed."""
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._process is None:
            try:
                self._start()
            except (OSError, ValueError, ServerFailed, subprocess.SubprocessError) as error:
                words = self._last_words()
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
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                cwd="/",
                env=launch.ENVIRONMENT,
                pass_fds=(write,) if full else (),
                start_new_session=True,
                **launch.as_user(uid),
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
        host = os.pidfd_open(os.getpid())  # by which the server notices our end
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
        buffer = bytearray()
        while (answer := take_answer(buffer)) is None:
            if not wait(self.control.fileno(), select.POLLIN, deadline):
                raise ServerFailed("it does not answer")
            if not (data := self.control.recv(1 << 16)):
                raise ServerFailed("it ended")
            buffer += data
        return answer

    def start(self, job: Job, release: Callable[[Slot], None]) -> ServerRun:
        """Starts a program. Raises ServerFailed."""
        self.ensure()
        run = ServerRun(self, job, release)
        try:
            run.begin()
        except (OSError, ServerFailed) as error:
            run.close_descriptors()
            self.stop()
            raise ServerFailed(str(error)) from error
        return run

    def stop(self) -> None:
        """Ends the server and all below it. The slot may be started again."""
        process, self._process = self._process, None
        if process is not None:
            below = [self._pid, *children(self._pid)] if self._pid else []
            for pid in below:  # the program leads a group of its own
                for kill in (os.kill, os.killpg):
                    with contextlib.suppress(OSError):
                        kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                process.kill()
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
        self._pid = 0

    def abandon(self) -> None:
        """Forgets a server that belongs to the process this one was forked from."""
        if self.control is not None:
            self.control.close()
        self._process = self.control = self._log = self._work = None

    def _last_words(self) -> str:
        if self._log is None:
            return ""
        with contextlib.suppress(OSError):
            self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 4096))
            lines = self._log.read().decode(errors="replace").strip().splitlines()
            return lines[-1][:500] if lines else ""
        return ""


class ServerRun:
    """A program that runs in a slot; see `sandbox.Run`."""

    def __init__(self, slot: Slot, job: Job, release: Callable[[Slot], None]) -> None:
        self._slot, self._job, self._release = slot, job, release
        self._texts = (bytearray(), bytearray())  # stdout, stderr
        self._pipes = [-1, -1]
        self._channel: socket.socket | None = None
        self._inbox, self._outbox, self._answers = bytearray(), bytearray(), bytearray()
        self._outcome: dict[str, Any] | None = None
        self._limit: str | None = None  # what this side stopped it for
        self._fault = ""
        self._result: Result | None = None
        self._began = time.monotonic()
        self._deadline = self._began + job.limits.wall_seconds + GRACE_SECONDS

    def begin(self) -> None:
        """Hands the job to the fork server. Raises OSError or ServerFailed."""
        job, limits = self._job, self._job.limits
        theirs: list[int] = [_stdin(job.stdin)]
        try:
            for index in range(2):
                self._pipes[index], write = os.pipe()
                theirs.append(write)
                os.set_blocking(self._pipes[index], False)
            if job.channel:
                self._channel, other = socket.socketpair()
                self._channel.setblocking(False)
                theirs.append(other.detach())
            self._slot.send(_request(job, limits), theirs, self._deadline)
        finally:
            for fd in theirs:
                os.close(fd)

    @property
    def ended(self) -> bool:
        if not self._over:
            self._pump(lambda: True, 0.0)
        return self._over

    @property
    def _over(self) -> bool:
        return self._outcome is not None or bool(self._fault)

    def send(self, message: bytes) -> bool:
        if self._channel is None or len(message) > MAX_MESSAGE_BYTES:
            raise ValueError("no channel was asked for" if self._channel is None else "the message is too long")
        self._outbox += len(message).to_bytes(4, "big") + message
        self._pump(lambda: not self._outbox, self._deadline)
        return not self._outbox

    def receive(self, timeout_seconds: float | None = None) -> bytes | None:
        if self._channel is None:
            return None
        until = self._deadline if timeout_seconds is None else time.monotonic() + timeout_seconds
        self._pump(lambda: self._message_length() is not None, until)
        if (length := self._message_length()) is None:
            return None
        message = bytes(self._inbox[4 : 4 + length])
        del self._inbox[: 4 + length]
        return message

    def _message_length(self) -> int | None:
        """The length of the first message, once it is complete."""
        if len(self._inbox) < 4:
            return None
        length = int.from_bytes(self._inbox[:4], "big")
        if length > MAX_MESSAGE_BYTES:
            self._stop("output")
            return None
        return length if len(self._inbox) >= 4 + length else None

    def finish(self) -> Result:
        if self._result is None:
            self._close_channel()
            self._pump(lambda: False, self._deadline)
            self._result = self._conclude()
        return self._result

    def kill(self) -> Result:
        if self._result is None and not self._over:
            self._stop(None)
        return self.finish()

    def _stop(self, limit: str | None) -> None:
        """Asks the server to end the program, once."""
        control = self._slot.control
        if not self._over and self._limit is None and control is not None:
            self._limit = limit or "stopped"
            with contextlib.suppress(OSError):  # noticed where its answer is read
                control.send(STOP_OUTPUT if limit else STOP)

    def _pump(self, done: Callable[[], bool], until: float) -> None:
        """Moves bytes until `done()`, the end of the run, or `until` (monotonic). Past the deadline of the run
        the server counts as failed."""
        while not self._over and not done():
            now = time.monotonic()
            if now >= self._deadline:
                self._fault = "the fork server did not report the end in time"
                break
            poll = select.poll()
            assert self._slot.control is not None
            poll.register(self._slot.control, select.POLLIN)
            for fd in self._pipes:
                if fd >= 0:
                    poll.register(fd, select.POLLIN)
            if self._channel is not None:
                wanted = 0 if self._message_length() is not None else select.POLLIN
                poll.register(self._channel, wanted | (select.POLLOUT if self._outbox else 0))
            ready = dict(poll.poll(max(0.0, min(until, self._deadline) - now) * 1000))
            self._move(ready)
            if not ready and now >= until:
                break
        if self._over:
            self._move(None)

    def _move(self, ready: dict[int, int] | None) -> None:
        """Reads and writes what is ready; with None everything that is left."""
        for index, fd in enumerate(self._pipes):
            if fd >= 0 and (ready is None or fd in ready):
                self._read_output(index, everything=ready is None)
        channel = self._channel
        if channel is not None and (ready is None or channel.fileno() in ready):
            self._exchange(channel, ready is None)
        control = self._slot.control
        if ready is not None and control is not None and control.fileno() in ready:
            self._hear(control)

    def _read_output(self, index: int, everything: bool) -> None:
        cap, text, fd = self._job.limits.output_kb << 10, self._texts[index], self._pipes[index]
        while True:
            try:
                data = os.read(fd, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                os.close(fd)
                self._pipes[index] = -1
                return
            room = cap - len(text)
            text += data[:room]
            if len(data) > room:
                self._stop("output")
                self._limit = self._limit or "output"
                return
            if not everything:
                return

    def _exchange(self, channel: socket.socket, everything: bool) -> None:
        """Sends what waits, and reads until one message is complete (the rest stays with the program)."""
        try:
            if self._outbox:
                del self._outbox[: channel.send(self._outbox)]
        except BlockingIOError:
            pass
        except OSError:
            self._close_channel()
            return
        try:
            while self._message_length() is None or (everything and len(self._inbox) <= MAX_MESSAGE_BYTES):
                if not (data := channel.recv(1 << 16)):
                    self._close_channel()
                    return
                self._inbox += data
        except BlockingIOError:
            pass
        except OSError:
            self._close_channel()

    def _hear(self, control: socket.socket) -> None:
        try:
            data = control.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._answers += data
        try:
            self._outcome = take_answer(self._answers)
        except ValueError as error:
            self._fault = str(error)
        if not data and self._outcome is None:
            self._fault = "the fork server ended" + (f": {w}" if (w := self._slot._last_words()) else "")

    def _conclude(self) -> Result:
        self.close_descriptors()
        stdout, stderr = map(bytes, self._texts)
        outcome, wall = self._outcome, time.monotonic() - self._began
        if outcome is None or outcome["fault"] or (outcome["limit"] == "killed" and not self._limit):
            fault = self._fault or (outcome or {}).get("fault") or "the program was killed from outside (memory?)"
            if outcome is None:
                self._slot.stop()
            self._release(self._slot)
            return Result(stdout, stderr, fault=str(fault), wall_seconds=wall)
        self._release(self._slot)
        status, limit = _ending(outcome, self._limit, self._job.limits)
        return Result(stdout, stderr, status, limit, "", outcome["wall"], outcome["cpu"], outcome["memory_kb"] / 1024)

    def _close_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
            self._outbox.clear()

    def close_descriptors(self) -> None:
        self._close_channel()
        for index, fd in enumerate(self._pipes):
            if fd >= 0:
                os.close(fd)
            self._pipes[index] = -1


def _ending(outcome: dict[str, Any], stopped_for: str | None, limits: Limits) -> tuple[int | None, Any]:
    """Exit status and limit, of which one is None."""
    status, limit = outcome["status"], outcome["limit"]
    if stopped_for == "output":
        limit = "output"  # also where it ended before the server heard of it
    elif limit in ("stopped", "killed"):
        return -signal.SIGKILL, None
    elif limit is None and (
        status == MEMORY_EXIT or (status in _CRASHES and outcome["memory_kb"] >= limits.memory_mb * 900)
    ):
        limit = "memory"
    return (status, None) if limit is None else (None, limit)


def _request(job: Job, limits: Limits) -> dict[str, Any]:
    """The job as the fork server reads it; bytes travel as Latin-1."""
    names = ("wall_seconds", "cpu_seconds", "memory_mb", "disk_mb", "tasks", "open_files", "may_fork")
    return {
        **{name: getattr(limits, name) for name in names},
        "program": job.program.decode("latin-1"),
        "files": {name: data.decode("latin-1") for name, data in job.files.items()},
    }


def _stdin(data: bytes) -> int:
    """A sealed file in memory: the program reads it at its own pace and cannot write to it."""
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.lseek(fd, 0, os.SEEK_SET)
        fcntl.fcntl(
            fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        )
    except BaseException:
        os.close(fd)
        raise
    return fd


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
