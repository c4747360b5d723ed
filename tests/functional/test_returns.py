"""Returns over time on literal numbers; the comments show the arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rlvr.functional import gae, lambda_returns, n_step_returns, returns_to_go

NAN = float("nan")


def row(*values: float) -> Tensor:
    return torch.tensor([values], dtype=torch.float64)


def trained(*mask: int) -> Tensor:
    return torch.tensor([mask], dtype=torch.bool)


def close(actual: Tensor, *expected: float) -> None:
    torch.testing.assert_close(actual, row(*expected), rtol=0, atol=1e-12)


ONES = trained(1, 1, 1)
REWARDS, VALUES = row(1, 2, 3), row(10, 20, 30)


def test_returns_to_go() -> None:
    # 1 + 2 + 3, 2 + 3, 3; with gamma 0.5: 1 + 0.5 (2 + 0.5 * 3) = 2.75, 2 + 0.5 * 3 = 3.5, 3
    close(returns_to_go(REWARDS, ONES), 6, 5, 3)
    close(returns_to_go(REWARDS, ONES, gamma=0.5), 2.75, 3.5, 3)


def test_n_step_returns() -> None:
    # gamma 0.5; one step: 1 + 0.5 * 20 = 11, 2 + 0.5 * 30 = 17, and the last ends: 3
    close(n_step_returns(REWARDS, VALUES, ONES, 1, 0.5), 11, 17, 3)
    # two steps: 1 + 0.5 * 2 + 0.25 * 30 = 9.5, 2 + 0.5 * 3 = 3.5, 3
    close(n_step_returns(REWARDS, VALUES, ONES, 2, 0.5), 9.5, 3.5, 3)
    # three and more are the full return
    close(n_step_returns(REWARDS, VALUES, ONES, 3, 0.5), 2.75, 3.5, 3)
    close(n_step_returns(REWARDS, VALUES, ONES, 100, 0.5), 2.75, 3.5, 3)


def test_what_was_cut_off_has_a_future_and_what_has_ended_has_none() -> None:
    rewards, values, mask = (t.expand(3, 3) for t in (REWARDS, VALUES, ONES))
    ended = torch.tensor([False, True, True])
    final = torch.tensor([40.0, 40.0, NAN], dtype=torch.float64)  # nobody computes the value of an end
    two = n_step_returns(rewards, values, mask, 2, 0.5, bootstrap=final, terminated=ended)
    # cut off: 9.5, 2 + 0.5 * 3 + 0.25 * 40 = 13.5, 3 + 0.5 * 40 = 23; ended: as without
    torch.testing.assert_close(two, torch.cat([row(9.5, 13.5, 23), row(9.5, 3.5, 3), row(9.5, 3.5, 3)]))
    # TD errors, gamma 0.5: 1 + 10 - 10 = 1, 2 + 15 - 20 = -3, 3 - 30 = -27 or 3 + 20 - 30 = -7
    one = gae(rewards, values, mask, 0.5, 0.0, bootstrap=final, terminated=ended)
    torch.testing.assert_close(one, torch.cat([row(1, -3, -7), row(1, -3, -27), row(1, -3, -27)]))
    # and the lambda 1 return of the first row: 1 + 0.5 (2 + 0.5 (3 + 0.5 * 40)) = 7.75, 13.5, 23
    whole = lambda_returns(rewards, values, mask, 0.5, 1.0, bootstrap=final, terminated=ended)
    torch.testing.assert_close(whole, torch.cat([row(7.75, 13.5, 23), row(2.75, 3.5, 3), row(2.75, 3.5, 3)]))
    with pytest.raises(ValueError, match="needs a bootstrap"):
        n_step_returns(rewards, values, mask, 2, terminated=ended)
    with pytest.raises(ValueError, match="at least one step"):
        n_step_returns(rewards, values, mask, 0)


def test_gae() -> None:
    # TD errors at gamma 1: 1 + 20 - 10 = 11, 2 + 30 - 20 = 12, 3 - 30 = -27
    close(gae(REWARDS, VALUES, ONES, 1.0, 0.0), 11, 12, -27)
    # lambda 0.5: -27; 12 - 13.5 = -1.5; 11 - 0.75 = 10.25
    close(gae(REWARDS, VALUES, ONES, 1.0, 0.5), 10.25, -1.5, -27)
    # lambda 1, the default: the return minus the value: 6 - 10, 5 - 20, 3 - 30
    close(gae(REWARDS, VALUES, ONES), -4, -15, -27)
    # gamma 0.5, lambda 0.5: errors 1, -3, -27; -27; -3 + 0.25 * -27 = -9.75; 1 + 0.25 * -9.75 = -1.4375
    close(gae(REWARDS, VALUES, ONES, 0.5, 0.5), -1.4375, -9.75, -27)


def test_lambda_returns_are_the_weighted_n_step_returns() -> None:
    # gamma 0.5: one step 11, two 9.5, three 2.75. Weights 0.6, 0.4 * 0.6 = 0.24, the rest 0.16 on the full return:
    # 6.6 + 2.28 + 0.44 = 9.32. From the second: 0.6 * 17 + 0.4 * 3.5 = 11.6
    close(lambda_returns(REWARDS, VALUES, ONES, 0.5, 0.4), 9.32, 11.6, 3)


FUNCTIONS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "returns_to_go": lambda r, v, m: returns_to_go(r, m, 0.9),
    "returns_to_go, undiscounted": lambda r, v, m: returns_to_go(r, m),
    "n_step": lambda r, v, m: n_step_returns(r, v, m, 2, 0.9),
    "lambda_returns": lambda r, v, m: lambda_returns(r, v, m, 0.9, 0.7),
    "gae": lambda r, v, m: gae(r, v, m, 0.9, 0.7),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_trained_tokens_are_moments_of_time(name: str) -> None:
    """A prompt before, a given span in the middle and padding behind, full of NaN, change nothing."""
    function = FUNCTIONS[name]
    expected = function(REWARDS, VALUES, ONES)
    mask = trained(0, 1, 0, 0, 1, 1, 0)
    rewards, values = row(NAN, 1, NAN, 7, 2, 3, NAN), row(NAN, 10, 99, NAN, 20, 30, NAN)
    spread = function(rewards, values, mask)
    torch.testing.assert_close(spread[mask], expected[0], rtol=0, atol=1e-12)
    assert (spread[~mask] == 0).all()
    # beside rows of other lengths, and one without anything to train
    batch = function(
        torch.cat([rewards, row(5, 0, 0, 0, 0, 0, 0), rewards]),
        torch.cat([values, values, values]),
        torch.cat([mask, trained(1, 0, 0, 0, 0, 0, 0), trained(0, 0, 0, 0, 0, 0, 0)]),
    )
    torch.testing.assert_close(batch[0], spread[0], rtol=0, atol=0)
    assert (batch[1, 1:] == 0).all() and (batch[2] == 0).all()


def test_an_empty_batch() -> None:
    nothing = torch.zeros(0, 0)
    for function in FUNCTIONS.values():
        assert function(nothing, nothing, nothing.bool()).shape == (0, 0)


NUMBERS = st.lists(st.floats(-3, 3), min_size=1, max_size=6)


@given(NUMBERS, NUMBERS, st.floats(0, 1), st.floats(0, 1), st.one_of(st.none(), st.floats(-3, 3)))
def test_gae_and_lambda_returns_follow_their_definitions(
    rewards: list[float], values: list[float], gamma: float, gae_lambda: float, final: float | None
) -> None:
    """Against sums written out, for every position: (1 - lambda) sum of lambda^(n-1) G^(n), the rest on the last."""
    size = min(len(rewards), len(values))
    r, v, mask = row(*rewards[:size]), row(*values[:size]), trained(*[1] * size)
    bootstrap = None if final is None else torch.tensor([final], dtype=torch.float64)
    got = lambda_returns(r, v, mask, gamma, gae_lambda, bootstrap=bootstrap)[0].tolist()
    after = [*values[1:size], final or 0.0]
    for t in range(size):
        left = size - t
        n_step = [
            sum(gamma**k * rewards[t + k] for k in range(n)) + gamma**n * after[t + n - 1] for n in range(1, left + 1)
        ]
        expected = (1 - gae_lambda) * sum(gae_lambda ** (n - 1) * n_step[n - 1] for n in range(1, left))
        expected += gae_lambda ** (left - 1) * n_step[-1]
        assert got[t] == pytest.approx(expected, abs=1e-9)
        for n in range(1, left + 1):
            own = n_step_returns(r, v, mask, n, gamma, bootstrap=bootstrap)[0, t].item()
            assert own == pytest.approx(n_step[n - 1], abs=1e-9)
    advantages = gae(r, v, mask, gamma, gae_lambda, bootstrap=bootstrap)[0].tolist()
    assert advantages == pytest.approx([g - x for g, x in zip(got, values, strict=False)], abs=1e-9)
