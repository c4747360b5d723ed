"""How many 95 % intervals of an evaluation, and of the difference between two, hold the truth.

    python tests/bench/coverage.py [--draws 20000] [--only suites]

Problems' rates come from seven Beta populations, samples are drawn by each problem's rate, and the truth is the
population's mean. With one sample a problem the number of right answers is binomial, so that the coverage is also a sum
over all numbers of them, without a draw. Two checkpoints share nine problems of ten's rates, and the second is the
better one by a stated lift. Beside each stands what the textbook's p +- 1.96 SE holds. Then how many intervals of a
mean over suites hold the mean of their populations. Writes results_coverage.json; with `--only suites` that part alone
is measured anew.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rlvr.eval.intervals import difference_interval, interval_of_mean, mean_interval, standard_error_of

POPULATIONS = ((1.0, 1.0), (0.5, 0.5), (0.3, 1.2), (2.0, 6.0), (4.0, 1.0), (0.5, 4.5), (5.0, 5.0))
LIFTS = (0.0, 0.05, 0.3)
#: Several suites, each (problems, samples, a, b): alike, of very different sizes and rates, and near 0 and 1.
SUITES = (
    ((30, 1, 1.0, 1.0),) * 2,
    ((30, 4, 0.3, 1.2),) * 2,
    ((200, 1, 2.0, 1.0), (30, 4, 0.3, 2.0), (40, 4, 1.0, 1.0), (272, 1, 1.0, 2.0), (100, 1, 2.0, 2.0)),
    ((300, 1, 9.0, 1.0), (30, 16, 0.1, 3.0)),
    ((30, 4, 0.3, 0.7),) * 8,
    ((100, 1, 9.0, 0.3),) * 8,
    ((30, 1, 0.3, 9.0),) * 8,
    ((200, 1, 0.1, 9.9),) * 3,
)


def rewards(right: np.ndarray, samples: int) -> list[list[float]]:
    """The rewards of problems with so many right samples each."""
    return [[1.0] * int(c) + [0.0] * int(samples - c) for c in right]


def coverage(problems: int, samples: int, a: float, b: float, draws: int) -> tuple[float, float]:
    """The shares of `mean_interval`'s and of the normal intervals that hold a / (a + b)."""
    rng = np.random.default_rng([problems, samples, int(100 * a), int(100 * b)])
    truth, ours, normal = a / (a + b), 0, 0
    for _ in range(draws):
        right = rng.binomial(samples, rng.beta(a, b, problems))
        low, high = mean_interval(rewards(right, samples))
        ours += low <= truth <= high
        means = (right / samples).tolist()
        normal += abs(sum(means) / problems - truth) <= 1.959964 * standard_error_of(means)
    return ours / draws, normal / draws


def exact(problems: int, truth: float) -> float:
    """The chance that `mean_interval` holds the truth with one sample a problem: a sum over the binomial numbers."""
    covered = 0.0
    for right in range(problems + 1):
        low, high = mean_interval([[1.0]] * right + [[0.0]] * (problems - right))
        if low <= truth <= high:
            covered += math.comb(problems, right) * truth**right * (1.0 - truth) ** (problems - right)
    return covered


def paired_coverage(problems: int, samples: int, a: float, b: float, lift: float, draws: int) -> float:
    """The share of `difference_interval`s that hold the true difference: the second fails 1 - lift as often."""
    rng = np.random.default_rng([problems, samples, int(100 * a), int(100 * b), int(100 * lift)])
    truth, covered = lift * b / (a + b), 0
    for _ in range(draws):
        first, fresh = rng.beta(a, b, (2, problems))
        second = np.where(rng.random(problems) < 0.9, first, fresh)
        rates = first, second + lift * (1.0 - second)
        before, after = (rng.binomial(samples, rate) / samples for rate in rates)
        low, high = difference_interval((after - before).tolist())
        covered += low <= truth + 1e-12 and truth - 1e-12 <= high
    return covered / draws


def suites_coverage(suites: Sequence[tuple[int, int, float, float]], draws: int) -> float:
    """The share of `interval_of_mean`s that hold the mean of the suites' a / (a + b)."""
    rng = np.random.default_rng([len(suites), *(int(100 * x) for x in suites[0])])
    truth, covered = math.fsum(a / (a + b) for *_, a, b in suites) / len(suites), 0
    for _ in range(draws):
        rates, intervals = [], []
        for problems, samples, a, b in suites:
            right = rng.binomial(samples, rng.beta(a, b, problems))
            rates.append(float(right.mean()) / samples)
            intervals.append(mean_interval(rewards(right, samples)))
        low, high = interval_of_mean(rates, intervals)
        covered += low <= truth <= high
    return covered / draws


def measured(draws: int) -> Iterator[dict[str, Any]]:
    for problems in (30, 500):
        for samples in (1, 4, 64):
            for a, b in POPULATIONS:
                ours, normal = coverage(problems, samples, a, b, draws)
                row: dict[str, Any] = {"problems": problems, "samples": samples, "beta": [a, b], "ours": ours}
                if samples == 1:
                    row["exact"] = round(exact(problems, a / (a + b)), 5)
                row |= {"normal": normal, "paired": [paired_coverage(problems, samples, a, b, x, draws) for x in LIFTS]}
                print(json.dumps(row), flush=True)
                yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--only", choices=["suites"])
    given = parser.parse_args()
    draws, out = given.draws, Path(__file__).with_name("results_coverage.json")
    rows: list[dict[str, Any]] = list(measured(draws)) if given.only is None else json.loads(out.read_text())["rows"]
    held = [suites_coverage(suites, draws // 10) for suites in SUITES]
    means = [{"suites": suites, "covered": share} for suites, share in zip(SUITES, held, strict=True)]
    spans = {
        name: [min(values), max(values)]
        for name in ("ours", "exact", "normal", "paired")
        if (values := [v for row in rows if name in row for v in np.ravel(row[name]).tolist()])
    }
    spans["means"] = [min(held), max(held)]
    print(spans)
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    head = json.dumps({"draws": draws, "lifts": LIFTS, "least_and_most": spans})[:-1]
    below = ",\n  ".join(map(json.dumps, means))
    out.write_text(f'{head},\n "rows": [\n  {lines}\n ],\n "means_over_suites": [\n  {below}\n ]}}\n')


if __name__ == "__main__":
    main()
