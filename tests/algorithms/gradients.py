"""A backend in fp64 whose gradient is read instead of applied, and batches that hold every hard case."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor

from rlvr.algorithms.base import Algorithm
from rlvr.core import Group
from rlvr.schema import TrainSection
from rlvr.training.batch import Batch, collate
from rlvr.training.critic import Critic
from rlvr.training.local_backend import LocalBackend
from tests.tiny import group, rollout

VOCABULARY = 23


def backend(vocabulary: int = VOCABULARY, temperature: float = 0.8, head: str = "tokens", **train: Any) -> LocalBackend:
    """A tiny policy, or with head `score` a reward model, and a critic in fp64; `train` are fields of the section.

    The critic is a head with random weights on the policy's hidden states. GPT-2, because Llama's norms
    compute in fp32 whatever the weights are.
    """
    from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=32,
        n_embd=16,
        n_layer=2,
        n_head=2,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        num_labels=1,
        initializer_range=0.3,  # far from uniform, so that a wrong gradient cannot hide
    )
    model: Any = (GPT2ForSequenceClassification if head == "score" else GPT2LMHeadModel)(config).double()
    critic = Critic(16).double()
    torch.nn.init.normal_(critic.head.weight, std=0.3)
    return LocalBackend(
        model, TrainSection(**train), total_updates=100, dtype="float64", temperature=temperature, critic=critic
    )


def gradient(
    owner: LocalBackend, algorithm: Algorithm, part: Batch, critic: bool = False
) -> tuple[Tensor, dict[str, float]]:
    """The gradient that the next step would start from, over the policy's parameters `[n]`, and the update's metrics.

    With `critic`, the critic's parameters follow.
    """
    optimizers = [owner.optimizer]
    if critic and owner.critic_optimizer is not None:
        optimizers.append(owner.critic_optimizer)
    masters = [m for optimizer in optimizers for m in optimizer.masters]
    taken: list[Tensor] = []

    def keep(*_: Any) -> dict[str, float]:
        taken.append(
            torch.cat([torch.zeros_like(m).flatten() if m.grad is None else m.grad.flatten() for m in masters])
        )
        owner.optimizer.zero_grad()
        if owner.critic_optimizer is not None:
            owner.critic_optimizer.zero_grad()
        return {"train/grad_norm": float(taken[0].norm())}

    replaced = {"_adam_step": keep, "_natural_step": keep, "_critic_step": lambda *_: {}}
    for name, stand_in in replaced.items():
        setattr(owner, name, stand_in)
    try:
        metrics = owner.update(algorithm, part)
    finally:
        for name in replaced:
            delattr(owner, name)
    if not taken:  # an empty update: no step was made
        return torch.zeros(sum(m.numel() for m in masters), dtype=torch.float64), metrics
    return taken[0], metrics


def hard_groups(algorithm: Algorithm, seed: int = 0, count: int = 6) -> list[Group]:
    """Groups with live, dead, partly judged and unjudged rewards, of ragged prompts and completions.

    Of a live group, and of the last, one completion was cut off.
    """
    rng = torch.Generator().manual_seed(seed)

    def ids(low: int, high: int) -> list[int]:
        size = int(torch.randint(low, high + 1, (1,), generator=rng))
        return torch.randint(VOCABULARY, (size,), generator=rng).tolist()

    rewards: list[list[float | None]] = [
        [1.0, 0.0, 0.5, 0.0],
        [0.1, 0.1, 0.1, 0.1],  # dead
        [1.0, None, 0.0, 0.0],
        [None, None, None, None],
        [1.0, None, None, None],  # one judged: dead for a group's statistics
        [0.0, 1.0, 1.0, 0.25],
    ]
    if algorithm.source != "on_policy":
        rewards = [[1.0, 0.0] if algorithm.source == "pairs" else [1.0] for _ in range(count)]
    made = []
    for index, row in enumerate(rewards[:count]):
        prompt_ids = ids(1, 7)
        rollouts = [rollout(ids(1, 9), reward, prompt_ids) for reward in row]
        if index in (0, 5):
            cut = dataclasses.replace(rollouts[-1].completion, finish_reason="length")
            rollouts[-1] = dataclasses.replace(rollouts[-1], completion=cut)
        made.append(group(index, rollouts))
    return made


def credited(owner: LocalBackend, algorithm: Algorithm, groups: list[Group], drift: float = 0.3) -> Batch:
    """The batch of an iteration with advantages. Old and reference log-probs are off by up to `drift` nats a
    token, so that ratios differ from 1 and some are clipped; so are old values and the old policy's weights."""
    batch = collate(groups, pad_id=0)
    if algorithm.source == "pairs":
        margins = torch.arange(len(groups)).repeat_interleave(2) / 4
        batch = dataclasses.replace(batch, margins=margins, together=2)
    if algorithm.source == "trajectories":
        batch = dataclasses.replace(batch, language=torch.arange(len(batch)) > 3).recount()
    batch = owner.add_inputs(batch, algorithm.needs & {"values", "kl_old"} | {"old_logprobs"})
    assert batch.old_logprobs is not None
    noise = torch.rand((2, *batch.mask.shape), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    old = (batch.old_logprobs.double() + drift * (2 * noise[0] - 1)) * batch.mask
    ref = (batch.old_logprobs.double() + drift * (2 * noise[1] - 1)) * batch.mask
    batch = dataclasses.replace(batch, old_logprobs=old, ref_logprobs=ref)
    if batch.values is not None:
        batch = dataclasses.replace(batch, values=(batch.values + drift * (2 * noise[1] - 1)) * batch.mask)
    if owner.old is not None:
        with torch.no_grad():
            for parameter in owner.old.parameters():
                parameter.mul_(1 - drift)
    state = algorithm.init_state()
    # As after an earlier iteration, so that a running mean has something to say.
    state = {**state, "reward_sum": 3.0, "reward_count": 10.0} if state else state
    return algorithm.credit(batch, state)


def padded(batch: Batch, extra: int) -> Batch:
    """The same batch with `extra` more columns of rubbish: padding may hold anything."""
    wide = {}
    for item in dataclasses.fields(batch):
        value = getattr(batch, item.name)
        if isinstance(value, Tensor) and value.dim() == 2:
            filler: Any = 7 if value.dtype == torch.int64 else False if value.dtype == torch.bool else float("nan")
            wide[item.name] = torch.nn.functional.pad(value, (0, extra), value=filler)
    return dataclasses.replace(batch, **wide)


def shuffled(batch: Batch, seed: int) -> Batch:
    order = torch.randperm(len(batch) // batch.together, generator=torch.Generator().manual_seed(seed))
    rows = order.unsqueeze(1) * batch.together + torch.arange(batch.together)  # pairs stay pairs
    return batch.select(rows.flatten())
