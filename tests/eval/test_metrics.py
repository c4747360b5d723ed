"""The metrics against arithmetic that stands in the comments, brute force and simulation."""

import itertools
import math
import random

import pytest

from rlvr.eval.metrics import (
    avg_at_k,
    mean_interval,
    mean_pass_at_k,
    pass_at_k,
    pass_ks,
    standard_error,
    wilson,
)


def test_avg_at_k_averages_within_problems_first() -> None:
    # ((1 + 0) / 2 + (1 + 1 + 1 + 0) / 4) / 2 = (0.5 + 0.75) / 2; the pooled mean would be 4/6
    assert avg_at_k([[1, 0], [1, 1, 1, 0]]) == 0.625
    assert avg_at_k([[1, 0], [], [1]]) == 0.75  # a problem without judged samples is in no mean: (0.5 + 1) / 2
    assert math.isnan(avg_at_k([[], []]))


def test_pass_at_k_by_hand() -> None:
    # n=4, c=1, k=2: 1 - C(3,2)/C(4,2) = 1 - 3/6
    assert pass_at_k(4, 1, 2) == pytest.approx(0.5)
    # n=5, c=2, k=3: 1 - C(3,3)/C(5,3) = 1 - 1/10
    assert pass_at_k(5, 2, 3) == pytest.approx(0.9)
    assert pass_at_k(5, 3, 3) == 1.0  # only two are wrong
    assert pass_at_k(5, 0, 3) == 0.0


def test_pass_at_k_is_the_mean_over_all_subsets() -> None:
    for n, c in ((5, 2), (6, 1), (4, 4)):
        samples = [1] * c + [0] * (n - c)
        for k in range(1, n + 1):
            subsets = list(itertools.combinations(samples, k))
            assert pass_at_k(n, c, k) == pytest.approx(sum(map(max, subsets)) / len(subsets))


@pytest.mark.parametrize("arguments", [(4, 1, 0), (4, 1, 5), (4, 5, 1), (0, 0, 1)])
def test_pass_at_k_refuses_what_has_no_estimate(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="pass@"):
        pass_at_k(*arguments)


def test_mean_pass_at_k_leaves_out_problems_with_too_few_samples_and_partial_rewards() -> None:
    # problem 1: C(1,2)=0 subsets without a pass -> 1 - 0/C(2,2) = 1; problem 2 has one judged sample only
    assert mean_pass_at_k([[1.0, 0.0], [0.0]], 2) == 1.0
    assert mean_pass_at_k([[0.9, 0.9]], 2) == 0.0
    assert math.isnan(mean_pass_at_k([[1.0]], 2))


def test_standard_error_is_clustered_by_problem() -> None:
    # means 0.5, 1, 0: mean 0.5, sample variance (0 + 0.25 + 0.25) / 2 = 0.25, so 0.5 / sqrt(3)
    assert standard_error([[1, 0], [1, 1], [0, 0]]) == pytest.approx(0.5 / math.sqrt(3))
    # Copying every sample tells nothing new about the problems.
    assert standard_error([[1, 0] * 50, [1, 1] * 50, [0, 0] * 50]) == pytest.approx(0.5 / math.sqrt(3))


def test_wilson_by_hand() -> None:
    # p = 0.5, n = 4, z = 2: center (0.5 + 4/8) / (1 + 4/4) = 0.5; half = 2 sqrt(0.25/4 + 4/64) / 2 = sqrt(0.125)
    low, high = wilson(0.5, 4, z=2.0)
    assert (low, high) == pytest.approx((0.5 - math.sqrt(0.125), 0.5 + math.sqrt(0.125)))
    # 8 right of 10: the interval that textbooks print, 0.490 to 0.943
    assert wilson(0.8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)


def test_with_one_binary_sample_a_problem_the_interval_is_wilsons() -> None:
    rewards = [[1.0]] * 8 + [[0.0]] * 2
    assert mean_interval(rewards) == pytest.approx(wilson(0.8, 10))


def test_the_interval_keeps_a_width_where_everything_agrees() -> None:
    low, high = mean_interval([[1.0, 1.0]] * 30)
    # 30 problems, not 60 samples: n / (n + z^2) = 30 / 33.84
    assert high == pytest.approx(1.0) and low == pytest.approx(30 / (30 + 1.959964**2), abs=1e-6)
    assert mean_interval([]) == mean_interval([[]]) == (0.0, 1.0)


def test_more_samples_narrow_the_interval_only_as_far_as_problems_allow() -> None:
    one = mean_interval([[1.0], [0.0]] * 20)
    copies = mean_interval([[1.0] * 16, [0.0] * 16] * 20)  # the problems decide all: nothing is gained
    mixed = mean_interval([[1.0, 0.0] * 8] * 40)  # the samples decide all: as good as 640 observations
    assert copies == pytest.approx(one)
    assert mixed == pytest.approx(wilson(0.5, 640))
    # Problems that agree by luck are worth no more than all their samples: 321 right of 640.
    lucky = mean_interval([[1.0, 0.0] * 8] * 39 + [[1.0] * 9 + [0.0] * 7])
    assert lucky == pytest.approx(wilson(321 / 640, 640))


@pytest.mark.parametrize(("problems", "samples"), [(30, 1), (30, 16), (200, 4)])
def test_95_percent_of_intervals_cover_the_truth(problems: int, samples: int) -> None:
    # Problems differ in difficulty: rates from Beta(1, 1), so the true mean is 0.5. 600 evaluations; the standard
    # deviation of the coverage is sqrt(0.95 * 0.05 / 600) = 0.9 %, so 0.92 is more than 3 of them below.
    rng = random.Random(f"{problems}/{samples}")
    covered = 0
    for _ in range(600):
        rates = [rng.random() for _ in range(problems)]
        low, high = mean_interval([[float(rng.random() < rate) for _ in range(samples)] for rate in rates])
        covered += low <= 0.5 <= high
    assert 0.92 <= covered / 600 <= 0.99


def test_pass_ks() -> None:
    assert pass_ks(1) == (1,)
    assert pass_ks(4) == (1, 2, 4)
    assert pass_ks(6) == (1, 2, 4, 6)
