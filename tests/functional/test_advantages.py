"""Advantages on literal tensors; the comments show the arithmetic."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rlvr.functional import RunningMean, center, dead_groups, leave_one_out, standardize, total_and_count, whiten

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


def test_a_dead_group_needs_no_eps() -> None:
    rewards, judged = pair([[1, 1, 1], [1, None, None]])
    assert standardize(rewards, judged, eps=0.0).tolist() == [[0.0] * 3] * 2


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


MASK = torch.tensor([[1, 1, 0], [1, 0, 1]], dtype=torch.bool)
#: Trained: 1, 3, 5, 7. What is not trained may hold anything.
SPREAD = torch.tensor([[1, 3, NAN], [5, 99, 7]], dtype=torch.float64)


def test_whiten() -> None:
    # mean 16 / 4 = 4; squares 9 + 1 + 1 + 9 = 20; std sqrt(20 / 4) = sqrt(5)
    root = 5**0.5
    close(whiten(SPREAD, MASK, eps=0.0), [[-3 / root, -1 / root, 0], [1 / root, 0, 3 / root]])
    close(whiten(SPREAD, MASK, eps=0.0, center=False), [[1 / root, 3 / root, 0], [5 / root, 0, 7 / root]])
    close(whiten(SPREAD, MASK, eps=1.0), [[-3 / (root + 1), -1 / (root + 1), 0], [1 / (root + 1), 0, 3 / (root + 1)]])


def test_whiten_is_the_same_on_two_ranks_as_on_one() -> None:
    """Each rank holds one row; sums pass between them in turn, as all-reduce would add them."""
    whole = whiten(SPREAD, MASK)
    sums: list[list[Tensor]] = []
    for row in (0, 1):  # first what each rank would send, then with the sums of both
        sent: list[Tensor] = []
        mean = 4.0
        known = SPREAD[row][MASK[row]]
        sent.append(torch.tensor([float(known.sum()), float(len(known))], dtype=torch.float64))
        sent.append((known - mean).square().sum())
        sums.append(sent)
    total = iter([sums[0][0] + sums[1][0], sums[0][1] + sums[1][1]])
    seen: list[Tensor] = []

    def reduce(own: Tensor) -> Tensor:
        seen.append(own)
        return next(total)

    first = whiten(SPREAD[:1], MASK[:1], reduce)
    torch.testing.assert_close(first, whole[:1], rtol=0, atol=1e-12)
    torch.testing.assert_close(seen[0], sums[0][0])
    torch.testing.assert_close(seen[1], sums[0][1])


def test_whitening_what_is_all_equal_or_empty_gives_zero() -> None:
    same = torch.full((2, 3), 0.1, dtype=torch.float64)
    assert float(whiten(same, MASK).abs().max()) < 1e-6
    assert (whiten(SPREAD, torch.zeros_like(MASK)) == 0).all()


def test_whitening_keeps_small_differences_of_large_numbers() -> None:
    # squares minus the square of the mean would cancel: 1e8 apart from 0 by 1 in 1e16
    large = torch.tensor([[1e8, 1e8 + 1, 1e8, 1e8 + 1]], dtype=torch.float64)
    close(whiten(large, torch.ones(1, 4).bool(), eps=0.0), [[-1, 1, -1, 1]])


def test_the_running_mean_is_that_of_earlier_batches() -> None:
    mean = RunningMean()
    assert mean.mean == 0.0
    mean = mean.after(3.0, 4.0)
    assert mean.mean == 0.75
    # (3 + 1) / (4 + 4)
    assert mean.after(1.0, 4.0).mean == 0.5
    assert mean.mean == 0.75  # a state is never changed, only followed by another
