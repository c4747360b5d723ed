"""One place of the judge's pool: a thread that keeps one worker process alive and kills it at the deadline."""

from __future__ import annotations

import concurrent.futures
import os
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rlvr.core import Prompt, Verdict

from . import processes, wire
from .worker import serve

START_SECONDS = 60.0  # for a worker to come up and for an item to start: imports on a loaded machine
GIVE_UP_AFTER = 3  # starts in a row that failed; then items fail at once for a while
RETRY_SECONDS = 30.0


@dataclass
class Item:
    """One completion to judge and where its verdict goes."""

    number: int
    prompt: Prompt
    data: bytes
    future: concurrent.futures.Future[Verdict]


@dataclass
class Pool:
    """What the slots share. It does not know the `Judge`, so that a forgotten one can be collected."""

    timeout: float
    config: Mapping[str, Any]
    functions: Mapping[str, Callable[..., Any]]
    items: queue.SimpleQueue[Item | None] = field(default_factory=queue.SimpleQueue)
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))  # the newest, for a percentile

    def count(self, verdict: Verdict) -> None:
        with self.lock:
            self.counts[verdict.status] += 1
            self.seconds.append(verdict.seconds)

    def metrics(self) -> dict[str, float]:
        """Rates (0..1), seconds and counts since the last call."""
        with self.lock:
            counts, seconds = dict(self.counts), sorted(self.seconds)
            self.counts.clear()
            self.seconds.clear()
        restarts = counts.pop("restarts", 0)
        judged = max(1, sum(counts.values()))
        return {
            "verifier/error_rate": counts.get("error", 0) / judged,
            "verifier/timeout_rate": counts.get("timeout", 0) / judged,
            "verifier/seconds_p95": seconds[-(-len(seconds) * 95 // 100) - 1] if seconds else 0.0,
            "verifier/worker_restarts": float(restarts),
        }


class Slot:
    """One place for a worker: takes items, keeps a worker alive, kills it at the deadline."""

    def __init__(self, pool: Pool, index: int) -> None:
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

    def _judge(self, item: Item) -> Verdict:
        for _ in range(2):  # a worker that died before the item started costs nothing but time
            if self._process is None:
                self._start()
            ready = self._await_ready()
            if self.pool.closing.is_set():
                return wire.unjudged("the judge was closed")
            if not ready:
                return wire.unjudged(f"no verifier worker could be started: {self._trouble}")
            verdict = self._exchange(item)
            if verdict is not None:
                return verdict
        return wire.unjudged("two workers in a row died before they started on the item")

    def _exchange(self, item: Item) -> Verdict | None:
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
        except Exception as error:  # no memory, no processes, no interpreter: items say so, the slot lives on
            self._failed(f"{type(error).__name__}: {error}")
            return
        if self._starts:
            with self.pool.lock:
                self.pool.counts["restarts"] += 1
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
