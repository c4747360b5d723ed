"""Verifiers that ask a model (a grader, a reward model) run here: in threads of the run's own process.

The judge's workers hold no model. A verifier declares `asks` when it registers and takes an argument `ask`; whoever
makes the judge says how models are opened. Every wait has a deadline, and no reply is the verdict `error` or `timeout`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field
from typing import Any

from rlvr import registry
from rlvr.core import Completion, Message, Prompt, Scorer, Status, Verdict, VerifierUse

from . import wire
from .pool import Pool
from .worker import describe

#: Opens the model that a verifier asks: what kind (`grader`, `reward_model`), and the option that says which one.
OpenModel = Callable[[str, Any], Scorer]

#: kind of model -> the verifier's option that says which one
SETTINGS = {"grader": "grader", "reward_model": "model"}
PATIENCE = 600.0  # seconds that a reply may take, where the model does not say so itself
BATCH = 256  # conversations that a model which is not `concurrent` is given at once
GATHER = 0.005  # seconds in which a batch gathers


class NoReply(Exception):
    """The model did not answer."""

    def __init__(self, status: Status, reason: str) -> None:
        self.status: Status = status
        super().__init__(reason)


def model_of(use: VerifierUse, functions: Mapping[str, Callable[..., Any]] | None = None) -> tuple[str, Any] | None:
    """The kind of model that a verifier asks with these options, and which one; None where it asks none."""
    function = (functions or {}).get(use.name) or registry.get("verifier", use.name)
    asks = getattr(function, "asks", None)
    kind = asks(use.options) if callable(asks) else asks
    return None if kind is None else (kind, use.options.get(SETTINGS[kind]))


class Panel:
    """Runs verifiers that ask models, `parallel` at a time, and opens each model once.

    `timeout` is what a verifier may take beside the wait for its model, in seconds.
    """

    def __init__(self, open_model: OpenModel | None, pool: Pool, parallel: int = 64) -> None:
        self._open, self._pool, self._parallel = open_model, pool, parallel
        self._models: dict[str, _Asked] = {}
        self._lock, self._opening = threading.Lock(), threading.Lock()
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._running: set[_Item] = set()
        self._threads = 0
        self._watched = False

    def open(self, model: tuple[str, Any]) -> _Asked:
        """The model, opened where it is not. Raises NoReply where none was given, UserError where it cannot be."""
        if self._open is None:
            raise NoReply("error", f"it asks a {model[0].replace('_', ' ')}, and none was given")
        with self._opening:
            key = repr(model)
            if key not in self._models:
                self._models[key] = _Asked(self._open(*model), self._pool.closing)
            return self._models[key]

    def submit(
        self, use: VerifierUse, model: tuple[str, Any], prompt: Prompt, completion: Completion
    ) -> Future[Verdict]:
        """Queues one verdict. The future never raises for a fault of the verifier or of the model."""
        function = self._pool.functions.get(use.name) or registry.get("verifier", use.name)
        item = _Item(use, function, model, prompt, completion)
        with self._lock:
            self._items.put(item)
            if self._threads < self._parallel:
                self._start()
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, name="panel-watch", daemon=True).start()
        return item.future

    def _start(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name=f"panel-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        """A thread: judges until the judge closes, or until its item was taken from it at the deadline."""
        while not self._pool.closing.is_set():
            try:
                item = self._items.get(timeout=1.0)
            except queue.Empty:
                continue
            if not item.future.set_running_or_notify_cancel():
                continue
            item.began = time.monotonic()
            self._running.add(item)
            verdict = self._judge(item)
            self._settle(item, verdict)
            if item.lost:
                return
        self._close()

    def _judge(self, item: _Item) -> Verdict:
        try:
            asked = self.open(item.model)
            item.deadline = item.began + asked.patience + self._pool.timeout
            verdict = wire.of_value(item.function(item.prompt, item.completion, ask=asked.ask, **item.use.options))
            return wire.unpack([*wire.pack(verdict), time.monotonic() - item.began])
        except NoReply as error:
            seconds = time.monotonic() - item.began
            return Verdict(None, error.status, reason=wire.clip(f"{item.use.name}: {error}"), seconds=seconds)
        except Exception as error:  # a verifier's own code, a third party's too: it costs one verdict
            return wire.unjudged(describe(error), time.monotonic() - item.began)

    def _settle(self, item: _Item, verdict: Verdict) -> None:
        with self._lock:
            self._running.discard(item)
            if item.future.done():
                return
            item.future.set_result(verdict)
        self._pool.count(verdict)

    def _watch(self) -> None:
        """Takes items from threads that are late; another thread starts in place of each."""
        while not self._pool.closing.wait(0.25):
            now = time.monotonic()
            for item in [item for item in tuple(self._running) if now > item.deadline]:
                item.lost = True
                reason = f"{item.use.name} ran longer than {item.deadline - item.began:g} s"
                self._settle(item, Verdict(None, "timeout", reason=reason, seconds=now - item.began))
                with self._lock:
                    self._start()
        self._close()

    def _close(self) -> None:
        for item in tuple(self._running):
            self._settle(item, wire.unjudged("the judge was closed"))
        while True:
            try:
                item = self._items.get_nowait()
            except queue.Empty:
                return
            if item.future.set_running_or_notify_cancel():
                item.future.set_result(wire.unjudged("the judge was closed"))


@dataclass(eq=False)
class _Item:
    """One completion to judge by one verifier."""

    use: VerifierUse
    function: Callable[..., Any]
    model: tuple[str, Any]
    prompt: Prompt
    completion: Completion
    future: Future[Verdict] = field(default_factory=Future)
    began: float = 0.0
    deadline: float = float("inf")
    lost: bool = False


class _Asked:
    """A model that threads ask one conversation each; one that is not `concurrent` gets them in batches."""

    def __init__(self, scorer: Scorer, closing: threading.Event) -> None:
        self._scorer, self._closing = scorer, closing
        self.patience = float(getattr(scorer, "patience", PATIENCE))
        self._concurrent = bool(getattr(scorer, "concurrent", False))
        self._waiting: queue.SimpleQueue[tuple[Sequence[Message], Future[Any]]] = queue.SimpleQueue()
        if not self._concurrent:
            threading.Thread(target=self._serve, name="panel-model", daemon=True).start()

    def ask(self, conversation: Sequence[Message]) -> Any:
        """The reply. Raises NoReply where there is none."""
        if self._concurrent:
            reply = self._scorer([conversation])[0]
        else:
            future: Future[Any] = Future()
            self._waiting.put((conversation, future))
            try:
                reply = future.result(self.patience)
            except NotInTime as error:
                if future.done():
                    raise  # the model's own
                raise NoReply("timeout", f"no reply within {self.patience:g} s") from error
        if reply is None:
            failures = getattr(self._scorer, "failures", None)
            why = f" ({failures.most_common(1)[0][0]})" if failures else ""
            raise NoReply("error", f"the model gave no reply{why}")
        return reply

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                batch = [self._waiting.get(timeout=1.0)]
            except queue.Empty:
                continue
            time.sleep(GATHER)
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get())
            try:
                replies = list(self._scorer([conversation for conversation, _ in batch]))
                if len(replies) != len(batch):
                    raise ValueError(f"{len(replies)} replies to {len(batch)} conversations")
            except Exception as error:  # the batch pays, the next one has another chance
                for _, future in batch:
                    future.set_exception(error)
            else:
                for (_, future), reply in zip(batch, replies, strict=True):
                    future.set_result(reply)
