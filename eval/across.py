"""The mean over suites: one number of several, with an interval that pays for each of them.

Every suite's headline is its accuracy, the share of right completions averaged within and then over its problems
(avg@k), so the mean is one of like numbers, and every suite weighs the same, however many problems it has.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .intervals import interval_of_mean


@dataclass(frozen=True, slots=True)
class SuiteMean:
    """The unweighted mean of the accuracies of `suites`, and its 95 % interval."""

    suites: tuple[str, ...]
    accuracy: float
    interval: tuple[float, float]


def mean_over_suites(suites: Sequence[Mapping[str, Any]]) -> tuple[SuiteMean | None, str | None]:
    """The mean over suites, given by their fields in `results.json`, or else why there is none.

    Neither for one suite: its accuracy is there already. A reason, where suites ask the same problems (their errors
    would not be independent) or one has no judged sample.
    """
    names = tuple(str(fields["suite"]) for fields in suites)
    if len(names) < 2:
        return None, None
    if unscored := [fields["suite"] for fields in suites if fields["accuracy"] is None]:
        return None, f"no mean over the suites: nothing of {', '.join(unscored)} could be judged."
    if alike := sharing({fields["suite"]: fields["rewards"] for fields in suites}):
        return None, _not_independent(alike)
    scores = [float(fields["accuracy"]) for fields in suites]
    interval = interval_of_mean(scores, [fields["interval"] for fields in suites])
    return SuiteMean(names, statistics.fmean(scores), interval), None


def sharing(problems: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    """Two suites that ask the same problem, from the problems of each by id; None where there are no two."""
    owner: dict[str, str] = {}
    for suite, ids in problems.items():
        for problem in ids:
            if (other := owner.setdefault(problem, suite)) != suite:
                return other, suite
    return None


def _not_independent(pair: tuple[str, str]) -> str:
    return f"no mean over the suites: {' and '.join(pair)} ask the same problems, so their scores are not independent."
