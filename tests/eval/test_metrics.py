"""The metrics against arithmetic that stands in the comments, brute force and simulation."""

import itertools
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.eval.metrics import (
    RIGHT,
    avg_at_k,
    g_pass_at_k,
    m_g_pass_at_k,
    maj_at_k,
    mean_pass_at_k,
    pass_at_k,
    pass_ks,
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


def test_pass_ks() -> None:
    assert pass_ks(1) == (1,)
    assert pass_ks(4) == (1, 2, 4)
    assert pass_ks(6) == (1, 2, 4, 6)


def _subsets(votes: list, k: int):
    return list(itertools.combinations(votes, k))


def _majority(votes) -> float:
    """The obvious way: count, find the winners, share among them."""
    counts = Counter(v for v in votes if v is not None)
    winners = [v for v, n in counts.items() if n == max(counts.values())]
    return (RIGHT in winners) / len(winners) if winners else 0.0


VOTES = st.lists(st.sampled_from([RIGHT, "a", "b", "c", None]), min_size=1, max_size=8)


@given(VOTES, st.data())
def test_maj_at_k_is_the_mean_over_all_subsets(votes: list, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(votes)))
    chosen = _subsets(votes, k)
    assert maj_at_k(votes, k) == pytest.approx(sum(map(_majority, chosen)) / len(chosen), abs=1e-12)


@given(st.integers(1, 10), st.data())
def test_g_pass_at_k_is_the_mean_over_all_subsets(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    threshold = data.draw(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
    chosen = _subsets([1] * c + [0] * (n - c), k)
    slow = sum(sum(s) >= max(1, math.ceil(threshold * k)) for s in chosen) / len(chosen)
    assert g_pass_at_k(n, c, k, threshold) == pytest.approx(slow, abs=1e-12)
    assert g_pass_at_k(n, c, k, 0.0) == pytest.approx(pass_at_k(n, c, k), abs=1e-12)
    assert pass_at_k(n, c, 1) == pytest.approx(c / n)


def test_maj_at_k_by_hand() -> None:
    # two of four right, one "a", one silent; pairs: RR 1, Ra (x2) a tie 1/2, R- (x2) 1, a- 0 -> (1 + 1 + 2) / 6
    assert maj_at_k([RIGHT, "a", RIGHT, None], 2) == pytest.approx(4 / 6)
    assert maj_at_k([None, None], 2) == 0.0 and maj_at_k([RIGHT] * 3, 3) == 1.0 and maj_at_k(["a"] * 3, 3) == 0.0
    assert maj_at_k([RIGHT, "a", "b"], 3) == pytest.approx(1 / 3)  # all tie


def test_m_g_pass_by_hand() -> None:
    # k = 4: thresholds 3/4 and 4/4. n = 4, c = 3: G-Pass@4 is 1 and 0, so 2/4 (1 + 0)
    assert m_g_pass_at_k(4, 3, 4) == pytest.approx(0.5)
    assert m_g_pass_at_k(8, 8, 8) == 1.0 and m_g_pass_at_k(8, 0, 8) == 0.0


def test_maj_of_64_samples_is_quick() -> None:
    votes = [RIGHT] * 20 + [None] * 4 + [str(i % 20) for i in range(40)]
    assert maj_at_k(votes, 64) == 1.0 and 0.3 < maj_at_k(votes, 16) < 1.0
