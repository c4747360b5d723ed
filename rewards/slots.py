"""One place of the judge's pool: a thread that keeps one worker process alive and kills it at the deadline."""

from __future__ import annotations

import math
import os
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from rlvr.core import Verdict

from . import processes, wire
from .pool import Item, Pool
from .worker import serve

START_SECONDS = 60.0  # for a worker to come up and for an item to start: imports on a loaded machine
MAX_AHEAD = 64  # items that a worker may have been sent; and no more bytes than a pipe holds, or one item:
AHEAD_BYTES = 1 << 16
AHEAD_SECONDS = 0.005  # for all that a worker may have been sent, at its last pace
PATIENCE = 0.02  # seconds after which what a worker has not started is taken back, for other workers
NAP = 0.002  # seconds at most in which verdicts gather unread
GIVE_UP_AFTER = 3  # starts in a row that failed; then items fail at once for a while
RETRY_SECONDS = 30.0


@dataclass
class Turn:
    """The turn of the item that a worker is at, on the judge's clock."""

    began: float = field(default_factory=time.monotonic)  # of what runs now: waiting, imports or a verifier
    started: bool = False  # the worker has taken the item's permit
    verifier: int = 0  # index of the one that runs; -1 while something is imported for them
    announced: bool = False

    def look(self, permits_left: int, sent: int) -> None:
        """Notes whether the worker has started: an item's time runs from there."""
        if not self.started and permits_left < sent:
            self.started, self.began = True, time.monotonic()

    def announce(self, verifier: Any, count: int) -> None:
        """The worker says that it starts on the next verifier. Raises ValueError where that is not the next."""
        expected = (self.verifier + 1,) if self.announced else (self.verifier + 1, -1)
        if not isinstance(verifier, int) or verifier not in expected or verifier >= count:
            raise ValueError("a start out of turn")
        self.started, self.announced = True, True
        self.verifier, self.began = verifier, time.monotonic()

    def runs(self) -> bool:
        """Whether a verifier is at work, and not the way to it."""
        return self.started and self.verifier >= 0

    def deadline(self, timeout: float) -> float:
        """When what runs now has to be over (monotonic)."""
        return self.began + (timeout if self.runs() else START_SECONDS)

    def seconds(self) -> float:
        return time.monotonic() - self.began


class Slot:
    """One place for a worker: sends it items, some ahead, keeps it alive, kills it at the deadline.

    `_out` is what the worker was sent, in order. It works on the first one: only that one's deadline runs, and only
    that one pays when the worker dies.
    """

    def __init__(self, pool: Pool, index: int) -> None:
        self.thread = threading.Thread(target=self.run, name=f"judge-{index}", daemon=True)
        self.pool, self.parent = pool, os.getpid()
        self.begun = threading.Event()
        self._out: deque[Item] = deque()
        self._turn = Turn()
        self._pace = math.inf  # seconds an item, lately
        self._since = 0.0  # when the worker had nothing out, or the last verdicts came (monotonic)
        self._process: processes.Process | None = None
        self._ready = False
        self._starts = self._failures = 0
        self._retry_at = 0.0
        self._trouble = ""

    def run(self) -> None:
        self._start()
        self.begun.set()
        self._await_ready()
        while self._fetch():
            try:
                self._exchange()
            except Exception as error:  # a defect of ours must not silence the slot
                self._replace(wire.unjudged(f"the judge failed: {type(error).__name__}: {error}"))
            self._await_ready()
        self._stop()
        while self._out:
            self._settle(wire.unjudged("the judge was closed", self._turn.seconds()))

    def _fetch(self) -> bool:
        """Takes items and sends them; waits for one where the worker has none. False at the end."""
        fresh: list[Item] = []
        room, size = self._room(), sum(len(item.data) for item in self._out)
        while len(fresh) < room:
            try:
                item = self.pool.items.get(block=not self._out)
            except queue.Empty:
                break
            if item is None:
                return False
            if not item.claim():
                continue
            self._out.append(item)
            fresh.append(item)
            if (size := size + len(item.data)) > AHEAD_BYTES:
                break
        if self.pool.closing.is_set():
            return False
        if fresh:
            self._send(fresh)
        return True

    def _room(self) -> int:
        """How many more items the worker may be sent: as many as take little time at its pace."""
        window = max(1, min(MAX_AHEAD, int(AHEAD_SECONDS / self._pace)))
        return window - len(self._out) if len(self._out) <= window // 2 else 0

    def _send(self, items: list[Item]) -> None:
        if self._process is None:  # could not be started lately
            self._start()
            self._await_ready()
        if self._process is None:
            while self._out:
                self._settle(wire.unjudged(f"no verifier worker could be started: {self._trouble}"))
            return
        now = time.monotonic()
        if len(items) == len(self._out):
            self._turn, self._since = Turn(), now
        for item in items:
            item.sent = now
        self._process.pipes.send([item.number for item in items], b"".join([item.data for item in items]))

    def _exchange(self) -> None:
        """Waits for news of the worker and acts on them, or on their absence."""
        if self._process is None or not self._out:
            return
        if len(self._out) > 1:  # woken for each verdict, both processes would mostly switch
            time.sleep(min(NAP, self._pace * len(self._out) / 4))
        pipes = self._process.pipes
        self._turn.look(pipes.permits_left(), len(self._out))
        count = len(self._out)
        try:
            messages = pipes.receive(self._next_look())
            for number, message in messages:
                if self._hear(number, message):
                    self._replace(None)
                    return
        except EOFError:
            self._lose("")
        except ValueError as error:
            self._lose(f"a worker sent nonsense: {error}")
        else:
            if settled := count - len(self._out):
                now = time.monotonic()
                self._pace, self._since = (now - self._since) / settled, now
            self._watch()

    def _next_look(self) -> float:
        """When to stop waiting for messages (monotonic)."""
        now = time.monotonic()
        if not self._turn.started:
            return now + PATIENCE
        until = min(self._turn.deadline(self.pool.timeout), now + 0.5)  # is the judge closing?
        return min(until, self._out[1].sent + PATIENCE) if len(self._out) > 1 else until

    def _hear(self, number: int, message: dict[str, Any]) -> bool:
        """Takes a message for the item that the worker is at. Says whether the worker asks to be replaced."""
        if not self._out or number != self._out[0].number:
            raise ValueError("a reply to another item")
        uses = self._out[0].uses
        if "start" in message:
            self._turn.announce(message["start"], len(uses))
            return False
        verdicts = message.get("verdicts")
        if not isinstance(verdicts, list) or len(verdicts) != len(uses):
            raise ValueError("not one verdict for each verifier")
        self._settle(wire.combine(uses, [wire.unpack(verdict) for verdict in verdicts]))
        return bool(message.get("recycle"))

    def _settle(self, verdict: Verdict) -> None:
        """Gives the first item its verdict; the turn passes to the next."""
        item = self._out.popleft()
        self._turn = Turn()
        self.pool.count(verdict)
        item.future.set_result(verdict)

    def _watch(self) -> None:
        """Acts on what is late: the item that the worker is at, and those that wait behind it."""
        if not self._out:
            return
        now = time.monotonic()
        if now >= self._turn.deadline(self.pool.timeout):
            self._replace(self._late())
        elif len(self._out) > 1 and now >= self._out[1].sent + PATIENCE:
            self._pace = math.inf  # nothing more goes ahead until this worker is fast again
            assert self._process is not None
            back = self._process.pipes.take_back()
            self._give_back([item for item in self._out if item.number in back])

    def _late(self) -> Verdict:
        seconds = self._turn.seconds()
        if not self._turn.runs():
            return wire.unjudged(f"the worker did not start on the item within {START_SECONDS:g} s", seconds)
        name = self._out[0].uses[self._turn.verifier].name
        return Verdict(None, "timeout", reason=f"{name} ran longer than {self.pool.timeout:g} s", seconds=seconds)

    def _lose(self, trouble: str) -> None:
        """The worker is gone or astray: the item that it was at pays, if it had started on it."""
        if self._process is None or not self._out:
            self._replace(None)
            return
        self._turn.look(self._process.pipes.permits_left(), len(self._out))
        item, turn, seconds = self._out[0], self._turn, self._turn.seconds()
        ending = self._stop()
        if turn.runs():
            ended = f"verifier {item.uses[turn.verifier].name!r} ended its worker ({ending})"
            self._replace(wire.unjudged(trouble or ended, seconds))
            return
        item.deaths += 1
        twice = wire.unjudged("two workers in a row died before they started on the item")
        self._replace(twice if item.deaths > 1 else None)

    def _replace(self, verdict: Verdict | None) -> None:
        """Ends the worker and starts another, which comes up while others judge. The verdict is the first item's."""
        self._stop()
        if verdict is not None and self._out:
            self._settle(verdict)
        self._give_back(list(self._out))
        self._start()

    def _give_back(self, items: list[Item]) -> None:
        """Puts items that were not started in the queue again, for any worker."""
        if self.pool.closing.is_set():
            return
        for item in items:
            self._out.remove(item)
            self.pool.items.put(item)

    def _start(self) -> None:
        """Starts a worker without waiting for it, unless starting has just failed repeatedly."""
        if self.pool.closing.is_set() or time.monotonic() < self._retry_at:
            return
        config = self.pool.config
        try:
            if functions := self.pool.functions:
                self._process = processes.fork(lambda pipes: serve(pipes, config, functions))
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
                trouble = self._first_word(time.monotonic() + START_SECONDS)
                self._ready = not trouble
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

    def _first_word(self, deadline: float) -> str:
        """Waits for the worker to come up; says what hinders it, if anything does."""
        assert self._process is not None
        while time.monotonic() < deadline and not self.pool.closing.is_set():
            if messages := self._process.pipes.receive(min(deadline, time.monotonic() + 0.5)):
                return str(messages[0][1].get("failed", ""))
        return "it was not ready in time"

    def _failed(self, trouble: str) -> None:
        self._trouble = trouble
        self._failures += 1
        if self._failures >= GIVE_UP_AFTER:
            self._retry_at = time.monotonic() + RETRY_SECONDS

    def _stop(self) -> str:
        process, self._process, self._ready = self._process, None, False
        return process.stop() if process is not None else ""
