"""The intervals against arithmetic that stands in the comments, against the obvious way, and in simulation."""

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc

from rlvr.eval.intervals import jeffreys, mean_interval, paired, sampling_error, sign_flip_p, standard_error, student_t


def test_standard_error_is_clustered_by_problem() -> None:
    # means 0.5, 1, 0: mean 0.5, sample variance (0 + 0.25 + 0.25) / 2 = 0.25, so 0.5 / sqrt(3)
    assert standard_error([[1, 0], [1, 1], [0, 0]]) == pytest.approx(0.5 / math.sqrt(3))
    # Copying every sample tells nothing new about the problems.
    assert standard_error([[1, 0] * 50, [1, 1] * 50, [0, 0] * 50]) == pytest.approx(0.5 / math.sqrt(3))


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(2, 7, 0.065, 0.648), (3, 7, 0.139, 0.766), (2, 10, 0.044, 0.503), (5, 10, 0.224, 0.776)],
)
def test_jeffreys_as_brown_cai_and_dasgupta_printed_it(right: int, n: int, low: float, high: float) -> None:
    # Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133, table 5
    assert jeffreys(right / n, n) == pytest.approx((low, high), abs=6e-4)


@given(st.floats(0, 1), st.floats(0.02, 1e6))
def test_jeffreys_quantiles_leave_a_fortieth_on_each_side(p: float, n: float) -> None:
    low, high = jeffreys(p, n)
    assert 0.0 <= low <= p <= high <= 1.0
    below, above = (betainc(n * p + 0.5, n * (1 - p) + 0.5, end) for end in (low, high))
    assert low in (0.0, p) or below == pytest.approx(0.025, rel=1e-6)
    assert high in (1.0, p) or above == pytest.approx(0.975, rel=1e-6)


def _narrowed(n: float, problems: int) -> float:
    """`n` observations whose spread is estimated from so many problems."""
    return n * (1.959964 / student_t(problems - 1)) ** 2


def test_with_one_binary_sample_a_problem_the_interval_is_jeffreys() -> None:
    rewards = [[1.0]] * 8 + [[0.0]] * 2
    assert mean_interval(rewards) == pytest.approx(jeffreys(0.8, _narrowed(10, 10)))


def test_the_interval_keeps_a_width_where_everything_agrees() -> None:
    low, high = mean_interval([[1.0, 1.0]] * 30)
    # 30 problems, not 60 samples
    assert high == 1.0 and low == pytest.approx(jeffreys(1.0, _narrowed(30, 30))[0]) and 0.90 < low < 0.93
    assert mean_interval([]) == mean_interval([[]]) == (0.0, 1.0)


def test_more_samples_narrow_the_interval_only_as_far_as_problems_allow() -> None:
    one = mean_interval([[1.0], [0.0]] * 20)
    copies = mean_interval([[1.0] * 16, [0.0] * 16] * 20)  # the problems decide all: nothing is gained
    mixed = mean_interval([[1.0, 0.0] * 8] * 40)  # the samples decide all: as good as 640 observations
    assert copies == pytest.approx(one)
    assert mixed == pytest.approx(jeffreys(0.5, _narrowed(640, 40)))
    # Problems that agree by luck are worth no more than all their samples: 321 right of 640.
    lucky = mean_interval([[1.0, 0.0] * 8] * 39 + [[1.0] * 9 + [0.0] * 7])
    assert lucky == pytest.approx(jeffreys(321 / 640, _narrowed(640, 40)))


@pytest.mark.parametrize(("freedom", "printed"), [(1, 12.706), (9, 2.262), (29, 2.045), (120, 1.980), (499, 1.965)])
def test_students_quantile_as_tables_print_it(freedom: int, printed: float) -> None:
    assert student_t(freedom) == pytest.approx(printed, abs=5e-4)


def test_the_part_of_the_error_that_more_samples_remove() -> None:
    # variances 0.5 and 0 of two samples each: mean of s^2/k = (0.25 + 0) / 2 = 0.125, over 2 problems: sqrt(0.0625)
    assert sampling_error([[1, 0], [1, 1]]) == pytest.approx(0.25)
    assert math.isnan(sampling_error([[1], [0]]))


@pytest.mark.parametrize(("problems", "samples"), [(30, 1), (30, 4), (30, 64), (500, 1), (500, 4), (500, 64)])
def test_95_percent_of_intervals_cover_the_truth(problems: int, samples: int) -> None:
    # Problems differ in difficulty, rates from Beta(1, 1), so the true mean is 0.5. The standard deviation of the
    # coverage over 500 draws is 1 %, so 0.92 and 0.985 are more than 3 of them away from 0.95.
    # tests/bench/coverage.py draws 2,000 from seven populations.
    rng = np.random.default_rng([problems, samples])
    covered = 0
    for _ in range(500):
        right = rng.binomial(samples, rng.random(problems))
        low, high = mean_interval([[1.0] * int(c) + [0.0] * int(samples - c) for c in right])
        covered += low <= 0.5 <= high
    assert 0.92 <= covered / 500 <= 0.985


@given(st.lists(st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=10))
def test_the_p_value_counts_all_signs(differences: list[float]) -> None:
    sums = [abs(sum(s * abs(d) for s, d in zip(signs, differences, strict=True)))
            for signs in itertools.product((1, -1), repeat=len(differences))]  # fmt: skip
    assert sign_flip_p(differences) == pytest.approx(statistics.fmean(s >= abs(sum(differences)) - 1e-9 for s in sums))


def test_many_steps_are_drawn_and_near_the_exact() -> None:
    odd = [math.sqrt(i) / 4 * (-1 if i % 4 == 0 else 1) for i in range(1, 11)]
    signs = np.array(list(itertools.product((1, -1), repeat=10)))
    exact = np.mean(abs(signs @ np.abs(odd)) >= abs(sum(odd)) - 1e-9)
    assert sign_flip_p(odd) == pytest.approx(exact, abs=0.01)  # 20,000 draws: a deviation of at most 0.35 %


def test_pairs_by_hand() -> None:
    # differences 1, 1, 1, 0: mean 0.75, sd 0.5, so 0.75 +- 3.182 * 0.25; McNemar: 2 * (1/2)^3
    found = paired([0, 0, 0, 1], [1, 1, 1, 1])
    assert (found.difference, found.better, found.worse, found.problems) == (0.75, 3, 0, 4)
    assert found.interval == pytest.approx((0.75 - 3.18245 * 0.25, 1.0), abs=1e-4)
    assert found.p_value == pytest.approx(0.25)
    # 30 problems without a difference: were 9.5 % of all problems different, 0.905^30 = 5 % of such draws had none.
    same = paired([0.5, 1.0] * 15, [0.5, 1.0] * 15)
    assert (same.difference, same.p_value) == (0.0, 1.0)
    assert same.interval == pytest.approx((-0.0950, 0.0950), abs=1e-4)
    assert math.isnan(paired([], []).difference)
