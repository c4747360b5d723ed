"""Adapters: what is trained, what is left alone, what leaves the trainer, and the mistakes that are told."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from rlvr.algorithms.grpo import GRPO
from rlvr.config import load_recipe
from rlvr.core import Sampling
from rlvr.errors import RecipeError, UserError
from rlvr.rollout.hf_engine import HFEngine
from rlvr.run import train_recipe
from rlvr.schema import LoraSection, TrainSection
from rlvr.training import checkpoint as checkpoints
from rlvr.training.batch import Batch
from rlvr.training.local_backend import LocalBackend
from rlvr.training.lora import adapter_off, add_adapter, is_adapted, policy_weights
from rlvr.training.models import load_model, load_tokenizer
from tests.algorithms.gradients import backend, credited, gradient, hard_groups
from tests.tiny import checkpoint, llama, prompts, recipe

pytest.importorskip("peft", reason="the extra `lora` is not installed")
PLUGIN = Path(__file__).with_name("even_length.py")
SECTION = LoraSection(rank=4, alpha=8.0)
VOCABULARY = 23


def adapted(dtype: str = "float32", *, section: LoraSection = SECTION, **train: Any) -> LocalBackend:
    """A backend whose policy has adapters, B drawn at random so that they do something."""
    model = llama(VOCABULARY)
    add_adapter(model, section, seed=0)
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return LocalBackend(model, TrainSection(lr=1e-2, **train), total_updates=10, dtype=dtype)


def some_batch(owner: LocalBackend) -> Batch:
    return credited(owner, GRPO(), hard_groups(GRPO()))


def test_it_starts_as_the_model_and_is_drawn_from_the_seed() -> None:
    plain, one, two, other = (llama(VOCABULARY) for _ in range(4))
    for model, seed in ((one, 0), (two, 0), (other, 1)):
        state = torch.get_rng_state()
        add_adapter(model, SECTION, seed)
        assert torch.equal(state, torch.get_rng_state())  # the run's own draws do not notice
    tokens = torch.arange(12).unsqueeze(0)
    assert is_adapted(one) and not is_adapted(plain)
    assert torch.equal(one(tokens).logits, plain(tokens).logits)
    first, second, third = (dict(m.state_dict()) for m in (one, two, other))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], third[name]) for name in first)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_training_moves_adapters_and_nothing_else(dtype: str) -> None:
    owner = adapted(dtype)
    trained = {name for name, p in owner.model.named_parameters() if p.requires_grad}
    assert trained and all(".lora_" in name for name in trained)
    assert sum(m.numel() for m in owner.optimizer.masters) == sum(
        p.numel() for p in owner.model.parameters() if p.requires_grad
    )
    assert all(m.dtype == torch.float32 for m in owner.optimizer.masters)
    before = {name: tensor.clone() for name, tensor in owner.model.state_dict().items()}
    metrics = owner.update(GRPO(), some_batch(owner))
    assert metrics["train/grad_norm"] > 0
    moved = {name for name, tensor in owner.model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == trained


def test_the_reference_is_the_policy_with_its_adapter_off() -> None:
    owner, plain = adapted(), llama(VOCABULARY)
    batch = some_batch(owner)
    for _ in range(2):
        owner.update(GRPO(), batch)
    reference = owner.reference_logprobs(batch)
    assert torch.equal(reference, owner.score(plain.eval(), batch))
    assert float((owner.score(owner.model, batch) - reference).abs().max()) > 0.01
    before = {name: p.requires_grad for name, p in owner.model.named_parameters()}
    with pytest.raises(KeyError), adapter_off(owner.model):
        assert not any(p.requires_grad for p in owner.model.parameters())
        raise KeyError
    assert {name: p.requires_grad for name, p in owner.model.named_parameters()} == before  # it learns on


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_merged_weights_are_the_model_under_its_old_names(kind: str) -> None:
    """Exactly, in fp64; GPT-2 keeps its weights transposed."""
    plain, owner = (llama(VOCABULARY).double() if kind == "llama" else backend().model for _ in range(2))
    add_adapter(owner, SECTION, seed=0)
    for name, parameter in owner.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=0.1)
    tokens = torch.arange(12).unsqueeze(0)
    before = plain(tokens).logits
    merged = dict(policy_weights(owner))
    assert list(merged) == list(plain.state_dict())
    plain.load_state_dict(merged)
    after = plain(tokens).logits
    assert float((after - before).detach().abs().max()) > 0.01
    # Llama's norms compute in fp32 whatever the weights are.
    torch.testing.assert_close(after, owner(tokens).logits, rtol=0, atol=1e-12 if kind == "gpt2" else 1e-5)


def test_the_gradient_is_the_whole_models_through_the_product() -> None:
    """W' = W + s B A, so dL/dB = s (dL/dW') A^T and dL/dA = s B^T (dL/dW'), in fp64 and for every adapter."""
    algorithm, plain, owner = GRPO(kl_coef=0.1), backend(), backend()
    add_adapter(owner.model, SECTION, seed=0)
    for name, parameter in owner.model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=0.1)
    plain.model.load_state_dict(dict(policy_weights(owner.model)))
    owner = LocalBackend(owner.model, TrainSection(), total_updates=1, dtype="float64", temperature=0.8)
    batch = credited(plain, algorithm, hard_groups(algorithm))
    owner.add_inputs(batch, frozenset())
    whole, _ = gradient(plain, algorithm, batch)
    small, _ = gradient(owner, algorithm, batch)
    names = [name for name, p in plain.model.named_parameters() if p.requires_grad]
    sizes = [p.numel() for p in plain.model.parameters()]
    of = {n: g.view_as(plain.model.get_parameter(n)) for n, g in zip(names, whole.split(sizes), strict=True)}
    trained = {n: p for n, p in owner.model.named_parameters() if p.requires_grad}
    parts = dict(zip(trained, small.split([p.numel() for p in trained.values()]), strict=True))
    assert len(trained) == 2 * 8 and float(small.norm()) > 1e-3
    for name, parameter in trained.items():
        layer, _, rest = name.partition(".lora_")
        a, b = (owner.model.get_parameter(f"{layer}.lora_{side}.default.weight") for side in "AB")
        inner = of[f"{layer}.weight"].t()  # GPT-2's: [in, out]
        expected = 2.0 * (inner @ a.t() if rest.startswith("B") else b.t() @ inner)
        torch.testing.assert_close(parts[name].view_as(parameter), expected, rtol=0, atol=1e-12)


def test_the_engine_samples_from_the_adapted_model(tmp_path: Path) -> None:
    path, sampling = str(checkpoint(scale=3.0)), Sampling(max_tokens=12, group_size=2)
    tokenizer, model, plain = load_tokenizer(path), load_model(path), load_model(path)
    add_adapter(model, SECTION, seed=0)
    engine = HFEngine(model, tokenizer)
    before = engine.generate(prompts(3), sampling)
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=0.2)
    engine.load_policy(policy_weights(model), 1)
    after = engine.generate(prompts(3), sampling)
    ids = [[c.token_ids for c in group] for group in after]
    assert ids != [[c.token_ids for c in group] for group in before]
    other = HFEngine(plain, tokenizer)  # a copy of its own, as on another device, takes the merged weights
    other.load_policy(policy_weights(model), 1)
    assert [[c.token_ids for c in group] for group in other.generate(prompts(3), sampling)] == ids
    assert {c.policy_version for group in after for c in group} == {1}


def test_a_checkpoint_is_a_plain_merged_model_and_the_state_holds_the_adapter(tmp_path: Path) -> None:
    data = {"train": {"name": "chain", "verifier": "even_length", "options": {"count": 12}}}
    sections = recipe(tmp_path / "run", data=data, plugins=[str(PLUGIN)], train={"iterations": 2, "lr": 1e-2})
    sections |= {"lora": {"rank": 4}, "algorithm": {"name": "grpo", "kl_coef": 0.05}}
    done = train_recipe(load_recipe(sections))
    start, end = (load_file(p / "model.safetensors") for p in (checkpoint(), done.checkpoint / "model"))
    assert start.keys() == end.keys()  # also: tied embeddings are one tensor in both
    changed = {name for name in start if not torch.equal(start[name], end[name])}
    assert changed == {name for name in start if "proj" in name}
    state = checkpoints.Checkpoint(done.checkpoint, 2).trainer_state()["backend"]["optimizer"]["masters"]
    assert sum(m.numel() for m in state) < sum(t.numel() for t in start.values()) / 4
    model = load_model(str(done.checkpoint))
    assert not is_adapted(model)


def test_a_critic_of_its_own_is_adapted_and_the_score_of_a_reward_model_is_trained(tmp_path: Path) -> None:
    from rlvr import assemble

    sections = recipe(tmp_path / "run", lora={"rank": 2}, critic={"kind": "model"}, algorithm={"name": "ppo"})
    resolved = load_recipe(sections).recipe
    algorithm = assemble.algorithm_of(resolved)
    model = assemble.policy_of(resolved, algorithm, load_tokenizer(str(checkpoint())), None)
    critic = assemble.critic_of(resolved, model, algorithm)
    assert critic is not None
    assert {n for n, p in critic.named_parameters() if p.requires_grad and ".lora_" not in n} == {
        "head.weight",
        "head.bias",
    }
    assert is_adapted(critic)
    scored = backend(head="score").model
    add_adapter(scored, SECTION, seed=0)
    assert [n for n, p in scored.named_parameters() if p.requires_grad and ".lora_" not in n] == ["score.weight"]
    assert scored.state_dict().keys() >= {"score.weight"}


def test_gradient_checkpointing_reaches_the_adapters() -> None:
    plain = adapted()
    batch = some_batch(plain)
    owner = adapted()
    owner.model.gradient_checkpointing_enable()
    assert owner.model.is_gradient_checkpointing
    owner.add_inputs(batch, frozenset())
    (one, _), (two, _) = gradient(plain, GRPO(), batch), gradient(owner, GRPO(), batch)
    assert float(one.norm()) > 1e-3
    torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-7)


def test_mistakes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecipeError, match=r"train\.lr.*rate for whole weights.*train\.lr=2e-5"):
        load_recipe(recipe(tmp_path, lora={}, train={"lr": 1e-6}))
    load_recipe(recipe(tmp_path, lora={"rank": 8, "alpha": 64}, train={"lr": 1e-6}))  # whose product counts eightfold
    with pytest.raises(UserError, match=r"fits no layer.*q_proj"):
        add_adapter(llama(VOCABULARY), LoraSection(targets=["query"]), 0)
    for name in ("lm_head", "embed_tokens"):
        with pytest.raises(UserError, match="names an embedding"):
            add_adapter(llama(VOCABULARY, tied=False), LoraSection(targets=["q_proj", name]), 0)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UserError, match=r"pip install 'rlvr\[lora\]'"):
        add_adapter(llama(VOCABULARY), SECTION, 0)


def test_a_natural_step_moves_adapters_alone() -> None:
    from rlvr.algorithms.trpo import TRPO

    owner = adapted()
    algorithm = dataclasses.replace(TRPO(baseline="group"), cg_iterations=2)
    batch = some_batch(owner)
    batch = owner.add_inputs(dataclasses.replace(batch, old_logprobs=None), algorithm.needs)
    base = owner.model.model.layers[0].self_attn.q_proj.base_layer.weight.clone()
    metrics = owner.update(algorithm, batch)
    assert metrics["trust_region/fraction"] > 0
    assert torch.equal(base, owner.model.model.layers[0].self_attn.q_proj.base_layer.weight)
