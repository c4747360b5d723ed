"""Starting, watching and killing the judge's worker processes."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import rlvr.core

from .worker_pipes import JudgeEnd, WorkerEnd

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
# A fresh interpreter, whatever the parent's __main__ is (a notebook, stdin): only the search path comes over.
_BOOT = (
    "import json, sys; c = json.loads(sys.argv[1]); sys.path[:] = c['path']; "
    "from rlvr.rewards.judging.worker import main; main(c)"
)


class _Forking:
    """One fork at a time: a sibling forked between a pipe's making and the closing of the child's ends holds them."""

    lock = threading.Lock()

    @classmethod
    def renew(cls) -> None:
        cls.lock = threading.Lock()  # another thread may have held it when this process was forked


os.register_at_fork(after_in_child=_Forking.renew)


class Process:
    """A worker process, its pipes and its end. One thread uses it."""

    def __init__(self, pid: int, pipes: JudgeEnd, reap: Callable[[], int | None], log: IO[bytes] | None):
        self.pid, self.pipes = pid, pipes
        self._reap, self._log = reap, log
        self._pidfd = -1
        with contextlib.suppress(OSError, AttributeError):  # AttributeError: not Linux
            self._pidfd = os.pidfd_open(pid)
        pipes.handed_over(self._pidfd)

    def stop(self) -> str:
        """Kills the worker with all that it started, and says how it ended: `signal SIGSEGV`, `exit code 3`."""
        code = self._reap()
        if code is None:  # still alive: nobody may have recycled the id
            strays = _descendants(self.pid)
            for kill, pid in [(os.killpg, self.pid), (os.kill, self.pid), *((os.kill, pid) for pid in strays)]:
                with contextlib.suppress(OSError):
                    kill(pid, signal.SIGKILL)
        else:
            with contextlib.suppress(OSError):  # the group outlives its leader
                os.killpg(self.pid, signal.SIGKILL)
        until = time.monotonic() + 5.0
        while (ended := self._reap()) is None and time.monotonic() < until:
            time.sleep(0.001)
        self.pipes.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
        if self._log is not None:
            self._log.close()
        return describe_exit(code if code is not None else ended)

    def last_words(self) -> str:
        """The last line that the interpreter wrote to stderr while it started."""
        if self._log is None:
            return ""
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 4096))
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:500] if lines else ""


def describe_exit(code: int | None) -> str:
    """`signal SIGSEGV` or `exit code 3`."""
    if code is None:
        return "it cannot be killed"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _descendants(pid: int) -> list[int]:
    """The processes below `pid`, also those that left its group."""
    found: list[int] = []
    todo = [pid]
    while todo and len(found) < 10_000:
        for children in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
            with contextlib.suppress(OSError, ValueError):
                below = [int(word) for word in children.read_text().split()]
                found += below
                todo += below
    return found


def spawn(config: Mapping[str, Any]) -> Process:
    """Starts a fresh interpreter that serves as a worker. Raises OSError where it cannot be started."""
    root = str(Path(rlvr.core.__file__).resolve().parents[1])
    with _Forking.lock:
        pipes, log = JudgeEnd(), tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        path = [os.path.abspath(entry) for entry in [*sys.path, root] if isinstance(entry, str)]
        arguments = {**config, "path": path, "pipes": pipes.worker_fds, "parent": os.getpid()}
        environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **os.environ}
        try:
            child = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOT, json.dumps(arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=pipes.worker_fds,
                env=environment,
                start_new_session=True,
            )
        except BaseException:
            pipes.handed_over(-1)
            pipes.close()
            log.close()
            raise
        return Process(child.pid, pipes, child.poll, log)


def fork(serve: Callable[[WorkerEnd], None]) -> Process:
    """Forks a worker that runs `serve(its end of the pipes)`: for functions that no other process can import."""
    with _Forking.lock:
        pipes, parent = JudgeEnd(), os.getpid()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads; the child uses none
            pid = os.fork()
        if pid == 0:
            try:
                _become_worker(keep=set(pipes.worker_fds), parent=parent)
                serve(WorkerEnd(*pipes.worker_fds))
            finally:
                os._exit(0)  # nothing of the parent's exit handlers runs here
        return Process(pid, pipes, _reaper(pid), None)


def _reaper(pid: int) -> Callable[[], int | None]:
    """A function that says how the child ended, None while it lives; as often as it is asked."""
    ended: list[int] = []

    def reap() -> int | None:
        if not ended:
            try:
                got, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # somebody else in this program waits for every child
                ended.append(0)
            else:
                if got:
                    ended.append(os.waitstatus_to_exitcode(status))
        return ended[0] if ended else None

    return reap


def _become_worker(keep: set[int], parent: int) -> None:
    """Cuts a forked child loose: own session, default signals, none of the parent's sockets and pipes.

    Descriptors are pointed at /dev/null and not closed: objects of the parent that are collected
    here would otherwise close a number that has found a new owner.
    """
    os.setsid()
    die_with_parent(parent)
    faulthandler.disable()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else map(str, range(3)):
        fd = int(name)
        with contextlib.suppress(OSError):
            mode = os.fstat(fd).st_mode
            if fd < 3 or (fd not in keep and (stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode))):
                os.dup2(null, fd)
    # New objects: another thread may have held the old ones' locks at the fork.
    sys.stdin, sys.stdout, sys.stderr = open(os.devnull), open(os.devnull, "w"), open(os.devnull, "w")  # noqa: SIM115
    gc.freeze()  # a collection would touch, and so copy, every page of the parent


def die_with_parent(parent: int) -> None:
    """Has the kernel kill this process when `parent` ends, even by kill -9; strays of ours become our children."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the request was made
        os._exit(1)
