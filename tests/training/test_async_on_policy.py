"""Sampling ahead of training: bounded, in order, without loss, the same on every machine, and exact when resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from rlvr import assemble, sourcing
from rlvr.config import load_recipe
from rlvr.core import Completion, Prompt, Sampling, Span, Verdict
from rlvr.engines import lone_engine
from rlvr.errors import UserError
from rlvr.sourcing import ahead_of_training
from rlvr.training.async_on_policy import AsyncOnPolicy
from rlvr.training.on_policy import OnPolicy
from rlvr.training.ranks import ALONE, Ranks
from tests.tiny import make_tokenizer, prompt
from tests.training.test_ranks import ROOT, environment, free_port
from tests.training.test_resume import lines, run, settings, weights
from tests.training.test_sources_resume import assert_same, untimed
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


def test_an_interrupted_run_ends_at_once(tmp_path: Path) -> None:
    """Ctrl-C while the thread samples: exit code 130, no crash of a thread that outlives the interpreter."""
    sections = settings(tmp_path, "r", engine={"max_staleness": 1}, train={"iterations": 10_000, "checkpoint_every": 0})
    sections["sampling"] = {"group_size": 4, "max_tokens": 512}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(sections))
    command = [sys.executable, "-m", "rlvr", "train", str(tmp_path / "r.yaml")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ})
    metrics = tmp_path / "r" / "metrics.jsonl"
    assert wait_until(lambda: metrics.exists() and metrics.stat().st_size > 0, 600)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=300)
    # Where it came within an exec, as in making a dataclass, Python ends by the signal itself; to a shell both are 130.
    assert process.returncode in (130, -signal.SIGINT), said.decode()[-2000:]
    assert b"interrupted" in said and b"Traceback" not in said and b"Fatal" not in said


def test_several_ranks_do_not_decide_together_while_they_sample_ahead(tmp_path: Path) -> None:
    recipe = load_recipe(
        settings(tmp_path, "r", engine={"max_staleness": 1}, sampling={"dynamic_rounds": 2, "group_size": 4})
    ).recipe
    backend: Any = SimpleNamespace(ranks=Ranks(0, 2))
    with pytest.raises(UserError, match="needs a single rank"):
        ahead_of_training(recipe, None, backend)  # type: ignore[arg-type]


# Whole runs


EVERYTHING: dict[str, Any] = {
    "algorithm": {"name": "dapo"},
    "sampling": {"group_size": 2, "max_tokens": 6, "dynamic_rounds": 3},
    "reward": {"overlong_buffer": 4},
    "train": {"prompts_per_iteration": 3, "iterations": 5, "eval_every": 2},
}


def evaluated(sections: dict[str, Any]) -> dict[str, Any]:
    held_out = {"name": "chain", "verifier": "even_length", "limit": 6, "label": "c", "samples": 4}
    sections["data"] = {**sections["data"], "eval": [{**held_out, "sampling": {"max_tokens": 4}}]}
    return sections


@pytest.mark.parametrize("case", [{}, {"train": {"epochs": 2, "minibatch": 6}}, EVERYTHING], ids=["1", "2", "all"])
def test_with_staleness_0_the_run_is_the_synchronous_one(
    tmp_path: Path, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread and an engine with weights of its own, against the engine that samples from the trainer's."""
    case = {**case, "correction": {"name": "token"}}
    made = [settings(tmp_path, name, **case) for name in ("plain", "thread")]
    if "eval_every" in made[0]["train"]:
        made = [evaluated(sections) for sections in made]
    plain = run(made[0])
    source_of = sourcing.source_of

    def with_a_thread(*arguments: Any) -> AsyncOnPolicy:
        source: Any = source_of(*arguments)
        backend = arguments[6]
        assert source.engine.model is not backend.model
        return AsyncOnPolicy(source, lambda: backend.policy, max_staleness=0)

    monkeypatch.setattr(sourcing, "source_of", with_a_thread)
    monkeypatch.setattr(
        "rlvr.run.training_engine", lambda recipe, tokenizer, _, stack: lone_engine(recipe, tokenizer, stack)
    )
    threaded = run(made[1])
    a, b = weights(plain.folder), weights(threaded.folder)
    assert a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)
    for name in ("metrics.jsonl", "rollouts.jsonl"):
        first, second = ([untimed(row) for row in lines(folder, name)] for folder in (plain.folder, threaded.folder))
        for row in second:
            assert row.pop("rollout/staleness_max", 0) == row.pop("rollout/staleness_mean", 0) == 0
        assert json.dumps(first) == json.dumps(second)


@pytest.mark.parametrize("bound, stop", [(1, 3), (1, 1), (2, 2)])
def test_stopping_and_resuming_ahead_of_training_changes_no_bit(tmp_path: Path, bound: int, stop: int) -> None:
    case = {**EVERYTHING, "engine": {"max_staleness": bound}}
    whole = run(evaluated(settings(tmp_path, "whole", **case)))
    rows = lines(whole.folder, "metrics.jsonl")
    assert [row["rollout/staleness_max"] for row in rows] == [min(i, bound) for i in range(5)]
    assert rows[1]["mismatch/logprob_mean"] > 1e-4 > rows[0]["mismatch/logprob_mean"]  # older weights sampled it
    parts = evaluated(settings(tmp_path, "parts", **case))
    assert run(parts, stop_after=stop).iterations == stop
    resumed = run(parts, resume=True)
    assert resumed.iterations == 5
    assert_same(whole.folder, resumed.folder)
    # And it is another run than the synchronous one, or nothing of the above was tried.
    plain = run(evaluated(settings(tmp_path, "plain", **EVERYTHING)))
    assert any(
        not a.equal(b) for a, b in zip(weights(plain.folder).values(), weights(whole.folder).values(), strict=True)
    )


def test_two_ranks_sample_ahead_as_one_does_and_their_checkpoint_is_one_rank_s_too(tmp_path: Path) -> None:
    """The completions that lie ready when a run of two ranks is saved are trained by whoever resumes."""
    pytest.importorskip("deepspeed", reason="the extra deepspeed is not installed")
    case = {"engine": {"max_staleness": 1}, "backend": {"name": "deepspeed"}, "train": {"checkpoint_every": 0}}
    whole = run(settings(tmp_path, "whole", **case))
    parts = settings(tmp_path, "parts", **case)
    (tmp_path / "parts.yaml").write_text(yaml.safe_dump(parts))
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        str(free_port()),
    ]
    command = [*launcher, "-m", "rlvr", "train", str(tmp_path / "parts.yaml"), "--stop-after", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment(), cwd=ROOT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    resumed = run(parts, resume=True)
    before, after = (lines(folder, "metrics.jsonl") for folder in (whole.folder, resumed.folder))
    assert [row["iteration"] for row in after] == [1, 2, 3, 4]
    for one, other in zip(before, after, strict=True):
        assert one["rollout/staleness_max"] == other["rollout/staleness_max"] == min(one["iteration"] - 1, 1)
        for name in ("reward/mean", "tokens/trained", "train/loss", "train/grad_norm", "mismatch/logprob_mean"):
            assert other[name] == pytest.approx(one[name], rel=1e-4, abs=1e-6), name


def test_what_is_evaluated_is_the_newest_policy(tmp_path: Path) -> None:
    """The evaluation after an iteration is that of the checkpoint after it, though older weights sample meanwhile."""
    from rlvr.held_out import HeldOut
    from rlvr.rollout.chat import template_hash
    from rlvr.rollout.hf_engine import HFEngine
    from rlvr.training.models import load_model, load_tokenizer

    plan = {"iterations": 3, "eval_every": 1, "checkpoint_every": 1, "keep_checkpoints": 3, "lr": 3e-3}
    sections = evaluated(settings(tmp_path, "r", train=plan, engine={"max_staleness": 1}))
    done = run(sections)
    recipe = load_recipe(sections).recipe
    held_out = HeldOut(recipe, assemble.algorithm_of(recipe))
    tokenizer = load_tokenizer(recipe.model.path)
    alone: Any = SimpleNamespace(ranks=ALONE)  # all that completions need of a backend
    with assemble.judge_of(recipe, held_out.sets, {}) as judge:
        for iteration in (1, 2, 3):
            model = load_model(str(tmp_path / "r" / "checkpoints" / f"iteration_{iteration:06d}" / "model"))
            engine = HFEngine(model, tokenizer)
            expected = held_out.evaluate(engine, judge, alone, template_hash(tokenizer))
            assert {k: v for k, v in done.evals[iteration].items() if "seconds" not in k} == {
                k: v for k, v in expected.items() if "seconds" not in k
            }
    values = [row["eval/c/accuracy"] for row in lines(done.folder, "metrics.jsonl")]
    assert len(set(values)) > 1  # or any policy would have done
