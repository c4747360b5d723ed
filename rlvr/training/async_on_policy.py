"""Completions that are sampled and judged ahead, in a thread, while the trainer trains on earlier ones.

A *policy version* is the weights at the beginning of an iteration. What iteration k trains on is sampled by version
max(0, k - max_staleness): never by an older one, and never by a newer one either, so that what a run samples does not
depend on how fast it is. *Staleness* is the number of versions between the weights that sampled a token and those that
first train on it, and is bounded when its prompt is submitted. (Within an iteration of several updates the policy moves
on as in a synchronous run; the ratio's clip is there for that.) Iterations are trained in the order in which they were
submitted, and every one of them is: to drop what has become old would favour short completions. Weights never change in
mid-completion.
"""

from __future__ import annotations

import ctypes
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, NamedTuple

from rlvr.core import Group
from rlvr.errors import UserError
from rlvr.records import rollout_json, rollout_of
from rlvr.training.batch import Batch
from rlvr.training.on_policy import OnPolicy, Sampled

#: Seconds that the end of a run waits for what is being sampled to break off.
_GRACE = 10.0


class Held(NamedTuple):
    """Weights by name and the updates behind them, kept on the host for an engine that is still at work."""

    weights: list[tuple[str, Any]]
    updates: int


class Done(NamedTuple):
    """An iteration that was sampled and judged, what was measured meanwhile, and the version that sampled it."""

    sampled: Sampled
    metrics: Mapping[str, float]
    version: int


class AsyncOnPolicy:
    """An `OnPolicy` source whose thread is up to `max_staleness` iterations ahead of the trainer; 0 is synchronous.

    The thread samples, judges and scores; it neither trains nor talks to other ranks. `weights` gives the policy's
    weights now, and is asked in the trainer's own thread only, at the same points on every rank. The engine must have
    weights of its own. An error in the thread is raised where the trainer next asks for anything; after `timeout`
    seconds of waiting for one iteration a `UserError` is.
    """

    def __init__(
        self,
        source: OnPolicy,
        weights: Callable[[], Iterable[tuple[str, Any]]],
        *,
        max_staleness: int,
        timeout: float = 3600.0,
    ) -> None:
        self.source, self.weights = source, weights
        self.max_staleness, self.timeout = max_staleness, timeout
        self.groups: Sequence[Group] = []
        self._given: tuple[Group, ...] = ()
        self._updates = 0  # behind the policy now
        self._engine_updates: int | None = None  # behind the weights that the engine has, or will have when it is free
        self._ahead: dict[int, Future[Done]] = {}  # by iteration, in order
        self._next = 0  # the first iteration that was not submitted
        self._settled = False  # nothing was submitted since the engine was given the newest weights
        self._metrics: dict[str, float] = {}
        self._jobs: queue.SimpleQueue[tuple[int, int, Held | None, Future[Done]] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="rollouts", daemon=True)

    @property
    def given(self) -> Sequence[Group]:
        return self._given

    def batches(self, start: int = 0) -> Iterator[tuple[int, Batch]]:
        self._next = max(self._next, start)
        for iteration in range(start, self.source.iterations):
            self._submit(iteration, iteration)
            began = time.perf_counter()
            done = self._result(iteration)
            waited = time.perf_counter() - began
            del self._ahead[iteration]
            self._submit(iteration + self.max_staleness, iteration)
            self.groups = done.sampled.groups
            staleness = float(iteration - done.version)
            self._metrics = {
                **done.metrics,
                "time/rollout_wait": waited,
                # One version samples a whole iteration, so all of its tokens are of one age.
                "rollout/staleness_mean": staleness,
                "rollout/staleness_max": staleness,
            }
            yield iteration, replace(self.source.batch(done.sampled), stale=staleness > 0)

    def policy_changed(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        """Hears of new weights; the engine takes them once it is free, in `batches` or `settle`."""
        self._updates = version
        self._raise_failure()

    def probe(self) -> Batch | None:
        """Only once all has settled: until then the engine is at work, and with older weights."""
        return self.source.probe() if self._settled else None

    def metrics(self) -> dict[str, float]:
        return dict(self._metrics)

    def settle(self) -> None:
        """Waits until nothing is being sampled and gives the engine the newest weights: it is the caller's to use."""
        self._wait()
        self._give_weights(idle=True)
        self._settled = True

    def state(self) -> list[dict[str, Any]]:
        """What was sampled ahead on all ranks, in plain numbers and text: of later iterations, by older weights."""
        self._wait()
        rows = []
        for iteration, future in self._ahead.items():
            done = future.result()
            mine = [
                (place, group.prompt.id, [rollout_json(r) for r in group.rollouts])
                for place, group in zip(done.sampled.places, done.sampled.groups, strict=True)
            ]
            everyone = [group for some in self.source.ranks.all(mine) for group in some]
            row = {"iteration": iteration, "version": done.version, "metrics": dict(done.metrics)}
            rows.append({**row, "groups": sorted(everyone, key=lambda group: group[0])})
        return rows

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Takes up what `state` gave, this rank its part; what follows is then what would have followed."""
        prompts = {prompt.id: prompt for prompt in self.source.prompts}
        for row in state:
            places, groups = [], []
            for place, prompt, rollouts in self.source.ranks.share(row["groups"]):
                places.append(place)
                groups.append(Group(prompts[prompt], tuple(rollout_of(rollout) for rollout in rollouts)))
            future: Future[Done] = Future()
            future.set_result(Done(Sampled(groups, places), row["metrics"], row["version"]))
            self._ahead[row["iteration"]] = future
            self._next = row["iteration"] + 1

    def close(self) -> None:
        """Ends the thread; what it is sampling breaks off."""
        self._closing.set()
        self._jobs.put(None)
        if not self._thread.is_alive():
            return
        if any(not future.done() for future in self._ahead.values()):
            # Sampling may take an hour. A thread that outlives the interpreter would crash it on its way out.
            ident = ctypes.c_ulong(self._thread.ident or 0)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
        self._thread.join(_GRACE)

    def _submit(self, last: int, version: int) -> None:
        """Has all iterations up to `last` sampled by the policy now, of which `version` is the number."""
        for iteration in range(self._next, min(last + 1, self.source.iterations)):
            future: Future[Done] = Future()
            self._settled = False
            self._jobs.put((iteration, version, self._give_weights(), future))
            self._ahead[iteration] = future
            self._next = iteration + 1
            if self._thread.ident is None:
                self._thread.start()

    def _give_weights(self, idle: bool = False) -> Held | None:
        """Gives the engine the policy's weights now; where it may be at work, returns a copy to be given later.

        Which of the two does not depend on how fast the thread is: all ranks take the same way.
        """
        if self._engine_updates == self._updates:
            return None
        self._engine_updates = self._updates
        if idle or not self._ahead:
            self.source.policy_changed(self.weights(), self._updates)
            return None
        copies = [(name, tensor.detach().to("cpu", copy=True)) for name, tensor in self.weights()]
        return Held(copies, self._updates)

    def _result(self, iteration: int) -> Done:
        self._raise_failure()
        try:
            return self._ahead[iteration].result(self.timeout)
        except TimeoutError:
            raise UserError(
                f"waited {self.timeout:g} s for the completions of iteration {iteration + 1}, which are sampled and "
                "judged ahead of training. Raise engine.rollout_timeout, or sample less at once: fewer "
                "train.prompts_per_iteration, a smaller sampling.max_tokens."
            ) from None

    def _wait(self) -> None:
        for iteration in self._ahead:
            self._result(iteration)

    def _raise_failure(self) -> None:
        """Raises what the thread has failed with, whichever iteration it was sampling."""
        for future in self._ahead.values():
            if future.done():
                future.result()

    def _work(self) -> None:
        """The thread: one job after another, until there is None or one has failed."""
        while (job := self._jobs.get()) is not None and not self._closing.is_set():
            iteration, version, held, future = job
            try:
                if held is not None:
                    self.source.policy_changed(*held)
                sampled = self.source.sample(iteration)
                future.set_result(Done(sampled, self.source.metrics(), version))
            except BaseException as error:
                future.set_exception(error)
                return
