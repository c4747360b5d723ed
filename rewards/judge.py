"""The judge: a pool of pre-warmed, killable worker processes that run verifiers.

A verifier may hang, crash, fork or eat memory: it costs one verdict (`timeout` or `error`, reward
None) and the pool goes on. The deadline of an item starts when a worker says that it starts, not when
the item is queued. Workers are fresh interpreters; functions that no other process can import (a
notebook's) run in forked ones.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from rlvr.core import Completion, Prompt, Verdict

from . import processes, wire
from .worker import serve

START_SECONDS = 60.0  # for a worker to come up and for an item to start: imports on a loaded machine
GIVE_UP_AFTER = 3  # starts in a row that failed; then items fail at once for a while
RETRY_SECONDS = 30.0


@dataclass
class _Item:
    """One completion to judge and where its verdict goes."""

    number: int
    prompt: Prompt
    data: bytes
    future: concurrent.futures.Future[Verdict]


@dataclass
class _Pool:
    """What the slots share. It does not know the `Judge`, so that a forgotten one can be collected."""

    timeout: float
    config: Mapping[str, Any]
    functions: Mapping[str, Callable[..., Any]]
    items: queue.SimpleQueue[_Item | None] = field(default_factory=queue.SimpleQueue)
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    restarts: int = 0
    statuses: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def count(self, verdict: Verdict) -> None:
        with self.lock:
            self.statuses.append(verdict.status)
            self.seconds.append(verdict.seconds)


class Judge:
    """Runs the verifiers of prompts on completions, `workers` at a time; usable from any thread.

    `timeout` is in seconds for each verifier of a prompt; `memory_mb` is how far a worker may grow beyond its
    imports; `plugins` are loaded in each worker; `functions` are verifiers by name that cannot be
    imported: with any, workers are forked from this process (build the judge before anything
    large, and do not use torch in them). `warm` names the verifiers that are imported ahead.

    Example: `with Judge(workers=4) as judge: verdicts = judge.judge([(prompt, completion)])`
    """

    def __init__(
        self,
        workers: int = 2,
        timeout: float = 10.0,
        memory_mb: int = 4096,
        plugins: Sequence[str | Path] = (),
        functions: Mapping[str, Callable[..., Any]] | None = None,
        *,
        warm: Sequence[str] = ("math",),
    ) -> None:
        if workers < 1 or not timeout > 0 or memory_mb < 1:
            raise ValueError(f"workers={workers}, timeout={timeout}, memory_mb={memory_mb} must all be positive")
        files = [str(Path(plugin).expanduser().resolve()) for plugin in plugins]
        config = {"plugins": files, "warm": list(warm), "memory_mb": memory_mb}
        self._pid = os.getpid()
        self._numbers = itertools.count()
        self._pool = _Pool(timeout, config, dict(functions or {}))
        self._slots = [_Slot(self._pool, index) for index in range(workers)]
        self._finalizer = weakref.finalize(self, _shut_down, self._pool, self._slots)  # also at exit
        for slot in self._slots:
            slot.thread.start()
        for slot in self._slots:
            slot.begun.wait(START_SECONDS)  # forked workers start from the program as it is now

    def submit(self, prompt: Prompt, completion: Completion) -> concurrent.futures.Future[Verdict]:
        """Queues one completion. The future never raises for a fault of a verifier or of the prompt's data."""
        if os.getpid() != self._pid:
            raise RuntimeError("this judge belongs to the process that made it; make one in each process")
        if self._pool.closing.is_set():
            raise RuntimeError("the judge is closed")
        future: concurrent.futures.Future[Verdict] = concurrent.futures.Future()
        number = next(self._numbers)
        try:
            if not prompt.verifiers:
                raise ValueError("the prompt names no verifier")
            data = wire.frame(wire.request(number, prompt, completion))
        except (TypeError, ValueError, RecursionError) as error:
            verdict = wire.unjudged(f"prompt {prompt.id!r} cannot be sent to a worker: {error}")
            self._pool.count(verdict)
            future.set_result(verdict)
            return future
        self._pool.items.put(_Item(number, prompt, data, future))
        return future

    def judge(self, pairs: Sequence[tuple[Prompt, Completion]]) -> list[Verdict]:
        """The verdicts, in the order of the pairs."""
        return [self._result(future) for future in [self.submit(*pair) for pair in pairs]]

    def _result(self, future: concurrent.futures.Future[Verdict]) -> Verdict:
        while True:
            try:
                return future.result(timeout=5.0)
            except concurrent.futures.TimeoutError:
                if not any(slot.thread.is_alive() for slot in self._slots) and not future.done():
                    return wire.unjudged("the judge was closed")

    def metrics(self) -> dict[str, float]:
        """Rates (0..1), seconds and counts since the last call."""
        with self._pool.lock:
            statuses, self._pool.statuses = self._pool.statuses, []
            seconds, self._pool.seconds = sorted(self._pool.seconds), []
            restarts, self._pool.restarts = self._pool.restarts, 0
        count = max(1, len(statuses))
        return {
            "verifier/error_rate": statuses.count("error") / count,
            "verifier/timeout_rate": statuses.count("timeout") / count,
            "verifier/seconds_p95": seconds[-(-len(seconds) * 95 // 100) - 1] if seconds else 0.0,
            "verifier/worker_restarts": float(restarts),
        }

    def close(self) -> None:
        """Ends the workers. Items that wait get an `error` verdict."""
        if os.getpid() == self._pid:
            self._finalizer()

    def __enter__(self) -> Judge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _shut_down(pool: _Pool, slots: Sequence[_Slot]) -> None:
    if not slots or os.getpid() != slots[0].parent:
        return  # a forked child's copy: the workers are not its own
    pool.closing.set()
    for _ in slots:
        pool.items.put(None)
    until = time.monotonic() + 5.0
    for slot in slots:
        if slot.thread is not threading.current_thread() and slot.thread.is_alive():
            slot.thread.join(max(0.0, until - time.monotonic()))
    while True:
        try:
            item = pool.items.get_nowait()
        except queue.Empty:
            return
        if item is not None and item.future.set_running_or_notify_cancel():
            item.future.set_result(wire.unjudged("the judge was closed"))


class _Slot:
    """One place for a worker: takes items, keeps a worker alive, kills it at the deadline."""

    def __init__(self, pool: _Pool, index: int) -> None:
        self.thread = threading.Thread(target=self.run, name=f"judge-{index}", daemon=True)
        self.pool, self.parent = pool, os.getpid()
        self.begun = threading.Event()
        self._process: processes.Process | None = None
        self._ready = False
        self._starts = self._failures = 0
        self._retry_at = 0.0
        self._trouble = ""

    def run(self) -> None:
        self._start()
        self.begun.set()
        self._await_ready()
        while (item := self.pool.items.get()) is not None:
            if not item.future.set_running_or_notify_cancel():
                continue
            try:
                verdict = self._judge(item)
            except Exception as error:  # a defect of ours must not silence the slot
                self._stop()
                verdict = wire.unjudged(f"the judge failed: {type(error).__name__}: {error}")
            self.pool.count(verdict)
            item.future.set_result(verdict)
        self._stop()

    def _judge(self, item: _Item) -> Verdict:
        for _ in range(2):  # a worker that died before the item started costs nothing but time
            if self._process is None:
                self._start()
            if not self._await_ready():
                return wire.unjudged(f"no verifier worker could be started: {self._trouble}")
            verdict = self._exchange(item)
            if verdict is not None:
                return verdict
        return wire.unjudged("two workers in a row died before they started on the item")

    def _exchange(self, item: _Item) -> Verdict | None:
        """Sends the item and waits for its verdict; None where the worker never started on it."""
        assert self._process is not None
        uses = item.prompt.verifiers
        deadline = time.monotonic() + START_SECONDS
        running, began = -1, time.monotonic()
        if not self._process.send(item.data, deadline):
            self._stop()
            return None
        try:
            while True:
                message = self._receive(deadline)
                if message is None:
                    return self._late(uses[running].name if running >= 0 else None, began)
                if message.get("item") != item.number:
                    raise ValueError("a reply to another item")
                if "verdicts" in message:
                    break
                if message.get("start") != running + 1 or running + 1 >= len(uses):
                    raise ValueError("a start out of turn")
                running, began = running + 1, time.monotonic()
                deadline = began + self.pool.timeout
            verdicts = message["verdicts"]
            if not isinstance(verdicts, list) or len(verdicts) != len(uses):
                raise ValueError("not one verdict for each verifier")
            verdict = wire.combine(uses, [wire.unpack(v) for v in verdicts])
        except EOFError:
            ending = self._stop()
            if running < 0:
                return None
            return wire.unjudged(
                f"verifier {uses[running].name!r} ended its worker ({ending})", time.monotonic() - began
            )
        except ValueError as error:
            self._stop()
            return wire.unjudged(f"a worker sent nonsense: {error}", time.monotonic() - began)
        if message.get("recycle"):
            self._stop()
            self._start()  # comes up while the next item is on its way
        return verdict

    def _late(self, name: str | None, began: float) -> Verdict:
        closing = self.pool.closing.is_set()
        self._stop()
        seconds = time.monotonic() - began
        if closing:
            return wire.unjudged("the judge was closed", seconds)
        if name is None:
            return wire.unjudged(f"the worker did not start on the item within {START_SECONDS:g} s", seconds)
        return Verdict(None, "timeout", reason=f"{name} ran longer than {self.pool.timeout:g} s", seconds=seconds)

    def _receive(self, deadline: float) -> dict[str, Any] | None:
        """The worker's next message; None at the deadline or when the judge closes."""
        assert self._process is not None
        while True:
            until = min(deadline, time.monotonic() + 0.5)  # looks up twice a second: is the judge closing?
            message = self._process.receive(until)
            if message is not None or until >= deadline or self.pool.closing.is_set():
                return message

    def _start(self) -> None:
        """Starts a worker without waiting for it, unless starting has just failed repeatedly."""
        if self.pool.closing.is_set() or time.monotonic() < self._retry_at:
            return
        config = self.pool.config
        try:
            if functions := self.pool.functions:
                self._process = processes.fork(lambda read, write: serve(read, write, config, functions))
            else:
                self._process = processes.spawn(config)
        except (OSError, ValueError, TypeError) as error:
            self._failed(f"{type(error).__name__}: {error}")
            return
        if self._starts:
            with self.pool.lock:
                self.pool.restarts += 1
        self._starts += 1
        self._ready = False

    def _await_ready(self) -> bool:
        """Whether there is a worker that has come up."""
        while self._process is not None and not self._ready:
            try:
                message = self._receive(time.monotonic() + START_SECONDS)
                trouble = "it was not ready in time" if message is None else str(message.get("failed", ""))
                self._ready = message is not None and "ready" in message
            except (EOFError, ValueError) as error:
                trouble = str(error)
            if self._ready:
                self._failures, self._retry_at = 0, 0.0
                return True
            words = self._process.last_words()
            ending = self._stop()
            self._failed(trouble or words or ending)
            self._start()
        return self._process is not None

    def _failed(self, trouble: str) -> None:
        self._trouble = trouble
        self._failures += 1
        if self._failures >= GIVE_UP_AFTER:
            self._retry_at = time.monotonic() + RETRY_SECONDS

    def _stop(self) -> str:
        process, self._process, self._ready = self._process, None, False
        return process.stop() if process is not None else ""
