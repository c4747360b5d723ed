"""The loop: one screen, the same for every algorithm and every source of batches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rlvr.algorithms.base import Algorithm, State
from rlvr.training.batch import Batch
from rlvr.training.mismatch import everywhere, mismatch_metrics, refuse_mismatch
from rlvr.training.observe import across_ranks, mean_of_updates, rollout_metrics
from rlvr.training.probe import check_engine

if TYPE_CHECKING:
    from rlvr.schema import TrainSection
    from rlvr.training.local_backend import LocalBackend
    from rlvr.training.sources import Source


@dataclass(frozen=True, slots=True)
class Progress:
    """All that the loop must remember to go on: `iteration` counts those that are done."""

    iteration: int
    state: State


class Report(Protocol):
    """What follows an iteration outside of the loop: trackers, evaluation, checkpoints."""

    def __call__(self, progress: Progress, batch: Batch, metrics: dict[str, float]) -> None: ...


def train(
    source: Source,
    algorithm: Algorithm,
    backend: LocalBackend,
    plan: TrainSection,
    report: Report,
    start: Progress | None = None,
    should_stop: Callable[[int], bool] = lambda iteration: False,
    interrupted: Callable[[], bool] = lambda: False,
) -> Progress:
    """Trains until the source is exhausted, or `should_stop(iterations done)` says so.

    Where `interrupted()`, an iteration that has been sampled is left untrained: it is sampled again on resumption.
    """
    progress = start or Progress(0, algorithm.init_state())
    state, resumed_at, began = progress.state, progress.iteration, time.perf_counter()
    # With one update an iteration the old policy is the current one: no pass is needed to know it.
    several = plan.epochs > 1 or plan.minibatch is not None
    needs = algorithm.needs | ({"old_logprobs"} if several and algorithm.source == "on_policy" else set())

    for iteration, batch in source.batches(resumed_at):
        if interrupted():
            break
        inputs_began = time.perf_counter()
        batch = backend.add_inputs(batch, frozenset(needs))
        if iteration == resumed_at and not batch.stale:  # or the age of the completions would look like a fault
            refuse_mismatch(backend.mismatch(batch), backend.dtype)
        inputs_seconds = time.perf_counter() - inputs_began

        batch = algorithm.credit(batch, state)
        state = algorithm.observe(batch, state)
        updates: list[dict[str, float]] = []
        stop = False
        for part in batch.minibatches(plan.epochs, plan.minibatch, plan.seed, iteration):
            if stop:
                backend.updates += 1  # left out, but counted: the schedule is one of the planned updates
                continue
            updates.append(backend.update(algorithm, part))
            state, stop = algorithm.after_update(updates[-1], state)
        state = algorithm.after_iteration(updates[-1], state)
        source.policy_changed(backend.policy, backend.updates)

        groups = [group for groups in backend.ranks.gathered(source.groups) for group in groups]
        metrics = rollout_metrics(groups) | across_ranks(backend.ranks.all(source.metrics()))
        metrics |= mean_of_updates(updates) | check_engine(source, backend)
        own, sampler = everywhere(backend.ranks, backend.trace.logprobs, batch.sampler_logprobs)
        metrics |= mismatch_metrics(own, sampler, batch.correction)
        metrics |= {"train/updates": float(backend.updates), "train/stopped_early": float(stop)}
        if several and "train/loss" in updates[0]:
            metrics["train/first_loss"] = updates[0]["train/loss"]
        metrics["time/inputs"] = inputs_seconds
        if batch.kl_coef is not None:
            metrics["policy/kl_coef"] = batch.kl_coef
        metrics["time/iteration"] = time.perf_counter() - began
        progress = Progress(iteration + 1, state)
        report(progress, batch, metrics)
        began = time.perf_counter()
        if should_stop(progress.iteration):
            break
    return progress
