"""The fork server inside the sandbox: forks one process a run, cuts it off from everything, and watches it.

Sent as text into a bare interpreter, perhaps another and older one than the parent's: it imports the standard
library only and knows nothing of rlvr. It never sees a program: the text goes to the forked child in a file in
memory, because what this process has read once could be found in the memory of every later fork.

Descriptor 0 is a stream socket to the trusted side. Request: a length (4 bytes), JSON, and the descriptors that
become 0, 1, 2 and perhaps 3 of the program, last the one that holds it. Answer: a length and JSON.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import socket
import stat
import sys
import time
from typing import Any

from .sandbox_child import become, checked, execute, landlock_ruleset, landlock_version, libc, make_streams

STOP, STOP_OUTPUT = b"s", b"o"  # ends the run; no request begins with these bytes, for none is that long
WATCH_SECONDS = 0.02  # how often CPU time, disk and tasks are looked at
MAX_FILES = 4096  # in the private directory
SPARE_TASKS = 4096  # by which the other tasks of a shared user may grow while the server lives
_CLONE_CPU_CLOCK = 2  # the process-wide CPU clock: (~pid << 3) | 2, see clock_getcpuclockid(3)
_PR_SET_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38


class Gone(Exception):
    """The trusted side is gone."""


class Server:
    """Reads requests, forks, watches, answers. `serve` returns a program's source, in a forked child only."""

    def __init__(self, control: socket.socket, config: dict[str, Any], host: int) -> None:
        self.control, self.config, self.host = control, config, host

    def serve(self) -> bytes:
        while True:
            job, fds = self.read()
            program = self.run(job, fds)
            if program is not None:
                return program
            if not self.is_clean():  # after the answer, for it may take a while
                empty(self.config["work"])
                self.answer({"clean": True})

    def read(self) -> tuple[dict[str, Any], list[int]]:
        """The next request and its descriptors. Raises Gone where there will be none."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.host, select.POLLIN)
        received, fds = bytearray(), list[int]()
        while len(received) < 4 or len(received) < 4 + int.from_bytes(received[:4], "big"):
            ready = dict(poll.poll())
            if self.control.fileno() not in ready:
                raise Gone
            data, new, _, _ = socket.recv_fds(self.control, 1 << 16, 8)
            if not data:
                raise Gone
            # The wish to end a run may come when that run has just ended by itself.
            received += data if received else data.lstrip(STOP + STOP_OUTPUT)
            fds += new
        return json.loads(received[4:]), fds

    def run(self, job: dict[str, Any], fds: list[int]) -> bytes | None:
        """Forks and watches the program to its end, or until the trusted side says stop. In the child the program."""
        heard, report = os.pipe()
        began, parent, stdin = time.monotonic(), os.getpid(), os.fstat(fds[0]).st_ino
        pid = os.fork()
        if pid == 0:
            self.control.detach()  # its number will be the program's standard input
            return become(job, self.config, fds, report, parent)
        for fd in [report, *fds]:
            os.close(fd)
        limit = Watch(self, job, pid, began, stdin).limit()
        seconds = time.monotonic() - began
        _, status, usage = os.wait4(pid, 0)
        self.reap()
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        trouble = os.read(heard, 4096).decode("utf-8", "replace")
        os.close(heard)
        cpu = usage.ru_utime + usage.ru_stime
        if limit is None and code == -signal.SIGKILL and not trouble:
            limit = "cpu" if cpu >= job["cpu_seconds"] else "killed"  # it cannot do so itself: see the filter
        ending = {"status": code, "limit": limit, "fault": trouble, "clean": self.is_clean()}
        self.answer({**ending, "wall": seconds, "cpu": cpu, "memory_kb": usage.ru_maxrss})
        return None

    def is_clean(self) -> bool:
        return not os.listdir(self.config["work"])

    def reap(self) -> None:
        """Waits for orphans that became children of this process. Their group has been killed; without a filter
        (unsafe) they may have left it. Raises TimeoutError where one cannot be killed."""
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            try:
                if os.waitpid(-1, os.WNOHANG)[0]:
                    continue
            except ChildProcessError:
                return
            for child in children("self"):
                os.kill(child, signal.SIGKILL)
            time.sleep(0.001)
        raise TimeoutError("a process cannot be killed")

    def answer(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        self.control.sendall(len(body).to_bytes(4, "big") + body)


class Watch:
    """Looks after one running program; `limit` returns with all its processes dead."""

    def __init__(self, server: Server, job: dict[str, Any], pid: int, began: float, stdin: int) -> None:
        self.server, self.job, self.pid, self.stdin = server, job, pid, stdin
        self.deadline = began + job["wall_seconds"]
        self.clock = (~pid << 3) | _CLONE_CPU_CLOCK
        self.disk_bytes = job["disk_mb"] << 20

    def limit(self) -> str | None:
        """Which limit the program hit, None where it ended by itself. Raises Gone with the trusted side."""
        pidfd = os.pidfd_open(self.pid)
        try:
            hit = self.wait(pidfd)
        finally:
            for kill in (os.kill, os.killpg):  # not yet waited for, so the number is still its own
                with contextlib.suppress(ProcessLookupError):  # killed before it had a group of its own
                    kill(self.pid, signal.SIGKILL)
            os.close(pidfd)
        return hit

    def wait(self, pidfd: int) -> str | None:
        control, host = self.server.control, self.server.host
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
        config = self.server.config
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


def prepare(config: dict[str, Any]) -> dict[str, Any]:
    """Makes this interpreter ready to be forked; returns what it found for the trusted side."""
    for name in config["preload"]:
        with contextlib.suppress(ImportError):  # the program will see the same
            __import__(name)
    for name, text in config.pop("modules").items():
        load(name, text)
    checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    checked(libc.prctl(_PR_SET_SUBREAPER, 1, 0, 0, 0), "subreaper")
    os.environ.clear()
    sys.argv[:] = ["main.py"]
    sys.path[:] = [config["work"], *filter(None, sys.path)]
    config["filters"] = [(bytes.fromhex(code), offsets) for code, offsets in config["filters"]]
    config["ruleset"] = landlock_ruleset(config["read"], config["work"]) if config["landlock"] else None
    os.set_inheritable(0, False)
    empty(config["work"])
    config["own_bytes"] = _own_bytes()
    if not config["own_user"]:  # others run under this user too: a last line behind `Watch`
        config["server_tasks"] = tasks_of_user() + SPARE_TASKS
    gc.collect()
    gc.freeze()  # a collection in the child would touch, and so copy, every page
    return {"ready": os.getpid(), "python": sys.version.split()[0], "landlock": landlock_version()}


def load(name: str, text: str) -> None:
    """Imports a module of the trusted side, which comes as text."""
    parent, _, own = name.rpartition(".")
    module = sys.modules[name] = type(sys)(name)
    if parent:
        package = sys.modules.setdefault(parent, type(sys)(parent))
        package.__path__ = []
        setattr(package, own, module)
        module.__package__ = parent
    exec(compile(text, f"{own}.py", "exec", dont_inherit=True), module.__dict__)


def _own_bytes() -> int:
    """The address space that the interpreter takes before any program."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 64 << 20  # there is no /proc; rather too much


def main() -> None:
    """Serves until the trusted side is gone; a forked child runs its program and ends here."""
    control = socket.socket(fileno=0)
    data, fds, _, _ = socket.recv_fds(control, 1, 8)  # the length's first byte brings the parent's pidfd
    length = int.from_bytes(data + control.recv(3, socket.MSG_WAITALL), "big")
    config = json.loads(control.recv(length, socket.MSG_WAITALL))
    server, streams = Server(control, config, fds[0]), make_streams()
    try:
        server.answer(prepare(config))
        program = server.serve()
    except Gone:
        with contextlib.suppress(OSError):
            empty(config["work"])
            os.rmdir(config["work"])  # refused where it is a mount, which goes by itself
        os._exit(0)
    del server, control, config
    execute(program, streams)
