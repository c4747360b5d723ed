"""What runs between the judge and one worker: requests, permits to start on them, and replies.

Requests are sent ahead, so that neither side waits for the other at each item. The worker takes a permit, the
item's number, before it starts on an item, from a socket that the judge can read too: the kernel decides who was
first. So the judge takes back what is not started behind a slow item, and knows after a crash what was. (A verifier
that reads its worker's descriptors can steal a permit, and with it one other item's verdict: this is no sandbox.)
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import select
import socket
import termios
import time
from collections.abc import Iterable, Mapping
from typing import Any

from . import wire

_READ = 1 << 16  # bytes at once: as much as a pipe holds


class JudgeEnd:
    """The judge's end. One thread uses it; nothing here blocks longer than it is told to."""

    def __init__(self) -> None:
        self.worker_requests, self._requests = os.pipe()
        self._replies, self.worker_replies = os.pipe()
        self._permits, self._worker_permits = socket.socketpair()
        self._outbox, self._frames = bytearray(), wire.Frames(wire.MAX_REPLY)
        self._ended = False
        os.set_blocking(self._requests, False)
        os.set_blocking(self._replies, False)
        self._poll = select.poll()
        self._poll.register(self._replies, select.POLLIN)

    @property
    def worker_fds(self) -> tuple[int, int, int]:
        """The worker's ends: requests, replies, permits."""
        return self.worker_requests, self.worker_replies, self._worker_permits.fileno()

    def handed_over(self, pidfd: int) -> None:
        """The worker has its ends. `pidfd` (or -1) tells of its death: a stray child may hold the pipes open."""
        os.close(self.worker_requests)
        os.close(self.worker_replies)  # not the permits' socket: the judge reads there what it takes back
        if pidfd >= 0:
            self._poll.register(pidfd, select.POLLIN)

    def send(self, numbers: Iterable[int], data: bytes) -> None:
        """Sends requests ahead, as far as the pipe takes them; the rest goes out while `receive` waits."""
        with contextlib.suppress(OSError):  # a worker that is gone is noticed by `receive`
            self._permits.sendall(array.array("Q", numbers))
        self._outbox += data
        self._flush()

    def _flush(self) -> None:
        try:
            while self._outbox:
                del self._outbox[: os.write(self._requests, self._outbox)]
        except BlockingIOError:
            self._poll.register(self._requests, select.POLLOUT)
        except OSError:
            self._outbox.clear()
        else:
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._requests)

    def receive(self, deadline: float) -> list[tuple[int, dict[str, Any]]]:
        """The messages that came, each with its item's number; none where nothing came until the deadline (monotonic).

        Raises EOFError where the worker is gone and ValueError where it sent anything but a message.
        """
        while True:
            if messages := self._messages():
                return messages
            if self._ended:
                raise EOFError
            try:
                data = os.read(self._replies, _READ)
            except BlockingIOError:
                if not self._wait(deadline):
                    return []
            else:
                self._frames.feed(data)
                self._ended = not data

    def _messages(self) -> list[tuple[int, dict[str, Any]]]:
        """What came as whole messages. What is none waits for the next call: those before it count."""
        messages: list[tuple[int, dict[str, Any]]] = []
        try:
            while (frame := self._frames.first()) is not None:
                messages.append((frame[0], wire.parse(frame[1])))
                self._frames.drop_first()
        except ValueError:
            if not messages:
                raise
        return messages

    def _wait(self, deadline: float) -> bool:
        """Whether a reply or the worker's end came before the deadline. Sends meanwhile what waits to be sent."""
        while True:
            ready = dict(self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
            if self._requests in ready:
                self._flush()
                continue
            self._ended = bool(ready) and self._replies not in ready
            return bool(ready)

    def permits_left(self) -> int:
        """How many of the items that were sent the worker has not started."""
        (size,) = array.array("i", fcntl.ioctl(self._worker_permits, termios.FIONREAD, bytes(4)))
        return int(size) // wire.PERMIT.size

    def take_back(self) -> set[int]:
        """Takes all permits back: the worker will not start on these items."""
        with contextlib.suppress(BlockingIOError):
            return set(array.array("Q", self._worker_permits.recv(_READ, socket.MSG_DONTWAIT)))
        return set()

    def close(self) -> None:
        """Closes the judge's ends; a worker that still reads finds the end of its requests."""
        os.close(self._requests)
        os.close(self._replies)
        self._permits.close()
        self._worker_permits.close()


class WorkerEnd:
    """The worker's end. Blocks."""

    def __init__(self, requests: int, replies: int, permits: int) -> None:
        self._requests, self._replies, self._permits = requests, replies, permits
        self._frames = wire.Frames()

    def next_request(self) -> tuple[int, dict[str, Any]] | None:
        """Takes the permit to start on an item, and its request; None at the end."""
        permit = os.read(self._permits, wire.PERMIT.size)
        if not permit:
            return None
        (wanted,) = wire.PERMIT.unpack(permit)
        while True:
            while (frame := self._frames.first()) is None:
                data = os.read(self._requests, _READ)
                if not data:
                    return None
                self._frames.feed(data)
            self._frames.drop_first()
            if frame[0] == wanted:  # others were taken back
                return wanted, wire.parse(frame[1])

    def reply(self, item: int, message: Mapping[str, Any]) -> None:
        data = memoryview(wire.frame(item, message))
        while data:
            data = data[os.write(self._replies, data) :]

    def wait_for_the_end(self) -> None:
        """Returns when the judge has closed its ends."""
        while os.read(self._requests, _READ):
            pass
