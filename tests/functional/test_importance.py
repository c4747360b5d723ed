"""Importance weights on literal numbers, and that they make one distribution's samples another's."""

from __future__ import annotations

import math

import pytest
import torch

from rlvr.functional import (
    effective_sample_share,
    log_weights,
    masked_tokens,
    truncated_sequences,
    truncated_tokens,
)

#: Trainer over engine: 1, 4, 1/4 on the trained tokens of the first row; 1.5, 1.2 of the second. Padding holds rubbish.
RATIOS = torch.tensor([[1.0, 4.0, 0.25, math.nan], [1.5, 1.2, 9.0, math.inf]], dtype=torch.float64)
MASK = torch.tensor([[True, True, True, False], [True, True, False, False]])
D = RATIOS.log()


def test_log_weights_are_differences_and_unknown_ones_are_none() -> None:
    nan = math.nan
    old = torch.tensor([[-1.0, -2.0, nan, -1.0, -math.inf]])
    sampler = torch.tensor([[-1.5, nan, -1.0, -9.0, -1.0]])
    mask = torch.tensor([[True, True, True, False, True]])
    d = log_weights(old, sampler, mask)
    assert d[0, :4].tolist() == [0.5, 0.0, 0.0, 0.0]  # -1 + 1.5; unknown; unknown; not trained
    assert truncated_tokens(d, mask)[0][0, 4] == 0.0  # the trainer would never say it


def test_tokens_are_truncated_one_by_one() -> None:
    weights, cut = truncated_tokens(D, MASK, cap=2.0)
    # min(1, 2), min(4, 2), min(1/4, 2), outside; min(1.5, 2), min(1.2, 2), outside, outside
    assert weights.tolist() == [pytest.approx([1.0, 2.0, 0.25, 1.0]), pytest.approx([1.5, 1.2, 1.0, 1.0])]
    assert cut.tolist() == [[False, True, False, False], [False] * 4]


def test_a_sequence_has_the_product_of_its_tokens() -> None:
    weights, cut = truncated_sequences(D, MASK, cap=1.7)
    # 1 * 4 * 1/4 = 1; 1.5 * 1.2 = 1.8, more than 1.7
    assert weights.tolist() == [pytest.approx([1.0, 1.0, 1.0, 1.0]), pytest.approx([1.7, 1.7, 1.0, 1.0])]
    assert cut.tolist() == [[False] * 4, [True, True, False, False]]


def test_icepop_leaves_out_tokens_outside_of_its_bounds() -> None:
    weights, out = masked_tokens(D, MASK, low=0.5, high=1.3)
    # 4 is above 1.3 and 1/4 below 1/2; 1.5 is above
    assert weights.tolist() == [pytest.approx([1.0, 0.0, 0.0, 1.0]), pytest.approx([0.0, 1.2, 1.0, 1.0])]
    assert out.tolist() == [[False, True, True, False], [True, False, False, False]]


@pytest.mark.parametrize("bounded", [truncated_tokens, truncated_sequences, masked_tokens])
def test_equal_distributions_weigh_exactly_one_and_huge_ratios_stay_finite(bounded) -> None:
    weights, cut = bounded(torch.zeros(2, 4), MASK)
    assert torch.equal(weights, torch.ones(2, 4)) and not cut.any()
    weights, cut = bounded(torch.full((2, 4), 300.0), MASK)
    assert weights.isfinite().all() and torch.equal(cut, MASK)


def test_the_effective_share_of_a_sample() -> None:
    # (1 + 1 + 1 + 1)^2 / (4 * 4) = 1; (3 + 1)^2 / (2 * (9 + 1)) = 0.8; one of four alone: 1 / 4
    def share(*weights: float, off: float = 0.0) -> float:
        return effective_sample_share(torch.tensor(weights, dtype=torch.float64).log() + off).item()

    assert share(1.0, 1.0, 1.0, 1.0) == 1.0
    assert share(3.0, 1.0) == pytest.approx(0.8)  # (3 + 1)^2 / (2 (9 + 1))
    assert share(5.0, 0.0, 0.0, 0.0) == pytest.approx(0.25)
    for off in (-5000.0, 5000.0):  # exp of either is no number
        assert share(3.0, 1.0, off=off) == pytest.approx(0.8)


def test_weighted_samples_of_one_policy_give_the_mean_under_another() -> None:
    """Completions of two tokens out of three symbols, every one written down, so the expectations are exact."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(2, 3, generator=generator, dtype=torch.float64).log_softmax(-1)  # [policy, token]
    second = torch.randn(2, 3, 3, generator=generator, dtype=torch.float64).log_softmax(-1)  # after each first token
    value = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    sampler, trainer = (first[p].unsqueeze(1) + second[p] for p in (0, 1))
    d = torch.stack([(first[1] - first[0]).unsqueeze(1).expand(3, 3), second[1] - second[0]], dim=-1).view(9, 2)
    everything = torch.ones(9, 2, dtype=torch.bool)
    whole, _ = truncated_sequences(d, everything, cap=math.inf)
    expected = (trainer.exp() * value).sum()
    assert ((sampler.exp() * value).sum() - expected).abs() > 0.05  # or there were nothing to correct
    assert ((sampler.exp().view(9) * whole[:, 1] * value.view(9)).sum() - expected).abs() < 1e-12
    # Token weights correct each token given its prefix, and leave the prefixes the sampler's.
    token, _ = truncated_tokens(d, everything, cap=math.inf)
    given = (first[0].exp().unsqueeze(1) * second[1].exp() * value).sum()
    assert ((sampler.exp().view(9) * token[:, 1] * value.view(9)).sum() - given).abs() < 1e-12
