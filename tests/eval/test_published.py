"""Every metric and interval against what was published, against the slow obvious way, and at its ends."""

import itertools
import math
import statistics
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.eval.intervals import mean_interval, paired, sampling_error, sign_flip_p, standard_error
from rlvr.eval.metrics import (
    RIGHT,
    avg_at_k,
    g_pass_at_k,
    m_g_pass_at_k,
    maj_at_k,
    mean_g_pass_at_k,
    mean_maj_at_k,
    mean_pass_at_k,
    pass_at_k,
)

REWARDS = st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), max_size=6), min_size=1, max_size=6)


def test_mcnemars_exact_test_of_16_against_6() -> None:
    # 2 P(X >= 16), X of Binomial(22, 1/2): 0.0525
    a, b = [0.0] * 16 + [1.0] * 6 + [1.0] * 70, [1.0] * 16 + [0.0] * 6 + [1.0] * 70
    found = paired(a, b)
    assert (found.better, found.worse, found.problems) == (16, 6, 92)
    assert found.p_value == pytest.approx(2 * sum(math.comb(22, i) for i in range(16, 23)) / 2**22)
    assert found.p_value == pytest.approx(0.0525, abs=5e-5)


def test_the_paired_interval_of_students_sleep_data() -> None:
    # Student (1908), Biometrika 6: hours of sleep gained by ten patients with two drugs; here in tenths, as shares are.
    # Mean difference 1.58, 95 % interval 0.7001 to 2.4599.
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = paired([x / 10 for x in first], [x / 10 for x in second])
    assert found.difference == pytest.approx(0.158)
    assert found.interval == pytest.approx((0.07001142, 0.24598858), abs=1e-7)


def test_the_clustered_error_is_millers() -> None:
    # Miller (2024), arXiv:2411.00640: sqrt(sum over clusters of all products of their deviations) / n, to which a
    # mean estimated from m clusters adds the factor sqrt(m / (m - 1)).
    rewards = [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]
    every = [r for problem in rewards for r in problem]
    middle = statistics.fmean(every)
    products = sum((x - middle) * (y - middle) for problem in rewards for x in problem for y in problem)
    assert standard_error(rewards) == pytest.approx(math.sqrt(products) / len(every) * math.sqrt(4 / 3))


@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_pass_at_k_is_the_exact_ratio_of_binomials(n: int) -> None:
    # Chen et al. (2021), equation 1
    for c, k in itertools.product(range(n + 1), range(1, n + 1)):
        exact = 1 - Fraction(math.comb(n - c, k), math.comb(n, k))
        assert pass_at_k(n, c, k) == pytest.approx(float(exact), abs=1e-12)


def test_g_pass_is_hypergeometric() -> None:
    # Liu et al. (2024), equation 3: draw k of n without replacement, count the right ones.
    rng = np.random.default_rng(0)
    for n, c, k, threshold in ((16, 9, 8, 0.5), (16, 9, 8, 0.75), (48, 30, 16, 1.0), (48, 30, 16, 0.25)):
        drawn = rng.hypergeometric(c, n - c, k, 200_000)
        least = max(1, math.ceil(threshold * k))
        assert g_pass_at_k(n, c, k, threshold) == pytest.approx(np.mean(drawn >= least), abs=0.005)
    # m: twice the mean over the thresholds above one half, which is a mean over j of P(at least j of k)
    slow = 2 / 16 * sum(np.mean(rng.hypergeometric(30, 18, 16, 200_000) >= j) for j in range(9, 17))
    assert m_g_pass_at_k(48, 30, 16) == pytest.approx(slow, abs=0.005)


@given(st.integers(1, 12), st.data())
def test_the_ends(n: int, data: st.DataObject) -> None:
    """k = n, all right, all wrong, and pass@k between them."""
    k, c = data.draw(st.integers(1, n)), data.draw(st.integers(0, n))
    assert pass_at_k(n, n, k) == maj_at_k([RIGHT] * n, k) == g_pass_at_k(n, n, k, 1.0) == 1.0
    assert pass_at_k(n, 0, k) == maj_at_k(["a"] * n, k) == g_pass_at_k(n, 0, k, 0.0) == 0.0
    assert pass_at_k(n, c, n) == float(c > 0) and g_pass_at_k(n, c, n, 1.0) == float(c == n)
    assert pass_at_k(n, c, k) <= pass_at_k(n, min(c + 1, n), k) and pass_at_k(n, c, k) >= pass_at_k(n, c, 1)
    votes: list[str | None] = [RIGHT] * c + ["a"] * (n - c)
    # Of n votes for two answers, more than half win, and a tie is shared.
    assert maj_at_k(votes, n) == (1.0 if 2 * c > n else 0.5 if 2 * c == n else 0.0)
    assert maj_at_k(votes, 1) == pytest.approx(c / n)


@given(st.integers(1, 5))
def test_a_tie_of_m_answers_is_worth_one_of_m(m: int) -> None:
    votes = [RIGHT, *map(str, range(m - 1))]
    assert maj_at_k(votes, m) == pytest.approx(1 / m)
    assert maj_at_k(votes * 2, 2 * m) == pytest.approx(1 / m)


@given(REWARDS, st.integers(1, 4))
def test_means_over_problems_in_the_obvious_way(rewards: list[list[float]], k: int) -> None:
    right = [[x == 1.0 for x in r] for r in rewards]
    means = [sum(r) / len(r) for r in rewards if r]
    passes = [statistics.fmean(any(s) for s in itertools.combinations(r, k)) for r in right if len(r) >= k]
    strict = [statistics.fmean(sum(s) >= k * 0.75 for s in itertools.combinations(r, k)) for r in right if len(r) >= k]
    votes: list[list[str | None]] = [[RIGHT if x == 1.0 else "a" if x else None for x in r] for r in rewards]
    wins = [statistics.fmean(map(_majority, itertools.combinations(v, k))) for v in votes if len(v) >= k]
    for found, slow in (
        (avg_at_k(rewards), means),
        (mean_pass_at_k(rewards, k), passes),
        (mean_g_pass_at_k(rewards, k, 0.75), strict),
        (mean_maj_at_k(votes, k), wins),
    ):
        assert found == pytest.approx(statistics.fmean(slow)) if slow else math.isnan(found)


def _majority(votes: tuple[str | None, ...]) -> float:
    counts = Counter(v for v in votes if v is not None)
    best = [v for v, n in counts.items() if n == max(counts.values())]
    return float(RIGHT in best) / len(best) if best else 0.0


@given(REWARDS)
def test_errors_and_intervals_in_the_obvious_way(rewards: list[list[float]]) -> None:
    judged = [r for r in rewards if r]
    means = np.array([np.mean(r) for r in judged])
    if len(judged) > 1:
        assert standard_error(rewards) == pytest.approx(float(means.std(ddof=1)) / math.sqrt(len(judged)))
    spreads = [np.var(r, ddof=1) / len(r) for r in judged if len(r) > 1]
    if spreads:
        assert sampling_error(rewards) == pytest.approx(math.sqrt(sum(spreads)) / len(spreads))
    low, high = mean_interval(rewards)
    assert 0.0 <= low <= high <= 1.0
    if judged:
        assert low - 1e-9 <= avg_at_k(rewards) <= high + 1e-9
        # What is right for one is wrong for the other: the intervals of shares and of their complements mirror.
        mirrored = mean_interval([[1.0 - x for x in r] for r in rewards])
        assert mirrored == pytest.approx((1.0 - high, 1.0 - low), abs=1e-9)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([0.0, 0.25, 1.0])), min_size=1, max_size=9)
)
def test_pairs_turned_round_say_the_same(pairs: list[tuple[float, float]]) -> None:
    a, b = (list(side) for side in zip(*pairs, strict=True))
    there, back = paired(a, b), paired(b, a)
    assert there.difference == pytest.approx(-back.difference) and there.p_value == pytest.approx(back.p_value)
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))
    assert (there.better, there.worse) == (back.worse, back.better)
    assert paired(a, a).p_value == 1.0 and paired(a, a).difference == 0.0
    assert 0.0 < sign_flip_p([y - x for x, y in pairs]) <= 1.0
