"""The program's side of the fork: taking on limits, landlock and seccomp, and then running the program.

After `become` nothing
can be undone, not even by whoever controls the process.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import io
import json
import linecache
import os
import resource
import signal
import stat
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

STACK_BYTES = 64 << 20  # of the main thread, for deep recursion
MEMORY_EXIT = 113  # the program's exit code where it died of a MemoryError
# By number, because an interpreter built with an older C library lacks the functions.
_PIDFD_OPEN, _CLOSE_RANGE, _LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 434, 436, 444, 445, 446
_MEMFD_CREATE = 319 if os.uname().machine == "x86_64" else 279
_MFD_CLOEXEC_SEALABLE, _F_ADD_SEALS, _ALL_SEALS = 3, 1033, 15
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP = 1, 22

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def checked(value: int, what: str) -> int:
    """The value of a C call. Raises OSError where it is negative."""
    if value < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return value


def pidfd_open(pid: int) -> int:
    """A descriptor that becomes readable when the process ends. Raises OSError."""
    return checked(libc.syscall(_PIDFD_OPEN, pid, 0), "pidfd_open")


def sealed(data: bytes) -> int:
    """A descriptor of a file in memory that can be read and not be written. Raises OSError."""
    fd = checked(libc.syscall(_MEMFD_CREATE, b"sandbox", _MFD_CLOEXEC_SEALABLE), "memfd_create")
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.lseek(fd, 0, os.SEEK_SET)
        fcntl.fcntl(fd, _F_ADD_SEALS, _ALL_SEALS)
    except BaseException:
        os.close(fd)
        raise
    return fd


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


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install_filter(code: bytes, pid_offsets: list[int]) -> None:
    """Puts the seccomp filter in force, for good, with this process's id filled in."""
    filled = bytearray(code)
    for offset in pid_offsets:
        struct.pack_into("<I", filled, offset, os.getpid())
    program = _Program(len(filled) // 8, bytes(filled))
    checked(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0), "seccomp")


def become(job: dict[str, Any], config: dict[str, Any], fds: list[int], report: int, parent: int) -> bytes:
    """Turns this fresh fork into the sandboxed process and returns the program that it is to run.

    `fds` become descriptors 0, 1, 2, ...; the last one holds the program. What goes wrong is written
    to `report` and ends the process.
    """
    try:
        os.setsid()
        checked(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
        if os.getppid() != parent:
            os._exit(1)
        os.chdir(config["work"])
        if config["ruleset"] is not None:
            checked(libc.syscall(_LANDLOCK_RESTRICT, config["ruleset"], 0), "landlock_restrict_self")
        program = _unpack(fds[-1])  # within the walls: the names of files are data
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 16) for fd in [*fds[:-1], report]]
        for number, fd in enumerate(high):
            os.dup2(fd, number)
        report = len(high) - 1
        if libc.syscall(_CLOSE_RANGE, len(high), 0x7FFFFFFF, 0) < 0:
            os.closerange(len(high), 1024)  # a kernel without it; the server never holds more
        _limit(job, config)
        if config["filters"]:
            install_filter(*config["filters"][int(job["may_fork"])])
        os.close(report)
        return program
    except BaseException as error:
        os.write(report, f"{type(error).__name__}: {error}"[:500].encode("utf-8", "replace"))
        os._exit(1)


def _unpack(fd: int) -> bytes:
    """Writes the job's files into the working directory and returns its program."""
    parts = []
    while part := os.read(fd, 1 << 24):
        parts.append(part)
    data = b"".join(parts)
    end = 4 + int.from_bytes(data[:4], "big")
    for name, size in json.loads(data[4:end]) if end > 4 else ():
        if folder := os.path.dirname(name):
            os.makedirs(folder, exist_ok=True)
        with open(name, "wb") as copy:
            copy.write(data[end : end + size])
        end += size
    return data[end:]


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
        resource.RLIMIT_NPROC: config["server_tasks"] + job["tasks"],  # counts all tasks of the user
    }
    for which, value in limits.items():
        value = _at_most(which, value)
        resource.setrlimit(which, (value, value))
    stack = _at_most(resource.RLIMIT_STACK, memory)
    resource.setrlimit(resource.RLIMIT_STACK, (min(stack, STACK_BYTES), stack))


def _at_most(which: int, value: int) -> int:
    hard = resource.getrlimit(which)[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def execute(program: bytes, streams: dict[str, io.TextIOWrapper]) -> NoReturn:
    """Runs the program as `__main__` and ends the process as an interpreter would."""
    status = 1
    try:
        for name, stream in streams.items():
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        endings = (getattr(threading, "_shutdown", lambda: None), atexit._run_exitfuncs)
        status = _run(program)
        for end in endings:
            status = _report(end) or status
        for output in (sys.stdout, streams["stdout"], sys.stderr):  # the program may have put another in its place
            if not output.closed:
                status = _report(output.flush, 120) or status  # an interpreter's code for a lost output
    finally:
        os._exit(status)


def make_streams() -> dict[str, io.TextIOWrapper]:
    """The program's standard streams, made before the fork because it takes a third of a millisecond.

    They belong to descriptors 0, 1 and 2, which are pipes while they are made: no seeking, no terminal.
    """
    saved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in range(3)]
    pipe = os.pipe()
    made: dict[str, io.TextIOWrapper] = {}
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        os.dup2(pipe[min(fd, 1)], fd)
        raw = open(fd, "wb" if fd else "rb", closefd=False)  # noqa: SIM115 - open as long as the process
        errors = "backslashreplace" if fd == 2 else "surrogateescape"  # as an interpreter in UTF-8 mode
        made[name] = io.TextIOWrapper(raw, "utf-8", errors, line_buffering=fd == 2)
    for fd, old in enumerate(saved):
        os.dup2(old, fd)
    for fd in (*pipe, *saved):
        os.close(fd)
    return made


def _run(program: bytes) -> int:
    """Runs the program and returns its exit code."""
    main = type(sys)("__main__")
    main.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules["__main__"] = main
    try:
        exec(compile(program, "main.py", "exec", dont_inherit=True), main.__dict__)
        return 0
    except SystemExit as end:
        code = end.code
        if code is None or isinstance(code, int):
            return int(code or 0) & 0xFF
        print(code, file=sys.stderr)
        return 1
    except BaseException as error:
        lines = program.decode("utf-8", "replace").splitlines(keepends=True)
        linecache.cache["main.py"] = (len(program), None, lines, "main.py")
        trace = error.__traceback__
        error.__traceback__ = trace and trace.tb_next  # less this very frame
        _show(error)
        return MEMORY_EXIT if isinstance(error, MemoryError) else 1


def _show(error: BaseException) -> None:
    """Writes the traceback; the interpreter's own hook would look for the program's lines in a file."""
    if sys.excepthook is sys.__excepthook__:
        traceback.print_exception(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)


def _report(step: Callable[[], object], failed: int = 0) -> int:
    """Does one step of the end; an error goes to stderr and gives `failed`."""
    try:
        step()
    except BaseException as error:
        with contextlib.suppress(BaseException):
            _show(error)
        return MEMORY_EXIT if isinstance(error, MemoryError) else failed
    return 0
