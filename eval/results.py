"""What an evaluation measured: one `Sample` for each completion, one `SuiteResult` for each suite.

An evaluation's folder holds `records.jsonl` (`records.py`), `manifest.json` (`manifest.py`: what was evaluated, where,
how long it took) and `results.json`, which holds no time, so that an interrupted evaluation ends with the same bytes:

    {"format": 1, "model": path, "weights": hash, "notes": [what a reader should know of all of it],
     "suites": {name: {..., the fields of SuiteResult but seconds, "unjudged", "shares", "notes",
                       "rewards": {prompt id: [one a sample, null where it could not be judged]}}},
     "mean": null, or over all suites (`across.py`) {"suites": [name], "accuracy", "interval"}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rlvr.core import FinishReason, Verdict

from . import intervals, metrics
from .metrics import Score
from .suites import Suite

#: Shares of k samples that G-Pass@k asks to be right, and what it is reported as.
THRESHOLDS = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Sample:
    """The judged completion number `index` of one problem, without its text."""

    prompt_id: str
    index: int
    verdict: Verdict
    num_tokens: int
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The scores of one suite.

    `accuracy` is avg@k: the share of correct (reward 1) completions, averaged within and then over
    problems; `interval` its 95 % interval; `standard_error` is clustered by problem, `sampling_error` the part of it
    that more samples would remove; `reward` is avg@k with partial rewards; `pass_at_k` the unbiased estimates by k,
    `maj_at_k` those of a majority vote, `g_pass_at_k` by `k@threshold`. `truncated`, `no_answer`, `timeouts` and
    `errors` count samples; the last two could not be judged and are in no score. `unjudged_problems` have no judged
    sample at all. `scores` are what the suite is also reported by, by name. `rewards` are those of each problem's
    samples in order, None where one could not be judged.
    """

    suite: str
    version: int
    problems: int
    samples: int
    accuracy: float
    interval: tuple[float, float]
    reward: float
    pass_at_k: Mapping[int, float]
    maj_at_k: Mapping[int, float]
    g_pass_at_k: Mapping[str, float]
    standard_error: float
    sampling_error: float
    truncated: int
    no_answer: int
    timeouts: int
    errors: int
    unjudged_problems: int
    mean_tokens: float
    seconds: float
    fingerprint: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Score] = field(default_factory=dict)
    rewards: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)

    @property
    def unjudged(self) -> int:
        """Samples that could not be judged."""
        return self.timeouts + self.errors

    @property
    def total(self) -> int:
        """All samples, judged or not."""
        return self.problems * self.samples

    @property
    def shares(self) -> dict[str, float]:
        """What weakens the scores, as shares of all samples."""
        counts = {"truncated": self.truncated, "no_answer": self.no_answer, "unjudged": self.unjudged}
        return {name: count / self.total for name, count in counts.items()}

    def metrics(self) -> dict[str, float]:
        """The scores by path, such as `eval/gsm8k/accuracy`. Rates are shares of all samples."""
        values = {
            "accuracy": self.accuracy,
            "accuracy_low": self.interval[0],
            "accuracy_high": self.interval[1],
            "reward_mean": self.reward,
            **{f"{name}_rate": share for name, share in self.shares.items()},
            "tokens_mean": self.mean_tokens,
            "seconds": self.seconds,
            **{f"pass_at_{k}": value for k, value in self.pass_at_k.items()},
            **{f"maj_at_{k}": value for k, value in self.maj_at_k.items() if k > 1},
            **{name: score.value for name, score in self.scores.items()},
        }
        return {f"eval/{self.suite}/{key}": float(value) for key, value in values.items()}


def summarise(
    suite: Suite,
    problems: Sequence[Sequence[Sample]],
    *,
    samples: int,
    seconds: float,
    fingerprint: str = "",
    settings: Mapping[str, Any] | None = None,
) -> SuiteResult:
    """The result of a suite from the samples of its problems, one sequence a problem."""
    everything = [sample for problem in problems for sample in problem]
    verdicts = [[s.verdict for s in problem if s.verdict.judged] for problem in problems]
    rewards = [[v.reward for v in problem if v.reward is not None] for problem in verdicts]
    correct = [[float(reward == 1.0) for reward in problem] for problem in rewards]
    votes = [[_vote(verdict) for verdict in problem] for problem in verdicts]
    statuses = [sample.verdict.status for sample in everything]
    return SuiteResult(
        suite=suite.name,
        version=suite.version,
        problems=len(problems),
        samples=samples,
        accuracy=metrics.avg_at_k(correct),
        interval=intervals.mean_interval(correct),
        reward=metrics.avg_at_k(rewards),
        pass_at_k={k: metrics.mean_pass_at_k(rewards, k) for k in metrics.pass_ks(samples)},
        maj_at_k={k: metrics.mean_maj_at_k(votes, k) for k in metrics.pass_ks(samples)},
        g_pass_at_k={f"{samples}@{t:g}": metrics.mean_g_pass_at_k(rewards, samples, t) for t in THRESHOLDS},
        standard_error=intervals.standard_error(correct),
        sampling_error=intervals.sampling_error(correct),
        truncated=sum(sample.finish_reason == "length" for sample in everything),
        no_answer=statuses.count("unparsable"),
        timeouts=statuses.count("timeout"),
        errors=statuses.count("error"),
        unjudged_problems=sum(not problem for problem in rewards),
        mean_tokens=sum(sample.num_tokens for sample in everything) / max(len(everything), 1),
        seconds=seconds,
        fingerprint=fingerprint,
        settings=dict(settings or {}),
        scores={} if suite.scores is None else suite.scores(verdicts),
        rewards={problem[0].prompt_id: tuple(s.verdict.reward for s in problem) for problem in problems},
    )


def _vote(verdict: Verdict) -> str | None:
    """What a judged sample says to a majority: all right answers are one, however they are written."""
    return metrics.RIGHT if verdict.reward == 1.0 else verdict.answer
