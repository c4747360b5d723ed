"""Scores of repeated samples: avg@k, unbiased pass@k, G-Pass@k, maj@k. Their intervals are in `intervals`.

Rewards come problem by problem: `rewards[i]` holds those of problem i's *judged* samples. A sample
that could not be judged is in neither numerator nor denominator; a problem without any judged sample is
left out whole. The callers count both.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """A score in 0..1 with its 95 % interval."""

    value: float
    interval: tuple[float, float]


def avg_at_k(rewards: Sequence[Sequence[float]]) -> float:
    """The mean over problems of the mean over a problem's samples; an estimate of pass@1. NaN without samples."""
    means = problem_means(rewards)
    return statistics.fmean(means) if means else math.nan


def problem_means(rewards: Sequence[Sequence[float]]) -> list[float]:
    """The mean reward of each problem that has a judged sample."""
    return [statistics.fmean(samples) for samples in rewards if samples]


def pass_at_k(samples: int, correct: int, k: int) -> float:
    r"""The chance that at least one of k samples is right, unbiased, from `correct` right ones of `samples` >= k.

    $1 - \binom{n-c}{k} / \binom{n}{k} = 1 - \prod_{i=n-c+1}^{n} (1 - k/i)$ (Chen et al., 2021, arXiv:2107.03374).
    """
    if not 1 <= k <= samples or not 0 <= correct <= samples:
        raise ValueError(f"pass@{k} needs 1 <= k <= samples and 0 <= correct <= samples, not {correct} of {samples}")
    if samples - correct < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(samples - correct + 1, samples + 1))


def mean_pass_at_k(rewards: Sequence[Sequence[float]], k: int) -> float:
    """The mean unbiased pass@k over the problems with at least k judged samples; NaN where there is none.

    Right means reward 1; a partial reward is not a pass.
    """
    values = [pass_at_k(len(r), sum(x == 1.0 for x in r), k) for r in rewards if len(r) >= k]
    return statistics.fmean(values) if values else math.nan


def g_pass_at_k(samples: int, correct: int, k: int, threshold: float) -> float:
    r"""The chance that at least `threshold` of k samples are right, and at least one: G-Pass@k.

    $\sum_{j=\max(1,\lceil \tau k \rceil)}^{c} \binom{c}{j}\binom{n-c}{k-j} / \binom{n}{k}$ (Liu et al., 2024,
    arXiv:2412.13147). Threshold 0 is pass@k, 1 the chance that all k are right.
    """
    if not 1 <= k <= samples or not 0 <= correct <= samples or not 0.0 <= threshold <= 1.0:
        raise ValueError(f"G-Pass@{k} needs 1 <= k <= samples and a threshold in 0..1, not {samples} and {threshold}")
    least = max(1, math.ceil(threshold * k - 1e-9))
    ways = sum(math.comb(correct, j) * math.comb(samples - correct, k - j) for j in range(least, min(correct, k) + 1))
    return ways / math.comb(samples, k)


def m_g_pass_at_k(samples: int, correct: int, k: int) -> float:
    r"""The mean of G-Pass@k over thresholds i/k above one half: $\frac{2}{k} \sum_{i=\lceil k/2 \rceil + 1}^{k}$."""
    steps = range(math.ceil(0.5 * k) + 1, k + 1)
    return 2.0 / k * math.fsum(g_pass_at_k(samples, correct, k, i / k) for i in steps)


def mean_g_pass_at_k(rewards: Sequence[Sequence[float]], k: int, threshold: float) -> float:
    """The mean G-Pass@k over the problems with at least k judged samples; NaN where there is none."""
    values = [g_pass_at_k(len(r), sum(x == 1.0 for x in r), k, threshold) for r in rewards if len(r) >= k]
    return statistics.fmean(values) if values else math.nan


#: The vote of a right sample: however it was written, its answer is the reference.
RIGHT = "\0right"


def maj_at_k(votes: Sequence[str | None], k: int) -> float:
    """The chance that the answer with most votes of k samples is right, over all choices of k; ties are shared.

    `votes` are the samples' answers: `RIGHT` where right, None where there was none (it votes for nothing). Exact:
    for every number j of right votes it counts the choices in which t other answers have j votes and none more,
    and each is worth 1 / (1 + t) (self-consistency: Wang et al., 2022, arXiv:2203.11171).
    """
    if not 1 <= k <= len(votes):
        raise ValueError(f"maj@{k} needs 1 <= k <= samples, not {len(votes)}")
    counts = Counter(votes)
    silent, right = counts.pop(None, 0), counts.pop(RIGHT, 0)
    total = 0.0
    for j in range(1, min(right, k) + 1):
        # (votes taken by the other answers, answers that tie with j) -> number of ways
        ways: dict[tuple[int, int], int] = {(i, 0): math.comb(silent, i) for i in range(min(silent, k - j) + 1)}
        for count in counts.values():
            wider: dict[tuple[int, int], int] = defaultdict(int)
            for (taken, tied), number in ways.items():
                for i in range(min(count, j, k - j - taken) + 1):
                    wider[taken + i, tied + (i == j)] += number * math.comb(count, i)
            ways = wider
        total += math.comb(right, j) * math.fsum(n / (1 + tied) for (taken, tied), n in ways.items() if taken == k - j)
    return total / math.comb(len(votes), k)


def mean_maj_at_k(votes: Sequence[Sequence[str | None]], k: int) -> float:
    """The mean maj@k over the problems with at least k judged samples; NaN where there is none."""
    values = [maj_at_k(v, k) for v in votes if len(v) >= k]
    return statistics.fmean(values) if values else math.nan


def pass_ks(samples: int) -> tuple[int, ...]:
    """The k that are reported for so many samples: powers of two, and the number itself."""
    powers = [2**i for i in range(samples.bit_length()) if 2**i < samples]
    return (*powers, samples)
