"""Packed micro-batches compute what padded ones do: hidden states, losses and gradients, for every algorithm."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
import torch

from rlvr.algorithms.grpo import GRPO
from rlvr.errors import UserError
from rlvr.schema import TrainSection
from rlvr.training.batch import Batch, collate
from rlvr.training.critic import Critic
from rlvr.training.forward import last_hidden
from rlvr.training.local_backend import LocalBackend
from rlvr.training.packing import ATTENTION, attention_name, packs
from tests.algorithms.gradients import backend, credited, gradient, hard_groups
from tests.algorithms.test_invariance import CASES, build, head_of
from tests.tiny import llama

VOCABULARY = 23


def packing(owner: LocalBackend, tokens: int) -> LocalBackend:
    """The same backend, packing micro-batches of so many tokens."""
    attention_name("sdpa")
    owner.model.set_attn_implementation(ATTENTION)
    owner.train = owner.train.model_copy(update={"packing": True, "tokens_per_microbatch": tokens})
    return owner


def gradients(
    name: str, options: dict[str, Any], tokens: int | None, make: Any = backend
) -> tuple[torch.Tensor, dict[str, float]]:
    """Gradient and metrics of an update in micro-batches, packed where `tokens` says of how many."""
    algorithm = build(name, options)
    owner = make(head=head_of(name), tokens_per_microbatch=10**6)
    if tokens is not None:
        owner = packing(owner, tokens)
    batch = credited(owner, algorithm, hard_groups(algorithm))
    assert batch.packed == (tokens is not None)
    return gradient(owner, algorithm, batch, critic="values" in algorithm.needs)


@pytest.mark.parametrize("name, options", CASES)
def test_every_algorithm_has_the_same_gradient_packed(name: str, options: dict[str, Any]) -> None:
    whole, metrics = gradients(name, options, None)
    assert float(whole.norm()) > 1e-3
    for tokens in (25, 10**6):
        packed, seen = gradients(name, options, tokens)
        assert float((whole - packed).abs().max()) < 1e-10, tokens
        assert metrics["train/loss"] == pytest.approx(seen["train/loss"], abs=1e-9)


def in_fp32(head: str = "tokens", **train: Any) -> LocalBackend:
    """A Llama with a critic on a trunk of its own."""
    model = llama(VOCABULARY, width=64)
    trunk = llama(VOCABULARY, width=64, seed=1)
    attention_name("sdpa")
    trunk.set_attn_implementation(ATTENTION)
    critic = Critic(64, trunk=trunk)
    torch.nn.init.normal_(critic.head.weight, std=0.3)
    return LocalBackend(model, TrainSection(**train), total_updates=10, critic=critic)


@pytest.mark.parametrize("name", ["grpo", "ppo"])
def test_in_fp32_with_a_critic_of_its_own(name: str) -> None:
    options = {"kl_coef": 0.1}
    whole, metrics = gradients(name, options, None, in_fp32)
    packed, seen = gradients(name, options, 40, in_fp32)
    assert float((whole - packed).abs().max()) < 1e-5 * float(whole.abs().max())
    assert metrics["train/loss"] == pytest.approx(seen["train/loss"], abs=1e-6)


def some_batch() -> Batch:
    return collate(hard_groups(GRPO()), pad_id=0)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_rows_do_not_see_each_other(checkpointing: bool) -> None:
    """Hidden states are those of each row alone, also where activations are computed twice."""
    attention_name("sdpa")
    model = llama(VOCABULARY)
    model.set_attn_implementation(ATTENTION)
    if checkpointing:
        model.gradient_checkpointing_enable()
        model.train()
    batch = some_batch()
    packed = last_hidden(model.base_model, replace(batch, packed=True))
    assert packed.shape == (*batch.token_ids.shape, 64)
    for b, length in enumerate(batch.lengths.tolist()):
        alone = model.base_model(input_ids=batch.token_ids[b : b + 1, :length], use_cache=False).last_hidden_state[0]
        torch.testing.assert_close(packed[b, :length], alone, rtol=1e-5, atol=1e-5)
        assert not packed[b, length:].any()
    packed.sum().backward()
    gradients = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    real = torch.arange(batch.token_ids.shape[1]) < batch.lengths.unsqueeze(1)
    last_hidden(model.base_model, batch)[real].sum().backward()
    for one, two in zip(gradients, (p.grad for p in model.parameters() if p.grad is not None), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4)


def test_a_packed_micro_batch_counts_real_tokens() -> None:
    batch = replace(some_batch(), packed=True)
    for tokens in (1, 30, 57, 10**6):
        parts = list(batch.microbatches(tokens))
        assert sorted(torch.cat([p.row for p in parts]).tolist()) == batch.row.sort().values.tolist()
        for part in parts:
            assert part.packed and (int(part.lengths.sum()) <= tokens or len(part) == 1)
        # A part is closed only where the next row no longer fits.
        for part, following in itertools.pairwise(parts):
            assert int(part.lengths.sum()) + int(following.lengths.max()) > tokens
    assert len(list(batch.microbatches(60))) < len(list(replace(batch, packed=False).microbatches(60)))


def test_without_lengths_it_is_sdpa_to_the_bit() -> None:
    attention_name("sdpa")
    plain, ours = llama(VOCABULARY), llama(VOCABULARY)
    ours.set_attn_implementation(ATTENTION)
    tokens = torch.randint(VOCABULARY, (3, 12))
    mask = torch.ones(3, 12, dtype=torch.int64)
    mask[1, :5] = 0  # as a prompt that is padded on the left
    assert torch.equal(plain(tokens).logits, ours(tokens).logits)
    assert torch.equal(plain(tokens, attention_mask=mask).logits, ours(tokens, attention_mask=mask).logits)
    assert attention_name("eager") == "eager"


def test_packing_is_for_gpus_unless_asked_for_and_refused_where_it_cannot_be() -> None:
    attention_name("sdpa")
    plain, ours, windowed = (llama(VOCABULARY) for _ in range(3))
    for model in (ours, windowed):
        model.set_attn_implementation(ATTENTION)
    windowed.config.layer_types = ["full_attention", "sliding_attention"]
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert not packs(ours, None, cpu) and packs(ours, None, gpu) and packs(ours, True, cpu)
    assert not packs(ours, False, gpu) and not packs(plain, None, gpu) and not packs(windowed, None, gpu)
    with pytest.raises(UserError, match=r"train\.packing=true.*model\.attention=sdpa"):
        packs(plain, True, cpu)
    with pytest.raises(UserError, match="sliding window"):
        packs(windowed, True, cpu)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the kernel for rows of different lengths needs a GPU")
def test_the_kernel_of_gpus_agrees_with_padding() -> None:
    attention_name("sdpa")
    model = llama(VOCABULARY).to("cuda", torch.bfloat16)
    model.set_attn_implementation(ATTENTION)
    batch = some_batch().to("cuda")
    real = torch.arange(batch.token_ids.shape[1], device="cuda") < batch.lengths.unsqueeze(1)
    packed = last_hidden(model.base_model, replace(batch, packed=True))[real]
    padded = last_hidden(model.base_model, batch)[real]
    assert float((packed - padded).abs().max()) < 0.05 * float(padded.abs().max())
