"""Noise and draws: their statistics, and truncation against transformers' own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core import Sampling, noise_key
from rlvr.rollout.sampling import NEAR_TIE, draw, truncate, uniforms


def test_uniforms_are_uniform_and_independent_across_keys_and_positions() -> None:
    keys = np.array([noise_key(0, 0, f"p{i}", s) for i in range(100) for s in range(4)], dtype=np.uint64)
    table = np.stack([uniforms(keys, t) for t in range(100)])  # [positions, rows], 40,000 numbers
    assert table.min() >= 0 and table.max() < 1
    counts = np.histogram(table, bins=50, range=(0, 1))[0]
    # chi-square with 49 degrees of freedom: mean 49, standard deviation 9.9
    assert ((counts - 800) ** 2 / 800).sum() < 49 + 5 * 9.9
    assert abs(table.mean() - 0.5) < 5 * (1 / 12 / table.size) ** 0.5
    for other in (table[:-1] * table[1:], table[:, :-1] * table[:, 1:]):  # along positions and along rows
        assert abs(other.mean() - 0.25) < 5 * (7 / 144 / other.size) ** 0.5
    assert len(np.unique(table)) == table.size


def test_splitmix64_against_its_published_numbers() -> None:
    # SplitMix64 seeded with 1234567 gives these first outputs (Vigna's reference code).
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    key = np.array([1234567], dtype=np.uint64)
    assert [uniforms(key, t)[0] for t in range(3)] == [(e >> 11) * 2.0**-53 for e in expected]


def test_a_position_of_each_row_is_the_position_of_that_row() -> None:
    keys = np.array([1, 2, 3], dtype=np.uint64)
    ragged = uniforms(keys, np.array([5, 0, 9]))
    assert ragged.tolist() == [uniforms(keys[i : i + 1], t)[0] for i, t in enumerate([5, 0, 9])]


@given(st.integers(0, 9), st.integers(0, 9), st.text(max_size=9), st.integers(0, 9))
def test_any_change_changes_the_key(seed: int, iteration: int, prompt: str, sample: int) -> None:
    key = noise_key(seed, iteration, prompt, sample)
    others = {
        noise_key(seed + 1, iteration, prompt, sample),
        noise_key(seed, iteration + 1, prompt, sample),
        noise_key(seed, iteration, prompt + "x", sample),
        noise_key(seed, iteration, prompt, sample + 1),
    }
    assert 0 <= key < 2**64 and len({key, *others}) == 5


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=0.7),
        Sampling(temperature=1.5, top_k=5),
        Sampling(top_p=0.8),
        Sampling(temperature=0.6, top_k=7, top_p=0.9),
    ],
)
def test_draws_follow_the_distribution_whose_log_probs_are_reported(sampling: Sampling) -> None:
    rows = 40_000
    logits = torch.randn(12, generator=torch.Generator().manual_seed(1)) * 1.5
    keys = np.arange(rows, dtype=np.uint64) * np.uint64(77)
    ids, logprobs, _ = draw(logits.expand(rows, -1), uniforms(keys, 3), sampling)
    expected = truncate((logits / sampling.temperature).unsqueeze(0), sampling.top_k, sampling.top_p)[0].log_softmax(0)
    torch.testing.assert_close(logprobs, expected[ids], rtol=0, atol=1e-6)
    counts = torch.bincount(ids, minlength=12).double()
    likely = expected.exp().double() * rows
    assert (counts[likely == 0] == 0).all()
    live = likely > 0
    freedom = int(live.sum()) - 1
    chi_square = float(((counts - likely)[live] ** 2 / likely[live]).sum())
    assert chi_square < freedom + 5 * (2 * freedom) ** 0.5


@pytest.mark.parametrize("top_k, top_p", [(1, 1.0), (5, 1.0), (0, 0.5), (0, 0.95), (0, 0.01), (8, 0.9), (99, 1.0)])
def test_truncation_agrees_with_transformers(top_k: int, top_p: float) -> None:
    from transformers import TopKLogitsWarper, TopPLogitsWarper

    logits = torch.randn(64, 40, generator=torch.Generator().manual_seed(2)) * 2
    expected = logits
    if top_k:
        expected = TopKLogitsWarper(top_k)(None, expected)
    if top_p < 1:
        expected = TopPLogitsWarper(top_p)(None, expected)
    torch.testing.assert_close(truncate(logits, top_k, top_p), expected)


def test_temperature_zero_takes_the_likeliest() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0], [1.0, 1.0 + 1e-6, 0.0]])
    ids, logprobs, near = draw(logits, np.array([0.99, 0.99]), Sampling(temperature=0.0))
    assert ids.tolist() == [1, 1]
    torch.testing.assert_close(logprobs, logits.log_softmax(1)[:, 1])
    assert near.tolist() == [False, True]


@pytest.mark.parametrize("uniform", [0.0, 0.5, 1 - 2**-53])
def test_no_uniform_picks_an_impossible_token(uniform: float) -> None:
    # 1 - 2^-53 is 1 in fp32: the last token of the vocabulary must not be picked where top_k removed it.
    logits = torch.tensor([[-float("inf"), 1.0, 2.0, -float("inf")], [3.0, 1.0, 2.0, 0.0]])
    ids, logprobs, _ = draw(logits, np.full(2, uniform), Sampling(top_k=2))
    assert logprobs.isfinite().all()
    assert set(ids.tolist()) <= {0, 1, 2}
    assert ids[0].item() in (1, 2) and ids[1].item() in (0, 2)


def test_near_ties_are_those_within_the_bound_of_a_neighbour() -> None:
    logits = torch.zeros(5, 2)  # the boundary is at 0.5; the outer edges have no neighbour
    near_half = [0.0, 0.5 - NEAR_TIE / 2, 0.5 + NEAR_TIE / 2, 0.5 + 3 * NEAR_TIE, 1 - 1e-9]
    _, _, near = draw(logits, np.array(near_half), Sampling())
    assert near.tolist() == [False, True, True, False, False]
