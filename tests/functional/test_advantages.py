"""Advantages on literal tensors; the comments show the arithmetic."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rlvr.functional import center, dead_groups, leave_one_out, standardize, total_and_count

NAN = float("nan")


def pair(rows: list[list[float | None]]) -> tuple[Tensor, Tensor]:
    """Rewards, NaN where None, and which are judged."""
    rewards = torch.tensor([[NAN if r is None else r for r in row] for row in rows], dtype=torch.float64)
    return rewards, ~rewards.isnan()


def close(actual: Tensor, expected: list[list[float]]) -> None:
    torch.testing.assert_close(actual, torch.tensor(expected, dtype=actual.dtype), rtol=0, atol=1e-12)


def test_center_subtracts_the_mean_of_the_judged() -> None:
    rewards, judged = pair([[1, 0, 0, 1], [1, 0, None, 0.5]])
    # mean 2/4 = 0.5; mean of three (1 + 0 + 0.5) / 3 = 0.5, and the unjudged gets 0, not 0 - 0.5
    close(center(rewards, judged), [[0.5, -0.5, -0.5, 0.5], [0.5, -0.5, 0.0, 0.0]])


def test_standardize_divides_by_std_plus_eps() -> None:
    rewards, judged = pair([[1, 0, 0, 1]])
    # squares 4 * 0.25 = 1; ddof 1: sqrt(1 / 3) = 0.57735..., plus eps 0.1; ddof 0: sqrt(1 / 4) = 0.5
    big = 0.5 / ((1 / 3) ** 0.5 + 0.1)
    close(standardize(rewards, judged, ddof=1, eps=0.1), [[big, -big, -big, big]])
    close(standardize(rewards, judged, ddof=0, eps=0.0), [[1.0, -1.0, -1.0, 1.0]])


def test_standardize_counts_only_the_judged() -> None:
    rewards, judged = pair([[1, 0, None, None]])
    # of two: mean 0.5, squares 0.5, ddof 1: sqrt(0.5 / 1)
    size = 0.5 / 0.5**0.5
    close(standardize(rewards, judged, ddof=1, eps=0.0), [[size, -size, 0.0, 0.0]])


def test_the_defaults_of_standardize_are_the_paper_s_practice() -> None:
    rewards, judged = pair([[1, 0]])
    # ddof 1: sqrt((0.25 + 0.25) / 1) = 0.70710678; 0.5 / (0.70710678 + 1e-4)
    size = 0.5 / (0.5**0.5 + 1e-4)
    close(standardize(rewards, judged), [[size, -size]])


def test_leave_one_out_compares_with_the_others() -> None:
    rewards, judged = pair([[1, 0, 0.5], [1, 0, None]])
    # 1 - (0 + 0.5)/2 = 0.75; 0 - (1 + 0.5)/2 = -0.75; 0.5 - (1 + 0)/2 = 0
    # with two judged: 1 - 0 and 0 - 1
    close(leave_one_out(rewards, judged), [[0.75, -0.75, 0.0], [1.0, -1.0, 0.0]])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("function", [center, standardize, leave_one_out])
@pytest.mark.parametrize(
    "row",
    [
        [0.1, 0.1, 0.1],  # 0.1 + 0.1 + 0.1 is 0.30000000000000004: arithmetic would leave 1e-17 / eps
        [0.1, 0.1, 0.1 + 5e-7],
        [1.0, 1.0, 1.0],
        [1.0, None, None],  # one judged: nothing to compare with
        [None, None, None],
    ],
)
def test_a_dead_group_gets_exactly_zero(function, row, dtype) -> None:
    rewards, judged = pair([row])
    result = function(rewards.to(dtype), judged)
    assert (result == 0).all() and not result.isnan().any()
    assert dead_groups(rewards, judged).tolist() == [True]


def test_dead_is_a_spread_below_a_millionth() -> None:
    rewards, judged = pair([[0, 0.9e-6], [0, 1.1e-6], [0, None], [0, 1]])
    assert dead_groups(rewards, judged).tolist() == [True, False, True, False]


def test_total_and_count_leave_the_unjudged_out_and_pass_through_reduce() -> None:
    rewards, judged = pair([[1, None, 0.25]])
    # two ranks with the same rows: sums double
    assert total_and_count(rewards[0], judged[0], lambda x: 2 * x) == (2.5, 4.0)


REWARDS = st.lists(st.one_of(st.none(), st.floats(0, 1, width=32)), min_size=2, max_size=8)


@given(REWARDS)
def test_advantages_of_a_group_sum_to_zero_and_ignore_what_is_unjudged(row: list[float | None]) -> None:
    rewards, judged = pair([row])
    for function in (center, leave_one_out, standardize):
        result = function(rewards, judged)
        assert abs(float(result.sum())) < 1e-9
        assert (result[~judged] == 0).all()
        known = [r for r in row if r is not None]
        if known:  # leaving the unjudged out of the tensor altogether changes nothing
            alone = function(*pair([known]))
            torch.testing.assert_close(result[judged], alone[0], rtol=0, atol=1e-12)
