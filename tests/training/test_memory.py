"""The plan's arithmetic against counts that can be made by hand, and the count of activations against a real pass."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config

from rlvr import assemble
from rlvr.config import load_recipe
from rlvr.schema import LoraSection
from rlvr.training.activations import Living, activation_bytes, model_on_meta
from rlvr.training.fitting import changed, fitting, ranks_of
from rlvr.training.memory import GIB, Estimate, Setting, estimate
from rlvr.training.shape import shape_of

TINY = LlamaConfig(
    vocab_size=300, hidden_size=64, intermediate_size=160, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2, tie_word_embeddings=True,
)  # fmt: skip
QWEN_1_5B = Qwen2Config(
    vocab_size=151_936, hidden_size=1536, intermediate_size=8960, num_hidden_layers=28, num_attention_heads=12,
    num_key_value_heads=2, tie_word_embeddings=True,
)  # fmt: skip


def plan(config: Any = QWEN_1_5B, setting: Setting | None = None, **sections: Any) -> Estimate:
    base: dict[str, Any] = {"model": {"path": "some/model", "dtype": "bfloat16"}, "data": {"train": "chain"}}
    for name, values in sections.items():
        base[name] = {**base.get(name, {}), **values} if isinstance(values, dict) else values
    recipe = load_recipe(base).recipe
    return estimate(recipe, assemble.algorithm_of(recipe), config, setting or Setting())


def part(found: Estimate, name: str) -> float:
    return sum(p.bytes for p in found.parts if p.name == name)


def test_a_shape_is_counted_without_weights() -> None:
    shape = shape_of(QWEN_1_5B)
    assert shape.parameters == shape.trained == 1_543_714_304  # as published: 1.54B
    assert shape.embedding == 151_936 * 1536 and shape.tied
    assert shape.cached == 2 * 28 * 2 * 128
    adapted = shape_of(QWEN_1_5B, LoraSection(rank=16))
    # q and o, k and v, gate and up, down: rank times (in + out) of each.
    a_layer = 16 * (2 * (1536 + 1536) + 2 * (1536 + 256) + 2 * (1536 + 8960) + (8960 + 1536))
    assert adapted.trained == 28 * a_layer
    assert adapted.parameters == shape.parameters + adapted.trained


@pytest.mark.parametrize("checkpointing", [False, True])
def test_activations_are_those_of_a_real_pass(checkpointing: bool) -> None:
    """On the meta device with two layers and by arithmetic, against a CPU, three layers and the fused kernel."""
    model = LlamaForCausalLM(TINY).train()
    if checkpointing:
        model.gradient_checkpointing_enable()
    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(lambda p: setattr(p, "grad", None))
    tokens = torch.randint(300, (4, 96))
    with Living([*model.parameters(), *model.buffers()]) as living:
        hidden = model.base_model(input_ids=tokens, use_cache=False).last_hidden_state
        held = living.bytes
        hidden.backward(torch.ones_like(hidden))
    found = activation_bytes(TINY, 4, 96, torch.float32, checkpointing=checkpointing)
    assert found[0] == pytest.approx(held, rel=0.02)
    assert found[1] == pytest.approx(living.peak, rel=0.05)
    assert held > 1e5


def test_the_model_on_the_meta_device_has_no_data() -> None:
    assert {p.device.type for p in model_on_meta(QWEN_1_5B, torch.bfloat16).parameters()} == {"meta"}


def test_weights_gradients_and_optimizer() -> None:
    n = 1_543_714_304
    narrow = plan()
    assert part(narrow, "weights") == 2 * n
    assert part(narrow, "gradients") == 4 * n
    assert part(narrow, "optimizer and master weights") == 12 * n
    wide = plan(model={"dtype": "float32"})
    assert part(wide, "weights") == 4 * n
    assert part(wide, "optimizer and master weights") == 8 * n  # the weights are the masters
    # As published for mixed precision and Adam, 16 bytes a weight; here 18, because gradients are fp32.
    assert sum(p.bytes for p in narrow.parts if "weights" in p.name or p.name == "gradients") == 18 * n


@pytest.mark.parametrize("stage, weights, gradients, optimizer", [(1, 1, 1, 8), (2, 1, 8, 8), (3, 8, 8, 8)])
def test_zero_divides_by_the_ranks(stage: int, weights: int, gradients: int, optimizer: int) -> None:
    n = 1_543_714_304
    found = plan(setting=Setting(ranks=8), backend={"name": "deepspeed", "zero_stage": stage})
    assert part(found, "weights") == 2 * n / weights
    assert part(found, "gradients") == 4 * n / gradients
    assert part(found, "optimizer and master weights") == 12 * n / optimizer
    assert (part(found, "whole weights of the engine") > 0) == (stage == 3)
    # DeepSpeed's defaults: half a billion gradients on their way in fp32, a billion gathered weights.
    assert part(found, "gradients on their way") == (4 * 5e8 if stage >= 2 else 0)
    assert part(found, "gathered weights") == (2 * 1e9 if stage == 3 else 0)


def test_an_engine_that_samples_ahead_has_weights_of_its_own_and_never_makes_room() -> None:
    n = 1_543_714_304
    turns, ahead, further = (plan(engine={"max_staleness": bound}) for bound in (0, 1, 3))
    assert part(turns, "whole weights of the engine") == 0 < part(ahead, "whole weights of the engine") == 2 * n
    assert ahead.total("training") - turns.total("training") > part(ahead, "KV cache") + 2 * n > 2 * n
    assert further.peak("host") - ahead.peak("host") == 2 * 2 * n  # two versions that wait


def test_offloading_moves_to_the_host() -> None:
    sections = {"name": "deepspeed", "zero_stage": 3, "offload_optimizer": True, "offload_parameters": True}
    here, there = (
        plan(backend={**sections, "offload_optimizer": False, "offload_parameters": False}),
        plan(backend=sections),
    )
    n = 1_543_714_304
    assert there.peak("host") - here.peak("host") == (2 + 12 + 4) * n
    assert there.total("training") < here.total("training") - 17 * n


def test_lora_a_reference_and_a_critic() -> None:
    n = 1_543_714_304
    with_kl = plan(algorithm={"name": "grpo", "kl_coef": 0.1})
    assert part(with_kl, "reference") == 2 * n
    adapted = plan(lora={"rank": 16}, train={"lr": 2e-5}, algorithm={"name": "grpo", "kl_coef": 0.1})
    assert part(adapted, "reference") == 0  # the adapter off
    assert part(adapted, "optimizer and master weights") == 12 * shape_of(QWEN_1_5B, LoraSection(rank=16)).trained
    critic = plan(algorithm={"name": "ppo"}, critic={"kind": "model"})
    assert part(critic, "critic: weights") == 2 * n
    assert part(critic, "activations") == 2 * part(plan(algorithm={"name": "ppo"}), "activations")


def test_the_cache_of_the_engine() -> None:
    found = plan(
        setting=Setting(prompt_tokens=100), sampling={"max_tokens": 50}, engine={"batch_size": 10},
    )  # fmt: skip
    a_token = 2 * 28 * 2 * 128 * 2  # keys and values, layers, key heads, head size, bf16
    capacity = max(101 + 64, int(101 * 1.5))  # one growth from the prompt's length
    assert capacity > 150
    repeated = 10 * 150 * (a_token / 28) * 6  # a layer's, for 12 query heads of 2 key heads
    assert part(found, "KV cache") == pytest.approx(10 * capacity * a_token + repeated)
    assert part(found, "logits of a step") == 10 * 151_936 * 4 * 3


def test_vllm_takes_its_share_of_a_gpu_and_never_sleeps_on_a_cpu() -> None:
    n = 1_543_714_304
    gpu = plan(setting=Setting(device_bytes=80 * GIB), engine={"name": "vllm", "gpu_memory_utilization": 0.25})
    assert part(gpu, "vLLM: weights, KV cache") == 20 * GIB
    assert gpu.total("training") == plan().total("training")  # asleep
    length = 512 + 512
    assert f"{int((20 * GIB - 2 * n - 2 * GIB) / (2 * 28 * 2 * 128 * 2 * length))} completions" in gpu.notes[0]
    assert "no room" in plan(setting=Setting(device_bytes=8 * GIB), engine={"name": "vllm"}).notes[0]
    cpu = plan(setting=Setting(cpu=True), engine={"name": "vllm", "kv_cache_gib": 3})
    assert part(cpu, "vLLM: weights") == 2 * n and part(cpu, "vLLM: KV cache") == 3 * GIB
    assert cpu.total("training") - plan().total("training") == 2 * n + 3 * GIB


def test_a_phase_adds_to_what_is_always_there() -> None:
    found = plan()
    always = sum(p.bytes for p in found.parts if p.phase == "always")
    assert found.total("training") == always + sum(p.bytes for p in found.parts if p.phase == "training")
    assert found.peak() == max(found.total("training"), found.total("sampling"))
    assert found.peak("host") == 0


def test_what_to_change_makes_it_fit_and_nothing_is_needless() -> None:
    recipe = load_recipe({"model": {"path": "m", "dtype": "bfloat16"}, "data": {"train": "chain"}}).recipe
    algorithm, setting = assemble.algorithm_of(recipe), Setting()
    room = 40 * GIB
    made, then = fitting(recipe, algorithm, QWEN_1_5B, setting, room)
    assert made and then.peak() <= room < estimate(recipe, algorithm, QWEN_1_5B, setting).peak()
    assert estimate(changed(recipe, made), algorithm, QWEN_1_5B, setting).peak() == then.peak()
    assert "lora" not in {c.key for c in made}  # 18 bytes a weight fit: nothing about the result has to change
    for change in made:
        without = changed(recipe, [c for c in made if c is not change])
        assert estimate(without, algorithm, QWEN_1_5B, setting).peak() > room
    made, then = fitting(recipe, algorithm, QWEN_1_5B, setting, 1 * GIB)
    assert then.peak() > 1 * GIB and math.isfinite(then.peak())


def test_ranks_are_those_of_all_hosts(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("# two hosts\nworker-1 slots=8\nworker-2 slots=4\n")

    def ranks(**launch: Any) -> int:
        return ranks_of(
            load_recipe({"model": "m", "data": {"train": "chain"}, "launch": launch, "backend": "deepspeed"}).recipe
        )

    assert ranks() == 1 and ranks(devices=4) == 4
    assert ranks(hostfile=str(hosts)) == 12 and ranks(hostfile=str(hosts), devices=2) == 4
