"""Preferences whose labels follow Bradley and Terry: the losses are least exactly where theory says."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlvr.algorithms.dpo import DPO
from rlvr.algorithms.return_conditioned import ReturnConditioned
from rlvr.algorithms.reward_model import RewardModel
from rlvr.algorithms.sft import SFT
from rlvr.training.batch import Batch, Outputs, collate
from tests.algorithms.exact.toy import Toy, close
from tests.tiny import group, rollout

TOY = Toy(longest=2, seed=2)
COUNT = len(TOY.completions)
BETA = 0.4


def pair(toy: Toy, chosen: int, rejected: int, reference: Toy) -> Batch:
    """One pair of completions of the first prompt, as an update of its own."""
    rows = torch.tensor([chosen, rejected])
    batch = dataclasses.replace(
        toy.rows, ref_logprobs=reference.logprobs().detach(), margins=torch.zeros(len(toy.rows)), together=2
    )
    return dataclasses.replace(batch.select(rows), group=torch.zeros(2, dtype=torch.int64)).recount()


def expected_over_pairs(loss: Callable[[int, int], Tensor]) -> Tensor:
    """E over all pairs, equally often, of which the first is chosen with probability sigmoid(r_i - r_j)."""
    total = torch.zeros((), dtype=torch.float64)
    for i, j in itertools.permutations(range(COUNT), 2):
        chosen = 1 / (1 + math.exp(float(TOY.rewards[0, j] - TOY.rewards[0, i])))
        total = total + chosen / (COUNT * (COUNT - 1)) * loss(i, j)
    return total


def dpo_loss(policy: Toy, reference: Toy) -> Tensor:
    now = policy.logprobs()

    def loss(i: int, j: int) -> Tensor:
        batch = pair(policy, i, j, reference)
        picked = now[torch.tensor([i, j])][:, : batch.mask.shape[1]]
        return DPO(beta=BETA).loss(Outputs(picked, torch.zeros_like(picked)), batch).value

    return expected_over_pairs(loss)


def tilted(reference: Toy) -> Toy:
    """The policy pi*(y) = ref(y) exp(r(y) / beta) / Z, written back into a table, a symbol at a time."""
    mass = reference.probabilities(0).detach() * (TOY.rewards[0] / BETA).exp()
    mass = mass / mass.sum()
    policy = reference.another(distance=0.0)

    def of(prefix: tuple[int, ...]) -> float:
        return sum(float(m) for m, ids in zip(mass, TOY.completions, strict=True) if ids[: len(prefix)] == prefix)

    with torch.no_grad():
        for prefix in policy.prefixes():
            at = policy.state(prefix)
            chances = [math.log(of((*prefix, s)) / of(prefix)) for s in range(policy.symbols)]
            policy.own[0, at] = torch.tensor(chances, dtype=torch.float64) - policy.shared[at]
    return policy


def test_the_tilted_reference_maximises_reward_minus_kl_and_minimises_dpo() -> None:
    """Both gradients vanish at pi*, and neither does at the reference: DPO needs no reward model to find it."""
    reference = TOY.another(seed=3)
    best = tilted(reference)

    def objective(policy: Toy) -> Tensor:
        p, q = policy.probabilities(0), reference.probabilities(0).detach()
        return (p * TOY.rewards[0]).sum() - BETA * (p * (p.log() - q.log())).sum()

    assert float(best.gradient(objective(best)).abs().max()) < 1e-12
    assert float(best.gradient(dpo_loss(best, reference)).abs().max()) < 1e-12
    start = reference.another(distance=0.0)
    assert float(start.gradient(objective(start)).abs().max()) > 1e-2
    assert float(start.gradient(dpo_loss(start, reference)).abs().max()) > 1e-3


def test_dpo_at_the_reference_is_log_two_with_half_of_beta_s_gradient() -> None:
    """m = 0 for every pair: loss log 2, gradient -beta / 2 E[s_chosen - s_rejected]."""
    start = TOY.another(distance=0.0)
    loss = dpo_loss(start, start)
    pairs = COUNT * (COUNT - 1)
    expected_weight = sum(
        1 / (1 + math.exp(float(TOY.rewards[0, j] - TOY.rewards[0, i])))
        for i, j in itertools.permutations(range(COUNT), 2)
    )
    assert loss.item() == pytest.approx(math.log(2) * expected_weight / pairs, abs=1e-12)
    scores = start.probabilities(0).log()
    by_hand = expected_over_pairs(lambda i, j: -BETA / 2 * (scores[i] - scores[j]))
    close(start.gradient(loss), start.gradient(by_hand))


def test_the_reward_model_finds_the_rewards_behind_the_labels() -> None:
    """The expected Bradley-Terry loss is least at the true rewards, up to a constant that it cannot see."""

    def gradient(scores: Tensor) -> Tensor:
        scores = scores.clone().requires_grad_()

        def loss(i: int, j: int) -> Tensor:
            batch = pair(TOY, i, j, TOY)
            empty = torch.zeros(batch.mask.shape)
            return RewardModel().loss(Outputs(empty, empty, scores=scores[torch.tensor([i, j])]), batch).value

        return torch.autograd.grad(expected_over_pairs(loss), scores)[0]

    assert float(gradient(TOY.rewards[0]).abs().max()) < 1e-12
    assert float(gradient(TOY.rewards[0] + 5.0).abs().max()) < 1e-12
    assert float(gradient(2 * TOY.rewards[0]).abs().max()) > 1e-3


def test_the_decision_loss_and_the_language_loss_have_means_of_their_own() -> None:
    """L_decision + lambda L_language over two trajectories of 3 and 1 tokens, and a text of 2."""
    batch = collate([group(0, [rollout([1] * n, 1.0, (3,))]) for n in (3, 1, 2)], pad_id=0)
    batch = dataclasses.replace(batch, language=torch.tensor([False, False, True])).recount()
    logprobs = -torch.tensor([[0.0, 1.0, 2.0, 3.0], [0.0, 4.0, 0.0, 0.0], [0.0, 5.0, 6.0, 0.0]], dtype=torch.float64)
    outputs = Outputs(logprobs, torch.zeros_like(logprobs))
    # (1 + 2 + 3 + 4) / 4 = 2.5 and (5 + 6) / 2 = 5.5: 2.5 + 0.3 * 5.5 = 4.15
    assert ReturnConditioned(language_coef=0.3).loss(outputs, batch).value.item() == pytest.approx(4.15)
    assert ReturnConditioned().loss(outputs, batch).value.item() == pytest.approx(2.5)


def test_imitation_is_least_where_the_policy_is_its_teacher() -> None:
    """E_teacher[-log pi(y)] has no gradient at pi = teacher. All completions have one length: a constant divisor."""
    teacher = Toy(longest=2, ends=False)
    chances = teacher.probabilities(0).detach()

    def gradient(policy: Toy) -> Tensor:
        now, total = policy.logprobs(), torch.zeros((), dtype=torch.float64)
        for i, chance in enumerate(chances):
            batch = policy.rows.select(torch.tensor([i])).recount()
            total = total + chance * SFT().loss(Outputs(now[i : i + 1], torch.zeros_like(now[:1])), batch).value
        return policy.gradient(total)

    assert float(gradient(teacher).abs().max()) < 1e-12
    other = teacher.another()
    kl = (chances * (chances.log() - other.probabilities(0).log())).sum()
    close(
        gradient(other), other.gradient(kl) / 2
    )  # two tokens a completion; and E[-log pi] is the KL but for a constant
