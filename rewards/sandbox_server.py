"""The fork server inside the sandbox: forks one process a run, cuts it off from everything, and watches it.

Sent as text into a bare interpreter, perhaps another and older one than the parent's: it imports the standard
library only and knows nothing of rlvr. It holds no secret. The program under test is a fork of it that has
taken on its limits, a landlock domain and a seccomp filter before the first byte of the program is compiled.

Descriptor 0 is a stream socket to the trusted side. Request: a length (4 bytes), JSON, and the descriptors that
become 0, 1, 2 and 3 of the program. Answer: a length and JSON.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import io
import json
import os
import resource
import select
import signal
import socket
import stat
import struct
import sys
import time
from typing import Any, NoReturn

WATCH_SECONDS = 0.02  # how often CPU time, disk and threads are looked at
STOP, STOP_OUTPUT = b"s", b"o"  # ends the run; no request begins with these bytes, for none is that long
MEMORY_EXIT = 113  # the program's exit code where it died of a MemoryError
_CLONE_CPU_CLOCK = 2  # the process-wide CPU clock: (~pid << 3) | 2, see clock_getcpuclockid(3)
_CLOSE_RANGE, _LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 436, 444, 445, 446  # on every architecture
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def checked(value: int, what: str) -> int:
    """The value of a C call. Raises OSError where it is negative."""
    if value < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return value


# ---- landlock ------------------------------------------------------------------------------------------------------

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14
#: How many file rights each version of landlock knows; a right that is handled and not granted is denied.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_OWN = _WRITE_FILE | _READ_FILE | _READ_DIR | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM
_OWN_OPTIONAL = _REFER | _TRUNCATE


def landlock_version() -> int:
    """The kernel's landlock version, 0 where there is none."""
    return max(0, libc.syscall(_LANDLOCK_CREATE, None, 0, 1))


def landlock_ruleset(read: list[str], write: str) -> int:
    """A ruleset that allows reading below `read`, files below `write`, and nothing else: no network, and (version
    6) no signal and no abstract socket outside. Returns a descriptor; raises OSError."""
    version = landlock_version()
    handled = (1 << _RIGHTS.get(version, 16)) - 1
    attributes = struct.pack("=QQQ", handled, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = checked(libc.syscall(_LANDLOCK_CREATE, attributes, size, 0), "landlock_create_ruleset")
    for path, rights in [*((p, _READ_FILE | _READ_DIR) for p in read), (write, _OWN | _OWN_OPTIONAL)]:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # nothing there to allow
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _READ_FILE
        if path == "/dev/null":
            rights |= _WRITE_FILE
        rule = struct.pack("=Qi", rights & handled, fd)
        checked(libc.syscall(_LANDLOCK_ADD_RULE, ruleset, 1, rule, 0), f"landlock_add_rule {path}")
        os.close(fd)
    return ruleset


def restrict(ruleset: int) -> None:
    """Enters the landlock domain, for good."""
    checked(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0), "landlock_restrict_self")


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install_filter(code: bytes, pid_offsets: list[int]) -> None:
    """Puts the seccomp filter in force, for good, with this process's id filled in."""
    filled = bytearray(code)
    for offset in pid_offsets:
        struct.pack_into("<I", filled, offset, os.getpid())
    program = _Program(len(filled) // 8, bytes(filled))
    checked(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0), "seccomp")


# ---- the program's side of the fork --------------------------------------------------------------------------------


def become(job: dict[str, Any], config: dict[str, Any], fds: list[int], report: int, parent: int) -> None:
    """Turns this fresh fork into the sandboxed process. What goes wrong is written to `report`, and ends it."""
    try:
        os.setsid()
        checked(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
        if os.getppid() != parent:
            os._exit(1)
        os.chdir(config["work"])
        for name, text in job["files"].items():
            _write_file(name, text.encode("latin-1"))
        ruleset = config["ruleset"]
        if ruleset is not None:
            restrict(ruleset)
        fds = [*fds, report]
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 16) for fd in fds]
        for number, fd in enumerate(high):
            os.dup2(fd, number)
        if libc.syscall(_CLOSE_RANGE, len(fds), 0x7FFFFFFF, 0) < 0:
            os.closerange(len(fds), 1024)  # a kernel without it; the server never holds more
        report = len(fds) - 1
        _limit(job, config)
        if config["filters"]:
            code, offsets = config["filters"][int(job["may_fork"])]
            install_filter(code, offsets)
        os.close(report)
    except BaseException as error:
        os.write(report, f"{type(error).__name__}: {error}"[:500].encode("utf-8", "replace"))
        os._exit(1)


def _write_file(name: str, data: bytes) -> None:
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(name, "wb") as file:
        file.write(data)


def _limit(job: dict[str, Any], config: dict[str, Any]) -> None:
    """Resource limits: all hard, so that they cannot be raised again."""
    memory = config["own_bytes"] + (job["memory_mb"] << 20)
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: int(job["cpu_seconds"]) + 1,
        resource.RLIMIT_FSIZE: job["disk_mb"] << 20,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NOFILE: job["open_files"],
        resource.RLIMIT_SIGPENDING: 64,
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_NICE: 0,
    }
    if config["own_uid"]:  # counted by user: only where nobody else runs under it
        limits[resource.RLIMIT_NPROC] = config["server_tasks"] + job["tasks"]
    for which, value in limits.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    stack = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (min(stack, 64 << 20), stack))


def execute(source: str) -> NoReturn:
    """Runs the program as `__main__` and ends the process as an interpreter would."""
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(open(0, "rb", closefd=False), "utf-8", "surrogateescape")
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(open(1, "wb", closefd=False), "utf-8", "surrogateescape")
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(
        open(2, "wb", closefd=False), "utf-8", "backslashreplace", line_buffering=True
    )
    status = 1
    try:
        status = _execute(source)
    finally:
        os._exit(status)


def _execute(source: str) -> int:
    flush, exit_functions, end_threads = _endings()
    main = type(sys)("__main__")
    main.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules["__main__"] = main
    status = 0
    try:
        program = compile(source.encode("latin-1"), "main.py", "exec", dont_inherit=True)
        exec(program, main.__dict__)
    except SystemExit as end:
        code = end.code
        if code is None or isinstance(code, int):
            status = 0 if code is None else int(code) & 0xFF
        else:
            print(code, file=sys.stderr)
            status = 1
    except MemoryError:
        status = MEMORY_EXIT
    except BaseException as error:
        status = 1
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        sys.excepthook(type(error), error, error.__traceback__)
    try:
        end_threads()
        exit_functions()
    except MemoryError:
        status = status or MEMORY_EXIT
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    return flush(status)


def _endings() -> Any:
    import atexit
    import threading

    def flush(status: int) -> int:
        try:
            sys.stdout.flush()
        except BaseException:
            status = status or 120  # what an interpreter returns where its output cannot be written
        try:
            sys.stderr.flush()
        except BaseException:
            pass
        return status

    return flush, atexit._run_exitfuncs, getattr(threading, "_shutdown", lambda: None)


# ---- the server's side of the fork ---------------------------------------------------------------------------------


class Gone(Exception):
    """The trusted side is gone."""


class Server:
    """Reads requests, forks, watches, answers. `serve` returns a program's source, in a forked child only."""

    def __init__(self, control: socket.socket, config: dict[str, Any], host: int) -> None:
        self.control, self.config, self.host = control, config, host

    def serve(self) -> str:
        while True:
            job, fds = self.read()
            source = self.run(job, fds)
            if source is not None:
                return source
            empty(self.config["work"])

    def read(self) -> tuple[dict[str, Any], list[int]]:
        """The next request and its descriptors. Raises Gone where there will be none."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.host, select.POLLIN)
        ready = dict(poll.poll())
        if self.control.fileno() not in ready:
            raise Gone
        data, fds = b"", []
        while not data:
            data, fds, _, _ = socket.recv_fds(self.control, 1 << 16, 8)
            if not data:
                raise Gone
            data = data.lstrip(STOP + STOP_OUTPUT)  # the wish to end a run that had just ended by itself
        received = bytearray(data)
        while len(received) < 4 or len(received) < 4 + int.from_bytes(received[:4], "big"):
            if not (more := self.control.recv(1 << 20)):
                raise Gone
            received += more
        return json.loads(received[4:]), fds

    def run(self, job: dict[str, Any], fds: list[int]) -> str | None:
        """Forks and watches the program to its end, or until the trusted side says stop. In the child its source."""
        heard, report = os.pipe()
        began = time.monotonic()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self.control.detach()  # its number will be the program's standard input
            become(job, self.config, fds, report, parent)
            return str(job["program"])
        os.close(report)
        stdin = os.fstat(fds[0]).st_ino
        for fd in fds:
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
        self.answer({"status": code, "limit": limit, "fault": trouble, "wall": seconds, "cpu": cpu,
                     "memory_kb": usage.ru_maxrss})  # fmt: skip
        return None

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
                try:
                    kill(self.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # killed before it had a group of its own
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
        if size > self.disk_bytes or files > 4096:
            return "disk"
        if not config["own_uid"] and tasks(self.pid) > self.job["tasks"]:
            return "tasks"
        return None


def usage(work: str, pid: int, stdin: int, enough: int) -> tuple[int, int]:
    """Bytes and number of files below `work` and of deleted files that the process holds, counted up to `enough`.
    `stdin` is the inode of its standard input, a deleted file that is not its own."""
    size = count = 0
    todo = [work]
    while todo and size <= enough and count <= 4096:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    count += 1
                    status = entry.stat(follow_symlinks=False)
                    size += status.st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    if count > 4096:
                        break
        except OSError:
            continue
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            status = os.stat(f"/proc/{pid}/fd/{name}")
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0 and status.st_ino != stdin:
                size += status.st_blocks * 512
    except OSError:
        pass
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
        try:
            __import__(name)
        except ImportError:
            pass  # an interpreter without this module; the program will see the same
    checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    checked(libc.prctl(_PR_SET_SUBREAPER, 1, 0, 0, 0), "subreaper")
    os.environ.clear()
    sys.argv[:] = ["main.py"]
    sys.path[:] = [config["work"], *filter(None, sys.path)]
    config["filters"] = [(bytes.fromhex(code), offsets) for code, offsets in config["filters"]]
    config["ruleset"] = landlock_ruleset(config["read"], config["work"]) if config["landlock"] else None
    os.set_inheritable(0, False)
    empty(config["work"])
    with open("/proc/self/statm" if os.path.exists("/proc/self/statm") else "/dev/null") as file:
        pages = int((file.read() or "0").split()[0])
    config["own_bytes"] = pages * resource.getpagesize() or 64 << 20
    gc.collect()
    gc.freeze()  # a collection in the child would touch, and so copy, every page
    return {"ready": os.getpid(), "python": sys.version.split()[0], "landlock": landlock_version()}


def main() -> str:
    """Serves until the trusted side is gone. Returns in a forked child only, with the source of its program."""
    control = socket.socket(fileno=0)
    data, fds, _, _ = socket.recv_fds(control, 1, 8)  # the length's first byte brings the parent's pidfd
    length = int.from_bytes(data + control.recv(3, socket.MSG_WAITALL), "big")
    config = json.loads(control.recv(length, socket.MSG_WAITALL))
    try:
        server = Server(control, config, fds[0])
        server.answer(prepare(config))
        return server.serve()
    except Gone:
        os._exit(0)


if __name__ == "__main__":
    execute(main())
