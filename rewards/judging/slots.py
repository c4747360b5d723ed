"""One place of the judge's pool: a thread that sends items to one worker and has it killed at the deadline."""

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

from . import wire
from .keeper import START_SECONDS, Keeper
from .pool import Item, Pool

MAX_AHEAD = 64  # items that a worker may have been sent; and no more bytes than a pipe holds, or one item:
AHEAD_BYTES = 1 << 16
AHEAD_SECONDS = 0.005  # for all that a worker may have been sent, at its last pace
PATIENCE = 0.02  # seconds after which what a worker has not started is taken back, for other workers
NAP = 0.002  # seconds at most in which verdicts gather unread


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
    """One place for a worker: sends it items, some ahead, and settles what becomes of them.

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
        self._keeper = Keeper(pool)

    def run(self) -> None:
        self._keeper.start()
        self.begun.set()
        self._keeper.await_ready()
        while self._fetch():
            try:
                self._exchange()
            except Exception as error:  # a defect of ours must not silence the slot
                self._replace(wire.unjudged(f"the judge failed: {type(error).__name__}: {error}"))
            self._keeper.await_ready()
        self._keeper.stop()
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
        if self._keeper.process is None:  # could not be started lately
            self._keeper.start()
            self._keeper.await_ready()
        if self._keeper.process is None:
            while self._out:
                self._settle(wire.unjudged(f"no verifier worker could be started: {self._keeper.trouble}"))
            return
        now = time.monotonic()
        if len(items) == len(self._out):
            self._turn, self._since = Turn(), now
        for item in items:
            item.sent = now
        self._keeper.process.pipes.send([item.number for item in items], b"".join([item.data for item in items]))

    def _exchange(self) -> None:
        """Waits for news of the worker and acts on them, or on their absence."""
        if self._keeper.process is None or not self._out:
            return
        if len(self._out) > 1:  # woken for each verdict, both processes would mostly switch
            time.sleep(min(NAP, self._pace * len(self._out) / 4))
        pipes = self._keeper.process.pipes
        self._turn.look(pipes.permits_left(), len(self._out))
        count = len(self._out)
        try:
            messages = pipes.receive(self._next_look())
            for number, message in messages:
                if self._hear(number, message):
                    self._replace(None)
                    return
        except EOFError:
            self._died()
        except ValueError as error:
            self._replace(wire.unjudged(f"a worker sent nonsense: {error}", self._turn.seconds()))
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
            assert self._keeper.process is not None
            back = self._keeper.process.pipes.take_back()
            self._give_back([item for item in self._out if item.number in back])

    def _late(self) -> Verdict:
        seconds = self._turn.seconds()
        if not self._turn.runs():
            return wire.unjudged(f"the worker did not start on the item within {START_SECONDS:g} s", seconds)
        reason = f"{self._running()} ran longer than {self.pool.timeout:g} s"
        return Verdict(None, "timeout", reason=reason, seconds=seconds)

    def _running(self) -> str:
        """The name of the verifier that runs."""
        return self._out[0].uses[self._turn.verifier].name

    def _died(self) -> None:
        """The worker is gone: the item that it was at pays if it had started on it, else it has another chance."""
        assert self._keeper.process is not None
        self._turn.look(self._keeper.process.pipes.permits_left(), len(self._out))
        seconds, ending = self._turn.seconds(), self._keeper.stop()
        if self._turn.runs():
            self._replace(wire.unjudged(f"verifier {self._running()!r} ended its worker ({ending})", seconds))
            return
        self._out[0].deaths += 1
        twice = wire.unjudged("two workers in a row died before they started on the item")
        self._replace(twice if self._out[0].deaths > 1 else None)

    def _replace(self, verdict: Verdict | None) -> None:
        """Ends the worker and starts another, which comes up while others judge. The verdict is the first item's."""
        self._keeper.stop()
        if verdict is not None and self._out:
            self._settle(verdict)
        self._give_back(list(self._out))
        self._keeper.start()

    def _give_back(self, items: list[Item]) -> None:
        """Puts items that were not started in the queue again, for any worker."""
        if self.pool.closing.is_set():
            return
        for item in items:
            self._out.remove(item)
            self.pool.items.put(item)
