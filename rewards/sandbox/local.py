"""A sandbox on this machine: several slots, each a fork server of its own."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Sequence

from . import launch
from .protocol import Job, Result, Run, Sandbox, SandboxBusy
from .run import ServerRun
from .slot import ServerFailed, Slot


class LocalSandbox(Sandbox):
    """Slots on this machine. Usable from any thread, and again (with slots of its own) after a fork."""

    def __init__(self, plan: launch.Plan, slots: int, queue_seconds: float) -> None:
        self.plan, self._queue_seconds = plan, queue_seconds
        self._fill(slots)

    def _fill(self, slots: int) -> None:
        self._pid = os.getpid()
        self._free = threading.Condition()
        self._slots = [Slot(self.plan) for _ in range(slots)]
        self._idle = list(self._slots)
        self._closed = False
        self._finalizer = weakref.finalize(self, _stop, self._slots, self._idle, self._pid)

    @property
    def description(self) -> str:
        walls = {
            "full": "full: bubblewrap, landlock, seccomp, resource limits",
            "landlock": "landlock: landlock, seccomp, resource limits",
        }.get(self.plan.profile, "unsafe: resource limits only, NOT isolated")
        users = ", a user for each slot" if self.plan.uids else ""
        return f"{walls}{users}; {self.plan.interpreter} ({self.plan.version})"

    def run(self, job: Job) -> Result:
        run = self.start([job])[0]
        try:
            return run.finish()
        except BaseException:  # an interrupt; the slot goes back
            run.kill()
            raise

    def start(self, jobs: Sequence[Job]) -> list[Run]:
        for job in jobs:
            if job.limits.disk_mb > self.plan.max_disk_mb:
                raise ValueError(f"disk_mb={job.limits.disk_mb} is above max_disk_mb={self.plan.max_disk_mb}")
        taken = self._take(len(jobs))
        runs: list[Run] = []
        try:
            for slot, job in zip(taken, jobs, strict=True):
                runs.append(self._start(slot, job))
        except BaseException:
            for run in runs:
                run.kill()
            for slot in taken[len(runs) :]:
                slot.stop()
                self._release(slot)
            raise
        return runs

    def _start(self, slot: Slot, job: Job) -> Run:
        """Starts a program, on a new server where the old one fails; a run that only knows its fault otherwise."""
        trouble = ""
        for _ in range(2):
            try:
                run = ServerRun(slot, job, self._release)
                run.begin()
                return run
            except ServerFailed as error:
                trouble = str(error)
        self._release(slot)
        return FailedRun(trouble)

    def _take(self, count: int) -> list[Slot]:
        """So many idle slots, all at once: two callers that each need two cannot block each other."""
        if self._pid != os.getpid():
            for slot in self._slots:
                slot.abandon()
            self._finalizer.detach()
            self._fill(len(self._slots))
        if count > len(self._slots):
            raise ValueError(f"{count} programs at a time need as many slots; this sandbox has {len(self._slots)}")
        until = time.monotonic() + self._queue_seconds
        with self._free:
            while len(self._idle) < count and not self._closed:
                if not self._free.wait(max(0.0, until - time.monotonic())) and time.monotonic() >= until:
                    raise SandboxBusy(f"no {count} of {len(self._slots)} slots became free in {self._queue_seconds} s")
            if self._closed:
                raise RuntimeError("the sandbox is closed")
            return [self._idle.pop() for _ in range(count)]  # the one used last is the warmest

    def _release(self, slot: Slot) -> None:
        with self._free:
            if self._closed:
                slot.stop()
            self._idle.append(slot)
            self._free.notify_all()

    def close(self) -> None:
        with self._free:
            self._closed = True
            self._free.notify_all()
            self._finalizer()

    def __enter__(self) -> LocalSandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FailedRun(Run):
    """A run that never began, because its slot could not be started."""

    ended = True

    def __init__(self, fault: str) -> None:
        self._fault = f"the sandbox could not be started: {fault}"

    def send(self, message: bytes) -> bool:
        return False

    def receive(self, timeout_seconds: float | None = None) -> bytes | None:
        return None

    def finish(self) -> Result:
        return Result(fault=self._fault)

    def kill(self) -> Result:
        return self.finish()


def _stop(slots: Sequence[Slot], idle: Sequence[Slot], pid: int) -> None:
    if os.getpid() == pid:  # else a forked child's copy: the servers are not its own
        for slot in slots:
            slot.kill()
        for slot in idle:  # the others are in use by a thread, which will see that their server is gone
            slot.stop()
