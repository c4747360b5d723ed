"""One program that runs in a slot, seen from the trusted side: its output, its messages, its end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from .inside.child import MEMORY_EXIT, sealed
from .inside.watch import STOP, STOP_OUTPUT
from .protocol import MAX_MESSAGE_BYTES, Job, Limits, Result, Run
from .slot import ServerFailed, Slot, take_answer

#: How long after its wall limit a run may take to be reported before the fork server counts as failed. The server
#: reports within milliseconds; a machine without time to spare is no reason to call a slow program a fault.
GRACE_SECONDS = 2.0
_CRASHES = frozenset({-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS})


class ServerRun(Run):
    """A program that runs in a slot; see `sandbox.Run`."""

    def __init__(self, slot: Slot, job: Job, release: Callable[[Slot], None]) -> None:
        self._slot, self._job, self._release = slot, job, release
        self._texts = (bytearray(), bytearray())  # stdout, stderr
        self._pipes = [-1, -1]
        self._channel: socket.socket | None = None
        self._inbox, self._outbox = bytearray(), bytearray()
        self._outcome: dict[str, Any] | None = None
        self._limit: str | None = None  # what this side stopped it for
        self._fault = ""
        self._result: Result | None = None
        self._began = time.monotonic()
        self._deadline = self._began + job.limits.wall_seconds + GRACE_SECONDS

    def begin(self) -> None:
        """Hands the job to the fork server. Raises ServerFailed."""
        try:
            self._slot.ensure()
            self._hand_over(self._job)
        except (OSError, ServerFailed) as error:
            self.close_descriptors()
            self._slot.stop()
            raise ServerFailed(str(error)) from error

    def _hand_over(self, job: Job) -> None:
        theirs: list[int] = [sealed(job.stdin)]
        try:
            for index in range(2):
                self._pipes[index], write = os.pipe()
                theirs.append(write)
                os.set_blocking(self._pipes[index], False)
            if job.channel:
                self._channel, other = socket.socketpair()
                self._channel.setblocking(False)
                theirs.append(other.detach())
            theirs.append(sealed(_payload(job)))
            self._slot.send(_request(job.limits), theirs, self._deadline)
        finally:
            for fd in theirs:
                os.close(fd)

    @property
    def ended(self) -> bool:
        if not self._over:
            self._pump(lambda: False, 0.0)
        return self._over

    @property
    def _over(self) -> bool:
        return self._outcome is not None or bool(self._fault)

    def send(self, message: bytes) -> bool:
        if not self._job.channel or len(message) > MAX_MESSAGE_BYTES:
            raise ValueError("the message is too long" if self._job.channel else "the job asked for no channel")
        if self._channel is None:
            return False
        self._outbox += len(message).to_bytes(4, "big") + message
        self._pump(lambda: not self._outbox or self._channel is None, self._deadline)
        return not self._outbox  # whatever the program did next: it may have read the message and ended

    def receive(self, timeout_seconds: float | None = None) -> bytes | None:
        until = self._deadline if timeout_seconds is None else time.monotonic() + timeout_seconds
        self._pump(lambda: self._message_length() is not None or self._channel is None, until)
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
            if self._limit is None:  # else it is being killed, and shall not end by itself for want of a channel
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
            if now >= until:
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
        self._slot.answers += data
        try:
            self._outcome = take_answer(self._slot.answers)
        except ValueError as error:
            self._fault = str(error)
        if not data and self._outcome is None:
            self._fault = "the fork server ended" + (f": {w}" if (w := self._slot.last_words()) else "")

    def _conclude(self) -> Result:
        self.close_descriptors()
        stdout, stderr = map(bytes, self._texts)
        outcome, wall = self._outcome, time.monotonic() - self._began
        if outcome is None or outcome["fault"] or (outcome["limit"] == "killed" and not self._limit):
            fault = self._fault or (outcome or {}).get("fault") or "the program was killed from outside (memory?)"
            self._slot.stop()  # the next program gets a new server
            self._release(self._slot)
            return Result(stdout, stderr, fault=str(fault), wall_seconds=wall)
        self._slot.clean = bool(outcome["clean"])
        self._release(self._slot)
        status, limit = _ending(outcome, self._limit, self._job.limits)
        return Result(stdout, stderr, status, limit, "", outcome["wall"], outcome["cpu"], outcome["memory_kb"] / 1024)

    def _close_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)  # a process forked from this one may hold a copy
            channel.close()  # what is still in the outbox was not sent

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


def _request(limits: Limits) -> dict[str, Any]:
    """What the fork server is told of a job: its limits."""
    names = ("wall_seconds", "cpu_seconds", "memory_mb", "disk_mb", "tasks", "open_files", "may_fork")
    return {name: getattr(limits, name) for name in names}


def _payload(job: Job) -> bytes:
    """What the forked child reads, and the server does not: names and sizes of the files, the files, the program."""
    names = json.dumps([(name, len(data)) for name, data in job.files.items()]).encode() if job.files else b""
    return b"".join([len(names).to_bytes(4, "big"), names, *job.files.values(), job.program])
