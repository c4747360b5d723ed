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
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.errors import UserError

from . import wire
from .asking import NoReply, OpenModel, Panel, model_of
from .keeper import START_SECONDS
from .pool import Item, Pool
from .slots import Slot


class Judge:
    """Runs the verifiers of prompts on completions, `workers` at a time; usable from any thread.

    `timeout` is in seconds for each verifier of a prompt; `memory_mb` is how far a worker may grow beyond its
    imports; `plugins` are loaded in each worker; `functions` are verifiers by name that cannot be
    imported: with any, workers are forked from this process (build the judge before anything
    large, and do not use torch in them). `warm` names the verifiers that are imported ahead. `open_model` opens
    the models that verifiers ask (`rubric`, `reward_model`): those run beside the workers, in threads of this process.

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
        open_model: OpenModel | None = None,
    ) -> None:
        if workers < 1 or not timeout > 0 or memory_mb < 1:
            raise ValueError(f"workers={workers}, timeout={timeout}, memory_mb={memory_mb} must all be positive")
        files = [str(Path(plugin).expanduser().resolve()) for plugin in plugins]
        config = {"plugins": files, "warm": list(warm), "memory_mb": memory_mb}
        self._pid = os.getpid()
        self._numbers = itertools.count()
        self._pool = Pool(timeout, config, dict(functions or {}))
        self._panel = Panel(open_model, self._pool)
        self._unknown: set[str] = set()  # names of verifiers that this process does not know
        self._slots = [Slot(self._pool, index) for index in range(workers)]
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
        models = [self._model(use) for use in prompt.verifiers]
        if not any(models):
            return self._queue(prompt, completion)
        return _together(
            prompt.verifiers,
            [
                self._queue(replace(prompt, verifier=(use,)), completion)
                if model is None
                else self._panel.submit(use, model, prompt, completion)
                for use, model in zip(prompt.verifiers, models, strict=True)
            ],
        )

    def open_models(self, uses: Sequence[VerifierUse]) -> None:
        """Opens the models that these verifiers ask, so that what is wrong with one is told before anything runs.

        Raises UserError where a model cannot be opened or none was given.
        """
        for use in uses:
            if (model := self._model(use)) is not None:
                try:
                    self._panel.open(model)
                except NoReply as error:
                    raise UserError(
                        f"verifier {use.name!r}: {error}. Name one: `grader: {{model: ..., url: ...}}` in a "
                        "recipe or as the verifier's option."
                    ) from error

    def _model(self, use: VerifierUse) -> tuple[str, Any] | None:
        if use.name in self._unknown:
            return None
        try:
            return model_of(use, self._pool.functions)
        except UserError:  # a worker's to report, which may know it from a plug-in; finding that out is slow
            self._unknown.add(use.name)
            return None

    def _queue(self, prompt: Prompt, completion: Completion) -> concurrent.futures.Future[Verdict]:
        """Queues one completion for the workers."""
        future: concurrent.futures.Future[Verdict] = concurrent.futures.Future()
        number = next(self._numbers)
        try:
            uses = prompt.verifiers
            if not uses:
                raise ValueError("the prompt names no verifier")
            if not isinstance(completion.text, str):
                raise TypeError(f"the completion is a {type(completion.text).__name__}, not text")
            data = wire.frame(number, wire.request(prompt, uses, completion), completion.text)
        except (TypeError, ValueError, RecursionError) as error:
            verdict = wire.unjudged(f"prompt {prompt.id!r} cannot be sent to a worker: {error}")
            self._pool.count(verdict)
            future.set_result(verdict)
            return future
        self._pool.items.put(Item(number, uses, data, future))
        return future

    def judge(self, pairs: Sequence[tuple[Prompt, Completion]]) -> list[Verdict]:
        """The verdicts, in the order of the pairs."""
        futures = [self.submit(*pair) for pair in pairs]
        if futures:
            self._result(futures[-1])  # done near the end: this thread wakes once and not for each verdict
        return [self._result(future) for future in futures]

    def _result(self, future: concurrent.futures.Future[Verdict]) -> Verdict:
        while True:
            try:
                return future.result(timeout=5.0)
            except concurrent.futures.TimeoutError:
                if not any(slot.thread.is_alive() for slot in self._slots) and not future.done():
                    return wire.unjudged("the judge was closed")

    def metrics(self) -> dict[str, float]:
        """Counters since the last call: rates in 0..1, seconds, and how many workers were replaced."""
        return self._pool.metrics()

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


def _together(
    uses: Sequence[VerifierUse], parts: Sequence[concurrent.futures.Future[Verdict]]
) -> concurrent.futures.Future[Verdict]:
    """The verdict of several verifiers that are judged in several places."""
    whole: concurrent.futures.Future[Verdict] = concurrent.futures.Future()
    left, lock = set(map(id, parts)), threading.Lock()

    def done(part: concurrent.futures.Future[Verdict]) -> None:
        with lock:
            left.discard(id(part))
            last = not left
        if last and whole.set_running_or_notify_cancel():
            whole.set_result(wire.combine(uses, [part.result() for part in parts]))

    for part in parts:
        part.add_done_callback(done)
    return whole


def _shut_down(pool: Pool, slots: Sequence[Slot]) -> None:
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
        if item is not None and item.claim():
            item.future.set_result(wire.unjudged("the judge was closed"))
