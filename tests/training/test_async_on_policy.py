"""Sampling ahead of training: bounded, in order, without loss; and what goes wrong. Whole runs: test_async_runs.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlvr.config import load_recipe
from rlvr.core import Completion, Prompt, Sampling, Span, Verdict
from rlvr.errors import UserError
from rlvr.sourcing import ahead_of_training
from rlvr.training.async_on_policy import AsyncOnPolicy
from rlvr.training.on_policy import OnPolicy
from rlvr.training.ranks import Ranks
from tests.tiny import make_tokenizer, prompt
from tests.training.test_resume import settings
from tests.waiting import wait_until

ITERATIONS, WANTED, GROUP = 7, 3, 2
UPDATES = 4  # of the optimizer in an iteration


class SlowEngine:
    """Completions say which weights made them; `seconds` an iteration. Weights must not come while it is at work."""

    def __init__(self, seconds: Mapping[int, float] | None = None, broken_at: int | None = None) -> None:
        self.seconds, self.broken_at = seconds or {}, broken_at
        self.version = -1
        self.weights: list[float] = []
        self.at_work = False
        self.may_end = threading.Event()  # before its seconds are over
        self.sampled: list[int] = []

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        assert not self.at_work
        self.at_work = True
        ends = time.monotonic() + self.seconds.get(iteration, 0.0)
        while time.monotonic() < ends and not self.may_end.is_set():
            time.sleep(0.001)
        if iteration == self.broken_at:
            raise OSError("the engine fell over")
        assert self.weights == [self.version], "weights and version belong together"
        self.sampled.append(iteration)
        span = Span("sampled", (7, 8), (-1.0, -1.0))
        made = [Completion((span,), f"{iteration}", policy_version=self.version, prompt_ids=(1,))] * sampling.group_size
        self.at_work = False
        return [made for _ in prompts]

    def load_policy(self, weights: Any, version: int) -> None:
        assert not self.at_work
        self.weights = [float(tensor) for _, tensor in weights]
        self.version = version

    def metrics(self) -> Mapping[str, float]:
        return {"rollout/near_ties": float(self.sampled[-1] if self.sampled else -1)}


class Judge:
    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]:
        future: Future[Verdict] = Future()
        future.set_result(Verdict.of(1.0))
        return future

    def metrics(self) -> Mapping[str, float]:
        return {}


class Trainer:
    """Moves its one weight in place, as an optimizer does: whoever looks at it late sees a newer one."""

    def __init__(self) -> None:
        import torch

        self.weight = torch.zeros(())

    def policy(self) -> Iterator[tuple[str, Any]]:
        yield "weight", self.weight

    def train(self, source: AsyncOnPolicy) -> None:
        self.weight += UPDATES
        source.policy_changed(self.policy(), int(self.weight))


def source_of(engine: Any, trainer: Trainer, max_staleness: int, timeout: float = 30.0) -> AsyncOnPolicy:
    inner = OnPolicy(
        [prompt(f"p{i}", name=f"p{i}") for i in range(50)],
        engine,
        Judge(),
        Sampling(group_size=GROUP, max_tokens=4, seed=3),
        tokenizer=make_tokenizer(),
        iterations=ITERATIONS,
        prompts_per_iteration=WANTED,
        prompts_per_chunk=WANTED,
    )
    return AsyncOnPolicy(inner, trainer.policy, max_staleness=max_staleness, timeout=timeout)


# The bound and the order


@pytest.mark.parametrize("slow", ["engine", "trainer", "by turns"])
@pytest.mark.parametrize("bound", [0, 1, 2, 3])
def test_no_token_is_staler_than_the_bound_and_none_is_lost(bound: int, slow: str) -> None:
    """Which weights sample an iteration does not depend on who is slow; and the long ones are trained as well."""
    pauses = {i: {"engine": 0.02, "trainer": 0.0, "by turns": 0.03 * (i % 2)}[slow] for i in range(ITERATIONS)}
    engine, trainer = SlowEngine(pauses), Trainer()
    source = source_of(engine, trainer, bound)
    sync = source_of(SlowEngine(), Trainer(), 0)
    expected = [[g.prompt.id for g in sync.groups] for _, _ in sync.batches() if not sync.policy_changed((), 0)]
    seen = []
    for iteration, batch in source.batches():
        versions = {r.completion.policy_version for g in source.groups for r in g.rollouts}
        assert versions == {UPDATES * max(0, iteration - bound)}
        staleness = (int(trainer.weight) - versions.pop()) // UPDATES
        assert 0 <= staleness <= bound and batch.stale == (staleness > 0)
        found = source.metrics()
        assert found["rollout/staleness_mean"] == found["rollout/staleness_max"] == staleness
        assert found["rollout/near_ties"] == iteration  # its own metrics and not those of what is sampled meanwhile
        assert {r.completion.text for g in source.groups for r in g.rollouts} == {str(iteration)}
        seen.append([g.prompt.id for g in source.groups])
        if slow == "trainer":
            time.sleep(0.02)
        trainer.train(source)
    assert seen == expected and len(seen) == ITERATIONS
    assert engine.sampled == list(range(ITERATIONS))  # in the order of submission, each once
    source.close()
    sync.close()
    assert not [t for t in threading.enumerate() if t.name == "rollouts"]


def test_sampling_and_training_take_place_at_the_same_time() -> None:
    engine, trainer = SlowEngine({}), Trainer()
    source = source_of(engine, trainer, 1)
    engine.seconds = dict.fromkeys(range(1, ITERATIONS), 20.0)
    for iteration, _ in source.batches():
        if iteration + 1 < ITERATIONS:
            assert wait_until(lambda: engine.at_work)  # sampling the next, while this one is trained
            trainer.train(source)
            engine.may_end.set()
            assert wait_until(lambda: not engine.at_work)
            engine.may_end.clear()
    assert not engine.at_work
    source.close()


def test_once_settled_the_engine_is_idle_and_has_the_newest_weights() -> None:
    """As for an evaluation after each iteration; what is sampled afterwards is what would have been sampled."""
    engine, trainer = SlowEngine(dict.fromkeys(range(ITERATIONS), 0.01)), Trainer()
    source = source_of(engine, trainer, 2)
    for iteration, _ in source.batches():
        assert {r.completion.policy_version for g in source.groups for r in g.rollouts} == {
            UPDATES * max(0, iteration - 2)
        }
        trainer.train(source)
        source.settle()
        assert not engine.at_work and engine.version == engine.weights[0] == UPDATES * (iteration + 1)
    source.close()


# What goes wrong


@pytest.mark.parametrize("bound", [0, 1, 3])
def test_an_error_in_the_thread_is_raised_in_the_trainer(bound: int) -> None:
    engine, trainer = SlowEngine(broken_at=2), Trainer()
    source = source_of(engine, trainer, bound)
    trained = []
    with pytest.raises(OSError, match="fell over"):
        for iteration, _ in source.batches():
            trained.append(iteration)
            if iteration == max(0, 2 - bound):  # its failure is in sight, however slow the thread is
                wait_until(lambda: any(f.done() and f.exception() for f in source._ahead.values()))
            trainer.train(source)
    # At once, also while earlier iterations lie there ready: none was begun after the failure was there to be seen.
    assert trained == ([0] if bound == 3 else [0, 1])
    with pytest.raises(OSError, match="fell over"):
        source.settle()
    with pytest.raises(OSError, match="fell over"):
        source.state()
    source.close()


def test_waiting_has_an_end_and_says_for_what() -> None:
    engine, trainer = SlowEngine({1: 60.0}), Trainer()
    source = source_of(engine, trainer, 1, timeout=0.1)
    began = time.monotonic()
    with pytest.raises(UserError, match=r"waited 0\.1 s for the completions of iteration 2.*engine\.rollout_timeout"):
        for _ in source.batches():
            trainer.train(source)
    source.close()  # breaks off what would have taken a minute
    assert time.monotonic() - began < 20
    assert not [t for t in threading.enumerate() if t.name == "rollouts"]


def test_several_ranks_do_not_decide_together_while_they_sample_ahead(tmp_path: Path) -> None:
    recipe = load_recipe(
        settings(tmp_path, "r", engine={"max_staleness": 1}, sampling={"dynamic_rounds": 2, "group_size": 4})
    ).recipe
    backend: Any = SimpleNamespace(ranks=Ranks(0, 2))
    with pytest.raises(UserError, match="needs a single rank"):
        ahead_of_training(recipe, None, backend)  # type: ignore[arg-type]
