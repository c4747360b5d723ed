"""The critic: values of the right states, trained beside the policy or apart from it."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor

from rlvr.algorithms.a2c import A2C
from rlvr.algorithms.base import Algorithm
from rlvr.algorithms.ppo import PPO
from rlvr.assemble import critic_of
from rlvr.config import load_recipe
from rlvr.schema import TrainSection
from rlvr.training.batch import Batch, collate
from rlvr.training.critic import Critic
from rlvr.training.forward import forward
from rlvr.training.local_backend import LocalBackend
from tests.tiny import group, llama, recipe, rollout

VOCABULARY = 30


def owner_of(trunk: bool = False, detached: bool = False, dtype: str = "float32", **train: Any) -> LocalBackend:
    critic = Critic(32, trunk=llama(VOCABULARY, width=32, seed=1) if trunk else None, detached=detached)
    section = TrainSection(**{"lr": 1e-3, **train})
    model = llama(VOCABULARY, width=32)
    return LocalBackend(model, section, total_updates=100, dtype=dtype, critic=critic, critic_lr=1e-2)


def batch_of(rewards: list[list[float | None]] | None = None) -> Batch:
    rng = torch.Generator().manual_seed(0)
    rows = rewards or [[1.0, 0.0], [0.0, None]]
    return collate(
        [
            group(
                i,
                [
                    rollout(torch.randint(VOCABULARY, (2 + i + j,), generator=rng).tolist(), r)
                    for j, r in enumerate(row)
                ],
            )
            for i, row in enumerate(rows)
        ],
        pad_id=0,
    )


def credited(owner: LocalBackend, algorithm: Algorithm, batch: Batch) -> Batch:
    return algorithm.credit(owner.add_inputs(batch, algorithm.needs | {"old_logprobs"}), algorithm.init_state())


def test_a_value_knows_the_tokens_before_it_and_no_other() -> None:
    owner = owner_of()
    assert owner.critic is not None
    torch.nn.init.normal_(owner.critic.head.weight)
    batch = batch_of()

    def values(ids: Tensor) -> Tensor:
        found = forward(owner.model, dataclasses.replace(batch, token_ids=ids), 1.0, critic=owner.critic).values
        assert found is not None
        return found.detach()

    start = int(batch.mask[1].nonzero()[0])
    plain, changed = values(batch.token_ids), batch.token_ids.clone()
    changed[1, start + 1] = (changed[1, start + 1] + 1) % VOCABULARY
    other = values(changed)
    assert torch.equal(plain[1, : start + 2], other[1, : start + 2])  # also the changed token's own state
    assert not torch.equal(plain[1, start + 2], other[1, start + 2])
    assert not plain[~batch.mask].any() and plain[batch.mask].all()
    # By hand: the head on what the trunk says of the token before.
    hidden = owner.model.base_model(input_ids=batch.token_ids[:1]).last_hidden_state
    expected = hidden[0, start - 1] @ owner.critic.head.weight[0] + owner.critic.head.bias
    assert plain[0, start].item() == pytest.approx(expected.item(), abs=1e-6)


def test_a_new_critic_says_0_and_the_first_advantages_are_the_returns() -> None:
    owner = owner_of()
    batch = credited(owner, PPO(whiten=False), batch_of())
    assert not batch.values.any()
    assert batch.advantages[0][batch.mask[0]].tolist() == [1.0, 1.0]


def gradients(owner: LocalBackend, batch: Batch) -> tuple[float, float, float]:
    """Norms of the gradient of the value loss alone: in the policy, the critic's head, its own trunk."""
    assert owner.critic is not None
    torch.nn.init.normal_(owner.critic.head.weight)
    outputs = forward(owner.model, batch, 1.0, critic=owner.critic)
    assert outputs.values is not None
    ((outputs.values - batch.value_targets).square() * batch.mask).sum().backward()

    def norm(module: torch.nn.Module | None) -> float:
        found = [p.grad.norm() for p in (module.parameters() if module else []) if p.grad is not None]
        return float(torch.stack(found).norm()) if found else 0.0

    return norm(owner.model), norm(owner.critic.head), norm(owner.critic.trunk)


def test_whom_the_value_loss_trains() -> None:
    algorithm = A2C()
    shared, apart, own = owner_of(), owner_of(detached=True), owner_of(trunk=True)
    found = [gradients(owner, credited(owner, algorithm, batch_of())) for owner in (shared, apart, own)]
    assert [tuple(n > 0 for n in row) for row in found] == [
        (True, True, False),
        (False, True, False),
        (False, True, True),
    ]


@pytest.mark.parametrize("trunk", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_critic_learns_what_a_state_is_worth(trunk: bool, dtype: str) -> None:
    """The completions of one group earn 1, those of the other nothing, from one and the same prompt; 60 updates."""
    owner, algorithm = owner_of(trunk=trunk, dtype=dtype, detached=True), A2C(value_coef=1.0)
    batch = batch_of([[1.0, 1.0], [0.0, 0.0]])
    losses = []
    for _ in range(60):
        metrics = owner.update(algorithm, credited(owner, algorithm, batch))
        losses.append(metrics["value/loss"])
        assert metrics["critic/grad_norm"] > 0
    assert losses[0] == pytest.approx(0.5 * 5 / 12, rel=0.01)  # 5 of 12 tokens are worth 1, and V is 0
    # What nobody can know is left: at the first of each row's tokens, 4 of 12, half earn 1: (1/2)^2 / 2.
    assert losses[-1] == pytest.approx(0.125 * 4 / 12, abs=0.008)
    assert owner.critic is not None
    kept = torch.bfloat16 if trunk and dtype == "bfloat16" else torch.float32
    assert owner.critic.head.weight.dtype == kept


def test_the_critic_survives_its_checkpoint() -> None:
    for trunk in (False, True):
        owner, algorithm = owner_of(trunk=trunk), PPO()
        batch = batch_of()
        for _ in range(3):
            owner.update(algorithm, credited(owner, algorithm, batch))
        other = owner_of(trunk=trunk)
        other.load_state_dict(copy.deepcopy(owner.state_dict()))
        other.model.load_state_dict(owner.model.state_dict())
        first, second = (o.update(algorithm, credited(o, algorithm, batch)) for o in (owner, other))
        assert first["train/loss"] == second["train/loss"] and first["critic/grad_norm"] == second["critic/grad_norm"]
        assert owner.critic is not None and other.critic is not None
        for a, b in zip(owner.critic.parameters(), other.critic.parameters(), strict=True):
            assert torch.equal(a, b)
        assert owner.critic.head.weight.any()


def test_the_recipe_chooses_the_critic(tmp_path: Any) -> None:
    def critic(algorithm: Any, **section: Any) -> Critic | None:
        made = recipe(tmp_path / "r", algorithm={"name": "ppo"}, critic=section)
        return critic_of(load_recipe(made).recipe, llama(VOCABULARY), algorithm)

    from rlvr.algorithms.grpo import GRPO
    from rlvr.algorithms.trpo import TRPO

    assert critic(GRPO()) is None and critic(TRPO(baseline="group")) is None
    head = critic(PPO())
    assert head is not None and head.trunk is None and not head.detached
    alone, natural, own = critic(PPO(), detached=True), critic(TRPO()), critic(TRPO(), kind="model")
    assert alone is not None and alone.detached
    assert natural is not None and natural.detached  # nothing but the measured step may move the policy
    assert own is not None and own.trunk is not None
    assert not any("lm_head" in name for name, _ in own.named_parameters())
