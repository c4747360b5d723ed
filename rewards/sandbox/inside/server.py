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
import sys
import time
from typing import Any

from .child import become, checked, execute, landlock_ruleset, landlock_version, libc, make_streams
from .watch import STOP, STOP_OUTPUT, Gone, Watch, children, empty, tasks_of_user

SPARE_TASKS = 4096  # by which the other tasks of a shared user may grow while the server lives
_PR_SET_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38


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
        limit = Watch(self.control, self.host, self.config, job, pid, stdin).limit()
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
