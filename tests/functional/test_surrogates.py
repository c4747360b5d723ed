"""Surrogates and divergences on literal numbers, and what their gradients must be."""

from __future__ import annotations

import math

import pytest
import torch

from rlvr.functional import clipped, k1, k2, k3, masked_mean, reinforce, sequence_log_ratio


def test_reinforce() -> None:
    # -(2 * -0.5) = 1, -(-1 * -3) = -3
    loss = reinforce(torch.tensor([[-0.5, -3.0]]), torch.tensor([[2.0, -1.0]]))
    assert loss.tolist() == [[1.0, -3.0]]


@pytest.mark.parametrize(
    "ratio, advantage, loss, held",
    [
        (1.0, 2.0, -2.0, False),  # on policy
        (1.5, 2.0, -2.56, True),  # clipped above: -1.28 * 2
        (0.5, 2.0, -1.0, False),  # a good token below: free, so that it can come back up
        (0.5, -2.0, 1.6, True),  # clipped below: 0.8 * 2
        (1.5, -2.0, 3.0, False),  # a bad token above: free
        (1.28, 1.0, -1.28, False),  # at the bound itself nothing is taken away
    ],
)
def test_clipped_with_separate_bounds(ratio, advantage, loss, held) -> None:
    log_ratio = torch.tensor([[math.log(ratio)]], dtype=torch.float64, requires_grad=True)
    value, mask = clipped(log_ratio, torch.tensor([[advantage]], dtype=torch.float64), 0.2, 0.28)
    assert value.item() == pytest.approx(loss, abs=1e-9)
    if ratio != 1.28:
        assert mask.item() is held
        value.sum().backward()
        # d(-rho A)/d log rho = -rho A where free, 0 where held
        assert log_ratio.grad.item() == pytest.approx(0.0 if held else -ratio * advantage, abs=1e-9)


def test_sequence_log_ratio_sums_or_averages_the_trained_tokens() -> None:
    log_ratio = torch.tensor([[0.1, 0.2, 0.4], [1.0, 5.0, 5.0]])
    mask = torch.tensor([[1, 1, 1], [1, 0, 0]], dtype=torch.bool)
    # 0.1 + 0.2 + 0.4 = 0.7; 1.0 alone; means 0.7 / 3 and 1.0
    torch.testing.assert_close(sequence_log_ratio(log_ratio, mask), torch.tensor([[0.7] * 3, [1.0] * 3]))
    torch.testing.assert_close(
        sequence_log_ratio(log_ratio, mask, normalize=True), torch.tensor([[0.7 / 3] * 3, [1.0] * 3])
    )


def test_sequence_log_ratio_of_an_untrained_row_is_zero_and_finite() -> None:
    result = sequence_log_ratio(torch.tensor([[3.0]]), torch.tensor([[False]]), normalize=True)
    assert result.tolist() == [[0.0]]


def test_the_three_kl_estimators_on_one_number() -> None:
    pi, ref = torch.tensor([[math.log(0.5)]]), torch.tensor([[math.log(0.25)]])
    # d = ln 2 = 0.693147; d^2 / 2 = 0.240227; exp(-d) - 1 + d = 0.5 - 1 + 0.693147
    assert k1(pi, ref).item() == pytest.approx(0.693147, abs=1e-6)
    assert k2(pi, ref).item() == pytest.approx(0.240227, abs=1e-6)
    assert k3(pi, ref).item() == pytest.approx(0.193147, abs=1e-6)


def test_the_estimators_against_the_exact_kl_and_its_gradient() -> None:
    logits = torch.tensor([0.3, -1.0, 0.7, 0.1], dtype=torch.float64, requires_grad=True)
    ref = torch.tensor([0.0, 0.5, -0.5, 0.2], dtype=torch.float64).log_softmax(0)
    p = logits.log_softmax(0)
    exact = (p.exp() * (p - ref)).sum()
    value = exact.item()
    # As values, weighted with the probabilities: k1 and k3 are unbiased.
    weights = p.exp().detach()
    for unbiased in (k1, k3):
        assert (weights * unbiased(p, ref)).sum().item() == pytest.approx(value, abs=1e-12)
    (true,) = torch.autograd.grad(exact, logits, retain_graph=True)
    # On policy the gradient of k2 is the KL's; the gradient of k1 is zero in the mean.
    (second,) = torch.autograd.grad((weights * k2(p, ref)).sum(), logits, retain_graph=True)
    torch.testing.assert_close(second, true)
    (first,) = torch.autograd.grad((weights * k1(p, ref)).sum(), logits)
    torch.testing.assert_close(first, torch.zeros_like(first), rtol=0, atol=1e-12)


def test_masked_mean_ignores_nan_outside_the_mask() -> None:
    assert masked_mean(torch.tensor([1.0, 3.0, float("nan")]), torch.tensor([True, True, False])).item() == 2.0
    assert masked_mean(torch.tensor([1.0]), torch.tensor([False])).item() == 0.0
