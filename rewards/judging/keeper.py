"""Keeps one worker process alive for a slot of the judge."""

from __future__ import annotations

import time

from . import processes
from .pool import Pool
from .worker import serve

START_SECONDS = 60.0  # for a worker to come up and for an item to start: imports on a loaded machine
GIVE_UP_AFTER = 3  # starts in a row that failed; then items fail at once for a while
RETRY_SECONDS = 30.0


class Keeper:
    """Starts a worker, waits until it has come up, ends it. `process` is None where none could be started."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.process: processes.Process | None = None
        self.trouble = ""  # why the last start failed
        self._ready = False
        self._starts = self._failures = 0
        self._retry_at = 0.0

    def start(self) -> None:
        """Starts a worker without waiting for it, unless starting has just failed repeatedly."""
        if self.pool.closing.is_set() or time.monotonic() < self._retry_at:
            return
        config = self.pool.config
        try:
            if functions := self.pool.functions:
                self.process = processes.fork(lambda pipes: serve(pipes, config, functions))
            else:
                self.process = processes.spawn(config)
        except Exception as error:  # no memory, no processes, no interpreter: items say so, the slot lives on
            self._failed(f"{type(error).__name__}: {error}")
            return
        if self._starts:
            with self.pool.lock:
                self.pool.counts["restarts"] += 1
        self._starts += 1
        self._ready = False

    def await_ready(self) -> None:
        """Returns when the worker has come up, or when none can be started."""
        while self.process is not None and not self._ready:
            try:
                trouble = self._first_word(self.process, time.monotonic() + START_SECONDS)
                self._ready = not trouble
            except (EOFError, ValueError) as error:
                trouble = str(error)
            if self._ready:
                self._failures, self._retry_at = 0, 0.0
                return
            words = self.process.last_words()
            ending = self.stop()
            self._failed(trouble or words or ending)
            self.start()

    def _first_word(self, process: processes.Process, deadline: float) -> str:
        """Waits for the worker to come up; says what hinders it, if anything does."""
        while time.monotonic() < deadline and not self.pool.closing.is_set():
            if messages := process.pipes.receive(min(deadline, time.monotonic() + 0.5)):
                return str(messages[0][1].get("failed", ""))
        return "it was not ready in time"

    def _failed(self, trouble: str) -> None:
        self.trouble = trouble
        self._failures += 1
        if self._failures >= GIVE_UP_AFTER:
            self._retry_at = time.monotonic() + RETRY_SECONDS

    def stop(self) -> str:
        """Ends the worker with all that it started; says how it ended, nothing where there is none."""
        process, self.process, self._ready = self.process, None, False
        return process.stop() if process is not None else ""
