"""How many 95 % intervals of an evaluation hold the truth, and how many of the textbook's p +- 1.96 SE would.

    python tests/bench/coverage.py [--draws 2000]

Problems' rates come from seven Beta populations, samples are drawn by each problem's rate, and the truth is the
population's mean. Writes results_coverage.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from rlvr.eval.intervals import mean_interval, standard_error_of

POPULATIONS = ((1.0, 1.0), (0.5, 0.5), (0.3, 1.2), (2.0, 6.0), (4.0, 1.0), (0.5, 4.5), (5.0, 5.0))


def coverage(problems: int, samples: int, a: float, b: float, draws: int) -> tuple[float, float]:
    """The shares of `mean_interval`'s and of the normal intervals that hold a / (a + b)."""
    rng = np.random.default_rng([problems, samples, int(100 * a), int(100 * b)])
    truth, ours, normal = a / (a + b), 0, 0
    for _ in range(draws):
        right = rng.binomial(samples, rng.beta(a, b, problems))
        low, high = mean_interval([[1.0] * int(c) + [0.0] * int(samples - c) for c in right])
        ours += low <= truth <= high
        means = (right / samples).tolist()
        normal += abs(sum(means) / problems - truth) <= 1.959964 * standard_error_of(means)
    return ours / draws, normal / draws


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    rows = []
    for problems in (30, 500):
        for samples in (1, 4, 64):
            for a, b in POPULATIONS:
                ours, normal = coverage(problems, samples, a, b, draws)
                rows.append({"problems": problems, "samples": samples, "beta": [a, b], "ours": ours, "normal": normal})
                print(f"{problems:4d} problems  k={samples:2d}  Beta({a:g}, {b:g})  {ours:.3f}  (normal {normal:.3f})")
    least, most = min(r["ours"] for r in rows), max(r["ours"] for r in rows)
    print(f"from {least:.3f} to {most:.3f}; normal from {min(r['normal'] for r in rows):.3f}")
    out = Path(__file__).with_name("results_coverage.json")
    out.write_text(json.dumps({"draws": draws, "least": least, "most": most, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
