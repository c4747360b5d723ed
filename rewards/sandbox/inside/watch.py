"""Looking after a running program: time, disk and tasks, which the kernel limits coarsely or not at all."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import stat
import time
from typing import Any

from .child import pidfd_open

STOP, STOP_OUTPUT = b"s", b"o"  # ends the run; no request begins with these bytes, for none is that long
WATCH_SECONDS = 0.02  # how often CPU time, disk and tasks are looked at
MAX_FILES = 4096  # in the private directory
_CLONE_CPU_CLOCK = 2  # the process-wide CPU clock: (~pid << 3) | 2, see clock_getcpuclockid(3)


class Gone(Exception):
    """The trusted side is gone."""


class Watch:
    """Looks after one running program; `limit` returns with all its processes dead.

    `control` and `host` become readable when the trusted side wants an end, or has come to its own.
    `stdin` is the inode of the program's standard input.
    """

    def __init__(
        self, control: socket.socket, host: int, config: dict[str, Any], job: dict[str, Any], pid: int, stdin: int
    ) -> None:
        self.control, self.host, self.config = control, host, config
        self.job, self.pid, self.stdin = job, pid, stdin
        self.deadline = time.monotonic() + job["wall_seconds"]
        self.clock = (~pid << 3) | _CLONE_CPU_CLOCK
        self.disk_bytes = job["disk_mb"] << 20

    def limit(self) -> str | None:
        """Which limit the program hit, None where it ended by itself. Raises Gone with the trusted side."""
        pidfd = pidfd_open(self.pid)
        try:
            hit = self.wait(pidfd)
        finally:
            for kill in (os.kill, os.killpg):  # not yet waited for, so the number is still its own
                with contextlib.suppress(ProcessLookupError):  # killed before it had a group of its own
                    kill(self.pid, signal.SIGKILL)
            os.close(pidfd)
        return hit

    def wait(self, pidfd: int) -> str | None:
        control, host = self.control, self.host
        poll = select.poll()
        for fd in (pidfd, control.fileno(), host):
            poll.register(fd, select.POLLIN)
        while True:
            left = self.deadline - time.monotonic()
            if left <= 0:
                return "wall"
            ready = dict(poll.poll(max(1.0, min(left, WATCH_SECONDS) * 1000)))
            if pidfd in ready:
                return None
            if host in ready:
                raise Gone
            if control.fileno() in ready:  # the one thing that may come here is the wish to end it
                if not (word := control.recv(1)):
                    raise Gone
                return "output" if word == STOP_OUTPUT else "stopped"
            if hit := self.look():
                return hit

    def look(self) -> str | None:
        """CPU time, disk and threads, which the kernel limits coarsely or not at all."""
        try:
            if time.clock_gettime(self.clock) > self.job["cpu_seconds"]:
                return "cpu"
        except OSError:
            return None  # it has just ended
        config = self.config
        if config["work_is_mount"]:
            used = os.statvfs(config["work"])
            size, files = (used.f_blocks - used.f_bfree) * used.f_frsize, used.f_files - used.f_ffree
        else:
            size, files = usage(config["work"], self.pid, self.stdin, self.disk_bytes)
        if size > self.disk_bytes or files > MAX_FILES:
            return "disk"
        if not config["own_user"] and tasks(self.pid) > self.job["tasks"]:
            return "tasks"
        return None


def usage(work: str, pid: int, stdin: int, enough: int) -> tuple[int, int]:
    """Bytes and number of files below `work` and of deleted ones that the process holds or maps, up to `enough`.
    `stdin` is the inode of its standard input, a deleted file that is not its own."""
    size = count = 0
    todo = [work]
    while todo and size <= enough and count <= MAX_FILES:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    count += 1
                    status = entry.stat(follow_symlinks=False)
                    size += status.st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    if count > MAX_FILES:
                        break
        except FileNotFoundError:
            continue
        except OSError:
            return enough + 1, count  # so deep that its name is too long: nothing that a program needs
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            status = os.stat(f"/proc/{pid}/fd/{name}")
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0 and status.st_ino != stdin:
                size += status.st_blocks * 512
    with contextlib.suppress(OSError), open(f"/proc/{pid}/maps", "rb") as maps:
        for line in maps:
            if line.endswith(b"(deleted)\n") and work.encode() in line:
                low, high = line.split(None, 1)[0].split(b"-")
                size += int(high, 16) - int(low, 16)
    return size, count


def children(pid: int | str) -> list[int]:
    """The processes that the threads of `pid` started; none where /proc is not there to tell."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass
    return found


def tasks(pid: int) -> int:
    """The threads of a process and of the processes below it."""
    found, todo = 0, [pid]
    while todo and found < 10_000:
        pid = todo.pop()
        try:
            found += len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            continue
        todo += children(pid)
    return found


def tasks_of_user() -> int:
    """The threads of all processes of this user, as far as /proc shows them."""
    found = 0
    for name in os.listdir("/proc") if os.path.isdir("/proc/1") else ():
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == os.getuid():
                found += len(os.listdir(f"/proc/{name}/task"))
    return found


def empty(folder: str) -> None:
    """Removes everything below `folder`, however deep and whatever its permissions. Follows no link; raises OSError."""
    entries = os.listdir(folder)
    count = 0
    while entries:
        for name in entries:
            path = f"{folder}/{name}"
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                os.unlink(path)
                continue
            os.chmod(path, 0o700)
            for below in os.listdir(path):  # brought up one level, so that no path grows long
                count += 1
                inner = f"{path}/{below}"
                if stat.S_ISDIR(os.lstat(inner).st_mode):
                    os.chmod(inner, 0o700)  # else it could not be moved
                    os.rename(inner, f"{folder}/.{count}.{time.monotonic_ns()}")
                else:
                    os.unlink(inner)
            os.rmdir(path)
        entries = os.listdir(folder)
