"""The worked numbers of the lectures (docs/lectures.md), through the functions that training uses."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from rlvr.functional import (
    clipped,
    gae,
    k3,
    lambda_returns,
    n_step_returns,
    reinforce,
    returns_to_go,
    standardize,
    value_loss,
)


def row(*values: float) -> Tensor:
    return torch.tensor([values], dtype=torch.float64)


#: Notes, 1.4: S1 -(2)-> S2 -(3)-> S3 with V = 5, 8, 10 and gamma 0.9. S3 follows the last reward.
REWARDS, VALUES, AFTER, TWO = row(2, 3), row(5, 8), torch.tensor([10.0], dtype=torch.float64), torch.ones(1, 2).bool()


def first(returns: Tensor) -> float:
    return returns[0, 0].item()


def test_one_and_two_step_returns() -> None:
    # 2 + 0.9 * 8 = 9.2
    assert first(n_step_returns(REWARDS, VALUES, TWO, 1, 0.9, bootstrap=AFTER)) == pytest.approx(9.2)
    # 2 + 0.9 * 3 + 0.81 * 10 = 2 + 2.7 + 8.1 = 12.8
    assert first(n_step_returns(REWARDS, VALUES, TWO, 2, 0.9, bootstrap=AFTER)) == pytest.approx(12.8)


def test_a_terminal_state_has_no_value_whatever_its_estimate() -> None:
    """The notes call S3 terminal and bootstrap from its 10 nevertheless. Then nothing follows: 2 + 2.7 = 4.7."""
    ended = torch.tensor([True])
    two = n_step_returns(REWARDS, VALUES, TWO, 2, 0.9, bootstrap=AFTER, terminated=ended)
    assert first(two) == pytest.approx(4.7)
    # the one-step return from S1 looks at S2, which is not terminal: unchanged
    one = n_step_returns(REWARDS, VALUES, TWO, 1, 0.9, bootstrap=AFTER, terminated=ended)
    assert first(one) == pytest.approx(9.2)


@pytest.mark.parametrize("steps, expected", [(1, 5.42), (2, 5.78)])
def test_the_update_of_the_value(steps: int, expected: float) -> None:
    # 5 + 0.1 (9.2 - 5) = 5.42 and 5 + 0.1 (12.8 - 5) = 5.78: a step of 0.1 down the critic's loss (V - G)^2 / 2
    target = n_step_returns(REWARDS, VALUES, TWO, steps, 0.9, bootstrap=AFTER)
    value = torch.tensor([[5.0]], dtype=torch.float64, requires_grad=True)
    loss, _ = value_loss(value, target[:, :1])
    (slope,) = torch.autograd.grad(loss.sum(), value)
    assert (value - 0.1 * slope).item() == pytest.approx(expected)


def test_the_lambda_return() -> None:
    # V = 0, gamma 1: returns 1, 3, 6; weights 0.5, 0.25 and all the rest, 0.25: 0.5 + 0.75 + 1.5 = 2.75
    three = torch.ones(1, 3).bool()
    assert first(lambda_returns(row(1, 2, 3), row(0, 0, 0), three, 1.0, 0.5)) == pytest.approx(2.75)
    # Not "all returns weighted equally" at lambda 1, which would be (1 + 3 + 6) / 3, but the last alone: 6
    assert first(lambda_returns(row(1, 2, 3), row(0, 0, 0), three, 1.0, 1.0)) == pytest.approx(6.0)
    # and at lambda 0 the first alone
    assert first(lambda_returns(row(1, 2, 3), row(0, 0, 0), three, 1.0, 0.0)) == pytest.approx(1.0)


@pytest.mark.parametrize("reward, expected", [(15.0, 5.0), (7.0, -3.0)])
def test_advantages_of_two_episodes(reward: float, expected: float) -> None:
    # V(S) = 10: 15 - 10 = 5 and 7 - 10 = -3
    assert first(gae(row(reward), row(10), torch.ones(1, 1).bool())) == pytest.approx(expected)


def test_one_step_of_reinforce_on_two_actions() -> None:
    """theta = (0, 0), the first action is taken, return 10, rate 0.1."""
    theta = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    loss = reinforce(theta.log_softmax(0)[:1].unsqueeze(0), row(10))
    (slope,) = torch.autograd.grad(loss.sum(), theta)
    # grad log pi = (1 - 0.5, -0.5); theta = 0 + 0.1 * 10 * (0.5, -0.5). Minus: the loss is minus the objective
    theta = theta - 0.1 * slope
    assert theta.tolist() == pytest.approx([0.5, -0.5])
    # e^0.5 / (e^0.5 + e^-0.5) = 0.7311
    assert theta.softmax(0)[0].item() == pytest.approx(0.73, abs=0.005)


@pytest.mark.parametrize(
    "ratio, advantage, objective, gradient",
    [
        (1.5, 5.0, 6.0, 0.0),  # min(7.5, 1.2 * 5)
        (0.6, -3.0, -2.4, 0.0),  # min(-1.8, 0.8 * -3)
        (1.1, 2.0, 2.2, 2.2),  # inside: 1.1 * 2, and d(rho A)/d log rho = rho A
    ],
)
def test_the_clipped_objective(ratio: float, advantage: float, objective: float, gradient: float) -> None:
    log_ratio = torch.tensor([[math.log(ratio)]], dtype=torch.float64, requires_grad=True)
    loss, held = clipped(log_ratio, row(advantage), 0.2, 0.2)
    (slope,) = torch.autograd.grad(loss.sum(), log_ratio)
    assert -loss.item() == pytest.approx(objective)
    assert -slope.item() == pytest.approx(gradient)
    assert held.item() is (gradient == 0.0)


def test_clipping_is_of_the_objective_and_not_of_the_gradient() -> None:
    """The slides take the minimum over gradients rho C and clip(rho) C, and write the bounds as (1 + e, 1 - e).

    With C > 0 and rho = 1.5 that leaves a gradient of 1.2 C; PPO's is 0. Clamped with reversed bounds every
    ratio would become 1 - e.
    """
    log_ratio = torch.tensor([[math.log(1.5)]], dtype=torch.float64, requires_grad=True)
    loss, _ = clipped(log_ratio, row(1.0), 0.2, 0.2)
    (slope,) = torch.autograd.grad(loss.sum(), log_ratio)
    assert slope.item() == 0.0
    assert torch.tensor([0.5, 1.0, 1.5]).clamp(1.2, 0.8).tolist() == pytest.approx([0.8, 0.8, 0.8])


def test_gae_at_both_ends() -> None:
    rewards, values, mask = row(1, 2, 3), row(10, 20, 30), torch.ones(1, 3).bool()
    # lambda 0, gamma 0.9: r + 0.9 V' - V = 1 + 18 - 10 = 9, 2 + 27 - 20 = 9, 3 - 30 = -27
    torch.testing.assert_close(gae(rewards, values, mask, 0.9, 0.0), row(9, 9, -27))
    # lambda 1: the Monte Carlo return minus the value
    expected = returns_to_go(rewards, mask, 0.9) - values
    torch.testing.assert_close(gae(rewards, values, mask, 0.9, 1.0), expected)


def test_the_discount_of_the_lectures_forgets_the_start_of_a_long_completion() -> None:
    # Why gamma is 1 by default: 0.99^1000 = 4.3e-5 of an outcome reaches the first of 1001 tokens
    rewards = torch.zeros(1, 1001, dtype=torch.float64)
    rewards[0, -1] = 1.0
    assert first(returns_to_go(rewards, torch.ones(1, 1001).bool(), 0.99)) == pytest.approx(4.3e-5, abs=1e-6)


def test_the_kl_term_of_grpo() -> None:
    # r - log r - 1 with r = ref / pi = 0.25 / 0.5: 0.5 + 0.693147 - 1
    assert k3(row(math.log(0.5)), row(math.log(0.25))).item() == pytest.approx(0.193147, abs=1e-6)


def test_the_group_advantage_of_grpo() -> None:
    # (1, 0, 0, 0): mean 0.25, std (ddof 1) 0.5: 1.5 and -0.5
    rewards = row(1, 0, 0, 0)
    torch.testing.assert_close(standardize(rewards, rewards > -1, eps=0.0), row(1.5, -0.5, -0.5, -0.5))
