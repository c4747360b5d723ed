"""PPO, its penalty, A2C and TRPO on literal numbers: credit, loss, coefficients, and one whole update by hand."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor

from rlvr.algorithms.a2c import A2C
from rlvr.algorithms.kl import next_coef
from rlvr.algorithms.ppo import PPO
from rlvr.algorithms.ppo_penalty import PPOPenalty
from rlvr.algorithms.trpo import TRPO
from rlvr.core import Verdict
from rlvr.training.batch import Batch, Outputs, collate
from tests.algorithms.gradients import backend, hard_groups
from tests.tiny import group, rollout

AT = slice(2, 4)  # a prompt of two tokens, then two that are trained


def batch_of(reward: float = 1.0, values: tuple[float, float] = (0.5, 0.25), **fields: Any) -> Batch:
    """One completion of two tokens; `fields` are pairs of numbers for its two tokens."""
    batch = collate([group(0, [rollout([3, 4], reward)])], pad_id=0)
    return dataclasses.replace(batch, values=row(values), **{k: row(v) for k, v in fields.items()})


def row(pair: tuple[float, float], fill: float = float("nan")) -> Tensor:
    """`[1, 4]` with the two numbers at the trained tokens, and by default rubbish elsewhere."""
    out = torch.full((1, 4), fill, dtype=torch.float64)
    out[0, AT] = torch.tensor(pair, dtype=torch.float64)
    return out


def outputs_of(logprobs: tuple[float, float], values: tuple[float, float] | None = None, **fields: Tensor) -> Outputs:
    entropy = row((0.4, 0.6), 0.0)
    return Outputs(row(logprobs, 0.0), entropy, values=None if values is None else row(values, 0.0), **fields)


def two(tensor: Tensor) -> list[float]:
    return tensor[0, AT].tolist()


def test_gae_targets_and_whitening_by_hand() -> None:
    # gamma = lambda = 1: A = (1 - 0.5, 1 - 0.25), targets are the returns
    plain = PPO(whiten=False).credit(batch_of(), {})
    assert two(plain.advantages) == [0.5, 0.75] and two(plain.value_targets) == [1.0, 1.0]
    # gamma 0.9, lambda 0.5: delta_2 = 1 - 0.25 = 0.75, delta_1 = 0.9 * 0.25 - 0.5 = -0.275,
    # A_1 = -0.275 + 0.9 * 0.5 * 0.75 = 0.0625; targets V + A
    short = PPO(whiten=False, gamma=0.9, gae_lambda=0.5).credit(batch_of(), {})
    assert two(short.advantages) == pytest.approx([0.0625, 0.75])
    assert two(short.value_targets) == pytest.approx([0.5625, 1.0])
    # mean 0.625, std 0.125: (-1, 1); the critic's targets stay what they were
    white = PPO().credit(batch_of(), {})
    assert two(white.advantages) == pytest.approx([-1.0, 1.0], abs=1e-6) and two(white.value_targets) == [1.0, 1.0]
    assert two(TRPO().credit(batch_of(), {}).advantages) == two(white.advantages)
    assert two(PPOPenalty().credit(batch_of(), {"kl_coef": 2.0}).advantages) == two(white.advantages)


def test_the_ppo_loss_by_hand() -> None:
    batch = batch_of(old_logprobs=(-1.0, -2.0), advantages=(2.0, -1.0), value_targets=(1.0, 1.0))
    new = (-1.0 + 0.4054651081081644, -2.0 - 0.5108256237659907)  # ratios 1.5 and 0.6
    loss = PPO(value_clip=0.2, value_coef=0.5, entropy_coef=0.1).loss(outputs_of(new, (0.9, 0.35)), batch)
    # token 1: min(1.5 * 2, 1.2 * 2) = 2.4, held; token 2: min(0.6 * -1, 0.8 * -1) = -0.8, held. -(2.4 - 0.8) / 2 = -0.8
    # values: V 0.9, held within 0.5 +- 0.2: max(0.1^2, (0.7 - 1)^2) / 2 = 0.045; V 0.35: 0.65^2 / 2 = 0.21125
    # entropy (0.4 + 0.6) / 2 = 0.5
    assert loss.value.item() == pytest.approx(-0.8 + 0.5 * (0.045 + 0.21125) / 2 - 0.1 * 0.5)
    assert two(loss.metrics["policy/clip_rate"]) == [1.0, 1.0]
    assert two(loss.metrics["value/clip_rate"]) == [1.0, 0.0]
    assert two(loss.metrics["value/loss"]) == pytest.approx([0.045, 0.21125])
    assert two(loss.metrics["policy/ratio"]) == pytest.approx([1.5, 0.6])


def test_the_penalty_s_loss_by_hand() -> None:
    batch = batch_of(old_logprobs=(-1.0, -2.0), advantages=(2.0, -1.0), value_targets=(1.0, 1.0))
    batch = dataclasses.replace(batch, kl_coef=3.0)
    new = (-1.0 + 0.4054651081081644, -2.0)
    outputs = outputs_of(new, (1.0, 1.0), kl_old=row((0.1, 0.3), 0.0))
    # -(1.5 * 2 - 1) / 2 + 3 * (0.1 + 0.3) / 2; the critic is right, and its clip has nothing to hold:
    # max(0, (0.7 - 1)^2) / 2 = 0.045 and (0.45 - 1)^2 / 2 = 0.15125 at old values 0.5 and 0.25
    expected = -1.0 + 0.6 + 0.5 * (0.045 + 0.15125) / 2
    assert PPOPenalty().loss(outputs, batch).value.item() == pytest.approx(expected)
    assert PPOPenalty(value_clip=0.0).loss(outputs, batch).value.item() == pytest.approx(-1.0 + 0.6)


def test_a2c_s_returns_by_hand() -> None:
    # one step: r + gamma V': 0.5 * 0.25 = 0.125 and 1; advantages minus V
    one = A2C(estimator="n_step", n=1, gamma=0.5).credit(batch_of(), {})
    assert two(one.value_targets) == [0.125, 1.0] and two(one.advantages) == [-0.375, 0.75]
    two_steps = A2C(estimator="n_step", n=2, gamma=0.5).credit(batch_of(), {})
    assert two(two_steps.value_targets) == [0.5, 1.0]
    for settings in ({}, {"gamma": 0.9, "gae_lambda": 0.7}):
        lambda_, gae = (A2C(estimator=e, **settings).credit(batch_of(), {}) for e in ("td_lambda", "gae"))  # type: ignore[arg-type]
        assert two(lambda_.advantages) == pytest.approx(two(gae.advantages))
        assert two(lambda_.value_targets) == pytest.approx(two(gae.value_targets))
    loss = A2C(entropy_coef=0.1).loss(
        outputs_of((-1.0, -2.0), (0.5, 0.25)), batch_of(advantages=(0.5, 0.75), value_targets=(1.0, 1.0))
    )
    # (0.5 * 1 + 0.75 * 2) / 2 = 1, the critic (0.125 + 0.28125) / 2 by 0.5, entropy 0.5 by 0.1
    assert loss.value.item() == pytest.approx(1.0 + 0.5 * (0.125 + 0.28125) / 2 - 0.05)


def test_intermediate_rewards_are_earned_where_they_stand() -> None:
    """A step of 0.25 at the first token, the outcome 1 at the second."""
    made = rollout([3, 4], 1.0)
    made = dataclasses.replace(made, verdict=Verdict(1.0, "correct", steps=((1, 0.25),)))
    batch = collate([group(0, [made])], pad_id=0, token_at=lambda completion, end: 0)
    batch = dataclasses.replace(batch, values=row((0.0, 0.0)))
    assert two(batch.token_rewards) == [0.25, 1.0] and batch.returns.tolist() == [1.25]
    assert two(PPO(whiten=False).credit(batch, {}).advantages) == [1.25, 1.0]
    assert two(PPO(whiten=False, gae_lambda=0.0).credit(batch, {}).advantages) == [0.25, 1.0]
    assert two(A2C(estimator="n_step", n=1).credit(batch, {}).value_targets) == [0.25, 1.0]
    assert two(A2C(estimator="td_lambda", gae_lambda=0.5).credit(batch, {}).value_targets) == [0.75, 1.0]
    # KL in the reward is taken off where it arises: 0.1 * (-1 - -1.5) and 0.1 * (-2 - -1)
    logs = dataclasses.replace(batch, old_logprobs=row((-1.0, -2.0)), ref_logprobs=row((-1.5, -1.0)))
    for algorithm in (A2C(kl_coef=0.1, gae_lambda=0.0), PPO(kl_coef=0.1, gae_lambda=0.0, whiten=False)):
        assert two(algorithm.credit(logs, algorithm.init_state()).advantages) == pytest.approx([0.2, 1.1])


def test_the_coefficient_follows_the_target() -> None:
    def doubling(kl: float) -> float:
        return next_coef(0.4, kl, control="doubling", target=0.01)

    # twice above 0.015, half below 0.00667, else as it is
    assert [doubling(kl) for kl in (0.016, 0.014, 0.007, 0.006)] == [0.8, 0.4, 0.4, 0.2]

    def proportional(kl: float) -> float:
        return next_coef(0.5, kl, control="proportional", target=0.1, count=100, horizon=1000)

    # 1 + clamp(kl / 0.1 - 1, +-0.2) * 0.1: 1.02, 1.01, 0.98
    assert [proportional(kl) for kl in (0.5, 0.11, 0.0)] == pytest.approx([0.51, 0.505, 0.49])
    assert [next_coef(c, 9.0, control="fixed", target=0.1) for c in (0.5, 1e-9, 0.0)] == [0.5, 1e-9, 0.0]
    assert next_coef(1e-6, 0.0, control="doubling", target=0.1) == 1e-6  # it can come back


def test_the_reference_s_coefficient_is_this_iteration_s_and_adapts_after() -> None:
    algorithm = PPO(kl_coef=0.5, kl_control="doubling", kl_target=0.1)
    # k3 with ref - old = d: e^d - 1 - d at d = 1 and 0: 0.71828, mean 0.359 > 0.15
    batch = batch_of(old_logprobs=(-2.0, -1.0), ref_logprobs=(-1.0, -1.0))
    state = algorithm.init_state()
    credited = algorithm.credit(batch, state)
    assert credited.kl_coef == 0.5
    state = algorithm.observe(credited, state)
    assert state == {"kl_coef": 1.0}
    assert algorithm.credit(batch, state).kl_coef == 1.0
    near = batch_of(old_logprobs=(-1.0, -1.0), ref_logprobs=(-1.0, -1.0))
    assert algorithm.observe(algorithm.credit(near, state), state) == {"kl_coef": 0.5}
    assert PPO().init_state() == {}


def test_the_penalty_s_coefficient_adapts_once_an_iteration() -> None:
    algorithm = PPOPenalty(kl_target=0.01)
    state, stop = algorithm.after_update({"policy/kl_old": 5.0}, algorithm.init_state())
    assert state == {"kl_coef": 1.0} and not stop
    assert algorithm.after_iteration({"policy/kl_old": 5.0}, state) == {"kl_coef": 2.0}
    assert algorithm.after_iteration({"policy/kl_old": 0.001}, state) == {"kl_coef": 0.5}
    assert algorithm.after_iteration({}, state) == state  # an empty update measured nothing


def test_updates_stop_where_the_kl_is_too_large() -> None:
    assert PPO(stop_kl=0.1).after_update({"policy/kl": 0.11}, {})[1]
    assert not PPO(stop_kl=0.1).after_update({"policy/kl": 0.09}, {})[1]
    assert not PPO().after_update({"policy/kl": 100.0}, {})[1]


def test_kl_in_the_loss_by_hand() -> None:
    base = PPO(kl_coef=0.5, kl_in="loss", kl_estimator="k2", value_coef=0.0)
    batch = batch_of(
        old_logprobs=(-1.0, -2.0), ref_logprobs=(-1.0, -2.5), advantages=(0.0, 0.0), value_targets=(1.0, 1.0)
    )
    batch = dataclasses.replace(batch, kl_coef=2.0)  # what the state said, not the option
    outputs = outputs_of((-1.0 + 0.4054651081081644, -2.0), (1.0, 1.0))
    # k2: 0.4055^2 / 2 = 0.0822, 0.5^2 / 2 = 0.125, mean by 2
    squares = [0.4054651081081644**2 / 2, 0.125]
    assert base.loss(outputs, batch).value.item() == pytest.approx(2.0 * sum(squares) / 2)
    weighted = dataclasses.replace(base, kl_importance=True)  # the ratios are 1.5 and 1
    assert weighted.loss(outputs, batch).value.item() == pytest.approx(2.0 * (1.5 * squares[0] + squares[1]) / 2)
    in_reward = dataclasses.replace(base, kl_in="reward")
    assert in_reward.loss(outputs, batch).value.item() == 0.0


def test_a_whole_ppo_update_is_that_of_plain_torch() -> None:
    """Two updates of policy and critic by the backend, against the formulas on plain logits and torch's own AdamW."""
    algorithm = PPO(value_coef=0.3, entropy_coef=0.05, clip_low=0.1, clip_high=0.1, value_clip=0.05)
    owner = backend(lr=1e-2, grad_clip=0.5, tokens_per_microbatch=30, temperature=1.0)
    assert owner.critic is not None
    model, head = copy.deepcopy(owner.model), copy.deepcopy(owner.critic.head)
    optimizers = [torch.optim.AdamW(m.parameters(), lr=lr, weight_decay=0.0) for m, lr in ((model, 1e-2), (head, 1e-2))]
    batch = owner.add_inputs(collate(hard_groups(algorithm), pad_id=0), algorithm.needs | {"old_logprobs"})
    batch = algorithm.credit(batch, {})
    clipped = []
    for _ in range(2):
        metrics = owner.update(algorithm, batch)
        clipped.append(metrics["policy/clip_rate"])
        loss = plain_ppo_loss(model, head, batch)
        assert metrics["train/loss"] == pytest.approx(loss.item(), abs=1e-7)  # rewards and old log-probs are fp32
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for module, optimizer in zip((model, head), optimizers, strict=True):
            torch.nn.utils.clip_grad_norm_(module.parameters(), 0.5)
            optimizer.step()
        for ours, theirs in ((owner.model, model), (owner.critic.head, head)):
            for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
                assert float((a - b).detach().abs().max()) < 1e-5  # of steps of 1e-2
    assert clipped[0] == 0.0 and clipped[1] > 0.1  # the second update's ratios have left the bounds


def plain_ppo_loss(model: Any, head: torch.nn.Linear, batch: Batch) -> Tensor:
    """PPO's loss written down row by row, with GAE at gamma = lambda = 1: advantages are returns minus values."""
    count = float(batch.mask.sum())
    advantages = torch.cat([(batch.rewards[b] - batch.values[b])[batch.mask[b]] for b in range(len(batch))]).double()
    mean, std = advantages.mean(), advantages.std(correction=0)
    total = torch.zeros((), dtype=torch.float64)
    for b in range(len(batch)):
        trained = batch.mask[b, 1 : batch.lengths[b]]
        if not trained.any():
            continue
        ids = batch.token_ids[b, : batch.lengths[b]]
        hidden = model.transformer(input_ids=ids.unsqueeze(0)).last_hidden_state[0, :-1][trained]
        logs = model.lm_head(hidden).log_softmax(dim=1)
        chosen = logs.gather(1, ids[1:][trained].unsqueeze(1)).squeeze(1)
        old = batch.old_logprobs[b, 1 : batch.lengths[b]][trained]
        old_values = batch.values[b, 1 : batch.lengths[b]][trained]
        ratio = (chosen - old).exp()
        a = ((batch.rewards[b] - old_values) - mean) / (std + 1e-8)
        total = total - torch.minimum(ratio * a, ratio.clamp(0.9, 1.1) * a).sum()
        values = head(hidden).squeeze(1)
        near = old_values + (values - old_values).clamp(-0.05, 0.05)
        reward = batch.rewards[b]
        total = total + 0.3 * torch.maximum((values - reward) ** 2, (near - reward) ** 2).sum() / 2
        total = total + 0.05 * (logs.exp() * logs).sum()
    return total / count
