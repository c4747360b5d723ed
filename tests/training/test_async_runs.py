"""Whole runs that sample ahead of training: as synchronous ones, exact when resumed, on one rank and on two."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from rlvr import assemble, sourcing
from rlvr.config import load_recipe
from rlvr.engines import lone_engine
from rlvr.training.async_on_policy import AsyncOnPolicy
from rlvr.training.ranks import ALONE
from tests.training.test_ranks import ROOT, environment, free_port
from tests.training.test_resume import lines, run, settings, weights
from tests.training.test_sources_resume import assert_same, untimed
from tests.waiting import wait_until

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
