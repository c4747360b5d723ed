"""Losses on pairs: literal numbers, their gradients, and what they are at zero margin."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from rlvr.functional import bradley_terry, dpo


def t(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_dpo_on_one_pair() -> None:
    # chosen went from -5 to -4, rejected from -6 to -7: beta (1 - -1) = 0.5 * 2 = 1; log(1 + e^-1) = 0.313262
    loss, margin = dpo(t(-4), t(-7), t(-5), t(-6), beta=0.5)
    assert margin.item() == pytest.approx(1.0, abs=1e-12)
    assert loss.item() == pytest.approx(0.313262, abs=1e-6)


def test_beta_stands_before_both_logarithms() -> None:
    # as the slides print it, beta before the first only: 0.5 * 1 - -1 = 1.5, and a loss of 0.201413
    loss, _ = dpo(t(-4), t(-7), t(-5), t(-6), beta=0.5)
    assert loss.item() != pytest.approx(math.log1p(math.exp(-1.5)), abs=1e-3)
    # so a log-ratio that both share cancels
    moved, _ = dpo(t(-4 + 3), t(-7 + 3), t(-5), t(-6), beta=0.5)
    assert moved.item() == pytest.approx(loss.item(), abs=1e-12)


def test_at_zero_margin_the_loss_is_log_two_and_the_gradient_half_of_beta() -> None:
    chosen, rejected = t(-4), t(-7)
    loss, _ = dpo(chosen, rejected, t(-4), t(-7), beta=0.3)
    assert loss.item() == pytest.approx(math.log(2), abs=1e-12)
    loss.sum().backward()
    # d -log sigmoid(m) / dm = -(1 - sigmoid(m)) = -1/2 at 0, times beta
    assert chosen.grad is not None and rejected.grad is not None
    assert (chosen.grad.item(), rejected.grad.item()) == (pytest.approx(-0.15), pytest.approx(0.15))


def test_label_smoothing() -> None:
    # margin 1: 0.9 * log(1 + e^-1) + 0.1 * log(1 + e^1) = 0.281936 + 0.131326 = 0.413262
    loss, _ = dpo(t(-4), t(-7), t(-5), t(-6), beta=0.5, label_smoothing=0.1)
    assert loss.item() == pytest.approx(0.413262, abs=1e-6)
    # with labels wrong one time in ten it is least where sigmoid(margin) = 0.9
    chosen = t(math.log(9))
    value, _ = dpo(chosen, t(0.0), t(0.0), t(0.0), beta=1.0, label_smoothing=0.1)
    value.sum().backward()
    assert chosen.grad is not None and chosen.grad.item() == pytest.approx(0.0, abs=1e-12)


def test_ipo_pulls_the_difference_to_a_fixed_one() -> None:
    # difference 2, 1 / (2 * 0.5) = 1: (2 - 1)^2 = 1; the margin is still beta times the difference
    loss, margin = dpo(t(-4), t(-7), t(-5), t(-6), beta=0.5, kind="ipo")
    assert (loss.item(), margin.item()) == (pytest.approx(1.0), pytest.approx(1.0))
    at_target, _ = dpo(t(-4), t(-6), t(-5), t(-6), beta=0.5, kind="ipo")
    assert at_target.item() == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ValueError, match="IPO has no label"):
        dpo(t(-4), t(-7), t(-5), t(-6), kind="ipo", label_smoothing=0.1)


def test_bradley_terry() -> None:
    # 2 - 1 = 1: log(1 + e^-1) = 0.313262; margin 1: log(1 + e^0) = 0.693147
    assert bradley_terry(t(2), t(1)).item() == pytest.approx(0.313262, abs=1e-6)
    assert bradley_terry(t(2), t(1), margin=t(1)).item() == pytest.approx(math.log(2), abs=1e-12)
    # the slides' loss lacks the sigmoid: -log(r1 - r2) has no value where the model is wrong; this one has
    wrong = bradley_terry(t(1), t(2))
    assert wrong.item() == pytest.approx(1.313262, abs=1e-6)  # log(1 + e)


def test_a_large_margin_neither_overflows_nor_loses_its_gradient() -> None:
    rejected = t(1000.0)
    loss = bradley_terry(t(-1000.0), rejected)
    loss.sum().backward()
    assert loss.item() == pytest.approx(2000.0) and rejected.grad is not None
    assert rejected.grad.item() == pytest.approx(1.0)


def test_the_most_likely_scores_give_the_bradley_terry_probability() -> None:
    """Of ten comparisons the first won seven: the least loss is where sigmoid(difference) = 0.7."""
    difference = t(0.0)
    for _ in range(200):
        loss = 0.7 * bradley_terry(difference, t(0.0)) + 0.3 * bradley_terry(t(0.0), difference)
        (slope,) = torch.autograd.grad(loss.sum(), difference)
        difference = (difference - 2.0 * slope).detach().requires_grad_()
    assert torch.sigmoid(difference).item() == pytest.approx(0.7, abs=1e-9)
