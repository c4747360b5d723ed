"""Scores of repeated samples: avg@k, unbiased pass@k and intervals that respect the problems.

Rewards come problem by problem: `rewards[i]` holds those of problem i's *judged* samples. A sample
that could not be judged is in neither numerator nor denominator; a problem without any judged sample is
left out whole. The callers count both.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

#: The 97.5 % point of the normal distribution.
Z95 = 1.959963984540054


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


def standard_error(rewards: Sequence[Sequence[float]]) -> float:
    """The standard error of `avg_at_k`, clustered by problem: the spread of the problems' means over sqrt(n).

    Samples of one problem are not independent, so they count as one observation. NaN below two problems.
    """
    means = problem_means(rewards)
    return statistics.stdev(means) / math.sqrt(len(means)) if len(means) > 1 else math.nan


def mean_interval(rewards: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The 95 % interval of `avg_at_k` for rewards in 0..1: Wilson's, with the effective number of observations.

    With one binary sample a problem it is exactly Wilson's interval for n problems. With several
    samples the number of observations is p (1 - p) / SE^2 with the SE clustered by problem: at least the
    number of problems, at most that of samples (Korn and Graubard, 1998, use the same device for surveys). Unlike
    p +- 1.96 SE it stays in 0..1 and keeps a width where all samples agree. (0, 1) without a sample.
    """
    judged = [samples for samples in rewards if samples]
    if not judged:
        return 0.0, 1.0
    p = avg_at_k(judged)
    problems, total = len(judged), sum(map(len, judged))
    spread, error = p * (1.0 - p), standard_error(judged)
    effective = float(problems)
    if spread > 0.0 and problems > 1:
        effective = min(max(spread / error**2, problems), total) if error > 0.0 else float(total)
    return wilson(p, effective)


def wilson(p: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a rate `p` seen in `n` observations (Wilson, 1927)."""
    center = (p + z * z / (2.0 * n)) / (1.0 + z * z / n)
    half = z * math.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / (1.0 + z * z / n)
    return max(0.0, center - half), min(1.0, center + half)


def pass_ks(samples: int) -> tuple[int, ...]:
    """The k that are reported for so many samples: powers of two, and the number itself."""
    powers = [2**i for i in range(samples.bit_length()) if 2**i < samples]
    return (*powers, samples)
