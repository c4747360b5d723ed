"""The mean over suites: by hand, in simulation, and where there is none."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.eval.across import mean_over_suites, sharing
from rlvr.eval.intervals import interval_of_mean, jeffreys, mean_interval


def suite(name: str, right: int, problems: int, ids: str = "") -> dict[str, Any]:
    """The fields of a suite in `results.json` of which so many problems were right, one sample each."""
    rewards = [[1.0]] * right + [[0.0]] * (problems - right)
    return {"suite": name, "accuracy": right / problems, "interval": list(mean_interval(rewards)),
            "rewards": {f"{ids or name}/{i}": one for i, one in enumerate(rewards)}}  # fmt: skip


def test_every_suite_weighs_the_same() -> None:
    mean, why = mean_over_suites([suite("a", 90, 100), suite("b", 3, 10)])
    assert mean is not None and why is None
    assert mean.suites == ("a", "b") and mean.accuracy == pytest.approx(0.6)  # not 93 of 110
    assert mean.interval[0] < 0.6 < mean.interval[1]


def test_the_interval_by_hand() -> None:
    # two intervals of widths 0.3 and 0.4: the mean's error is sqrt(0.09 + 0.16) / 2 = 0.25 of 2 x 1.96, so 0.0638;
    # a rate of 0.5 has it after 0.25 / 0.0638^2 = 61.5 observations
    found = interval_of_mean([0.4, 0.6], [(0.25, 0.55), (0.4, 0.8)])
    assert found == pytest.approx(jeffreys(0.5, 0.25 / (0.25 / (2 * 1.959964)) ** 2))
    assert found == pytest.approx((0.377, 0.623), abs=1e-3)


def test_where_all_agree_the_interval_keeps_a_width() -> None:
    one = mean_interval([[0.0]] * 30)[1]
    assert interval_of_mean([0.0] * 4, [(0.0, one)] * 4) == pytest.approx((0.0, one / 2))
    assert interval_of_mean([1.0] * 4, [(1.0 - one, 1.0)] * 4) == pytest.approx((1.0 - one / 2, 1.0))


counts = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(any), min_size=1, max_size=6)


@given(counts)
def test_it_lies_in_0_to_1_holds_the_mean_and_forgets_the_order(right_and_wrong: list[tuple[int, int]]) -> None:
    found = [suite(f"s{i}", right, right + wrong) for i, (right, wrong) in enumerate(right_and_wrong)]
    mean, _ = mean_over_suites(found)
    if len(found) == 1:
        assert mean is None
        return
    assert mean is not None and 0.0 <= mean.interval[0] <= mean.accuracy <= mean.interval[1] <= 1.0
    turned, _ = mean_over_suites(found[::-1])
    assert turned is not None
    assert (turned.accuracy, *turned.interval) == pytest.approx((mean.accuracy, *mean.interval), abs=1e-12)


@pytest.mark.parametrize(
    "suites", [[(60, 2.0, 1.0), (30, 0.3, 2.0), (40, 1.0, 1.0)], [(30, 0.3, 0.7)] * 8, [(100, 9.0, 0.5)] * 3]
)
def test_it_holds_the_truth_as_often_as_it_says(suites: list[tuple[int, float, float]]) -> None:
    """Rates of problems out of Beta populations; 600 draws, so that 95 % is seen as 92.5 to 98.5 %."""
    rng, covered = np.random.default_rng(1), 0
    truth = math.fsum(a / (a + b) for _, a, b in suites) / len(suites)
    for _ in range(600):
        right = [int((rng.random(n) < rng.beta(a, b, n)).sum()) for n, a, b in suites]
        rates = [x / n for x, (n, _, _) in zip(right, suites, strict=True)]
        intervals = [mean_interval([[1.0]] * x + [[0.0]] * (n - x)) for x, (n, _, _) in zip(right, suites, strict=True)]
        low, high = interval_of_mean(rates, intervals)
        covered += low <= truth <= high
    assert 0.925 < covered / 600 < 0.985


def test_there_is_none_of_one_suite_of_the_same_problems_or_of_nothing_judged() -> None:
    assert mean_over_suites([suite("a", 1, 2)]) == (None, None)
    assert sharing({"a": {"p": [1]}, "b": {"q": [1]}}) is None
    mean, why = mean_over_suites([suite("acc", 1, 2, "arc"), suite("acc_norm", 1, 2, "arc")])
    assert mean is None and "acc and acc_norm ask the same problems" in str(why)
    mean, why = mean_over_suites([suite("a", 1, 2), {**suite("b", 1, 2), "accuracy": None}])
    assert mean is None and "nothing of b could be judged" in str(why)
