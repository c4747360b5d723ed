"""Warnings that name the disease: a table of rules over a run's metrics.

Each rule looks at the first and at the latest lines of `metrics.jsonl` (means over `WINDOW` iterations, so that one
odd batch warns of nothing) and says a sentence, or nothing. What is a disease and what is success look alike in one
number: entropy also falls, and answers also repeat, because the task is solved. So rules look at the reward too.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

#: Iterations whose mean stands for "at the start" and for "now".
WINDOW = 3


@dataclass(frozen=True, slots=True)
class Symptom:
    """What a rule found: its name and a sentence with the figures and the next step."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Course:
    """A run so far: its first and its latest lines."""

    first: list[Mapping[str, float]]
    latest: list[Mapping[str, float]]
    length: int

    def start(self, name: str) -> float | None:
        return _mean(self.first, name)

    def now(self, name: str) -> float | None:
        return _mean(self.latest, name)

    def both(self, name: str) -> tuple[float, float] | None:
        """The mean at the start and now; None before the two windows are apart, or where it is not measured."""
        start, now = self.start(name), self.now(name)
        return None if self.length < 2 * WINDOW or start is None or now is None else (start, now)

    @property
    def names(self) -> set[str]:
        return set(self.latest[-1]) if self.latest else set()


def _mean(rows: Iterable[Mapping[str, float]], name: str) -> float | None:
    values = [row[name] for row in rows if name in row and math.isfinite(row[name])]
    return fmean(values) if values else None


def _reward(course: Course) -> float:
    return course.now("reward/mean") or 0.0


def entropy_collapse(course: Course) -> str | None:
    pair = course.both("policy/entropy")
    if (
        pair is None
        or "reward/mean" not in course.names
        or pair[0] <= 0
        or pair[1] > 0.05 * pair[0]
        or _reward(course) >= 0.9
    ):
        return None
    return (
        f"entropy fell from {pair[0]:.3g} to {pair[1]:.3g} nats while the reward is {_reward(course):.2f}: the policy "
        "has stopped exploring. Raise clip_high or entropy_coef, lower train.lr, or begin at an earlier checkpoint."
    )


def length_explosion(course: Course) -> str | None:
    lengths, rewards = course.both("tokens/completion_mean"), course.both("reward/mean")
    if lengths is None or rewards is None or lengths[1] < 3 * lengths[0] or rewards[1] > rewards[0] + 0.1:
        return None
    return (
        f"completions grew from {lengths[0]:.0f} to {lengths[1]:.0f} tokens, the reward did not ({rewards[0]:.2f} to "
        f"{rewards[1]:.2f}). Look at them (rlvr view); try algorithm=dr_grpo, or reward.overlong_buffer."
    )


def all_groups_dead(course: Course) -> str | None:
    if course.length < WINDOW or (course.now("group/zero_std_rate") or 0.0) < 1.0:
        return None
    solved = _reward(course) > 0.5
    why = "solved" if solved else "out of reach, or judged wrongly"
    step = "harder problems" if solved else "easier problems, another verifier, or sampling.dynamic_rounds"
    return (
        f"in the last {WINDOW} iterations all completions of each prompt earned the same (mean {_reward(course):.2f}): "
        f"nothing is learned. The problems are {why}; try {step}."
    )


def rising_truncation(course: Course) -> str | None:
    pair = course.both("tokens/truncated_rate")
    if pair is None or pair[1] < 0.25 or pair[1] < pair[0] + 0.2:
        return None
    return (
        f"{pair[1]:.0%} of the completions run into max_tokens, {pair[0]:.0%} did at the start: answers are cut off. "
        "Raise sampling.max_tokens, or set reward.overlong_buffer."
    )


def eos_never_sampled(course: Course) -> str | None:
    if course.length < WINDOW or (course.now("tokens/truncated_rate") or 0.0) < 0.995:
        return None
    return (
        f"no completion ended by itself in {WINDOW} iterations: all run into max_tokens. The end-of-text token is not "
        "learned, wrong in the checkpoint, or max_tokens is far too small. A base model needs a cold start "
        "(algorithm=sft) first."
    )


def rewarded_against_a_second_opinion(course: Course) -> str | None:
    rewards = course.both("reward/mean")
    if rewards is None or rewards[1] < rewards[0] + 0.1:
        return None
    others = [n for n in course.names if n.startswith("part/") or (n.startswith("eval/") and n.endswith("/accuracy"))]
    for name in sorted(others):
        pair = course.both(name)
        if pair is not None and pair[1] < pair[0] - 0.05:
            return (
                f"the reward rose from {rewards[0]:.2f} to {rewards[1]:.2f} while {name} fell from {pair[0]:.2f} to "
                f"{pair[1]:.2f}: the policy pleases the verifier and not the task. Read the rewarded completions."
            )
    return None


def format_reward_only(course: Course) -> str | None:
    if course.length < 2 * WINDOW:
        return None
    means = {name: course.now(name) or 0.0 for name in course.names}
    parts = {n: v for n, v in means.items() if n.startswith("part/")}
    form = {n: v for n, v in parts.items() if "format" in n}
    rest = {n: v for n, v in parts.items() if n not in form}
    if form and rest and max(form.values()) >= 0.5 and max(rest.values()) <= 0.05:
        paid, empty = max(form, key=lambda n: form[n]), ", ".join(sorted(rest))
        found = f"{paid} is {form[paid]:.2f}, {empty} at most {max(rest.values()):.2f}"
    elif "term/verdict" in means and means.get("term/format", 0.0) > 4.0 * means["term/verdict"]:
        found = f"term/format is {means['term/format']:.3f}, term/verdict {means['term/verdict']:.3f}"
    else:
        return None
    return (
        f"the reward is that of the form alone: {found}. Give the form less weight, or multiply by it instead of "
        "adding it."
    )


def kl_runaway(course: Course) -> str | None:
    step = course.now("policy/kl_old") or course.now("policy/kl")
    if course.length >= WINDOW and step is not None and step > 0.2:
        return (
            f"an iteration moves the policy by {step:.2g} nats a token: updates are too large. Lower train.lr or "
            "train.epochs, or set stop_kl (ppo)."
        )
    pair = course.both("policy/kl_reference")
    if pair is None or pair[1] < 0.5 or pair[1] < 5 * pair[0]:
        return None
    return (
        f"the KL to the reference is {pair[1]:.2g} nats a token and was {pair[0]:.2g}: the policy runs away from where "
        "it began. Raise kl_coef, lower train.lr."
    )


def engine_trainer_mismatch(course: Course) -> str | None:
    mean = course.now("mismatch/logprob_mean")
    if course.length < WINDOW or mean is None or mean < 0.05:
        return None
    return (
        f"engine and trainer disagree by {mean:.2g} nats a token on what was sampled: ratios are wrong. Weights did "
        "not arrive, the temperature differs, or the precision is low: rlvr check mismatch RECIPE."
    )


def verifier_errors(course: Course) -> str | None:
    rate = (course.now("verifier/error_rate") or 0.0) + (course.now("verifier/timeout_rate") or 0.0)
    if course.length < WINDOW or rate <= 0.01:
        return None
    return (
        f"{rate:.1%} of the completions could not be judged (errors and timeouts); they train nothing. The reasons: "
        "rlvr view, filter by status."
    )


def duplicated_completions(course: Course) -> str | None:
    rate = course.now("group/duplicate_rate")
    if course.length < WINDOW or rate is None or rate < max(0.5, _reward(course) + 0.15):  # right answers repeat
        return None
    return (
        f"{rate:.0%} of the completions repeat a sibling while the reward is {_reward(course):.2f}: groups "
        "carry little signal. Raise sampling.temperature; check that the engine's seeds differ."
    )


#: name -> rule. One sentence, or None.
RULES: dict[str, Callable[[Course], str | None]] = {
    rule.__name__: rule
    for rule in (
        entropy_collapse,
        length_explosion,
        all_groups_dead,
        rising_truncation,
        eos_never_sampled,
        rewarded_against_a_second_opinion,
        format_reward_only,
        kl_runaway,
        engine_trainer_mismatch,
        verifier_errors,
        duplicated_completions,
    )
}


class Watch:
    """Follows a run line by line and warns once of each disease; again only after it had gone."""

    def __init__(self) -> None:
        self._first: list[Mapping[str, float]] = []
        self._latest: deque[Mapping[str, float]] = deque(maxlen=WINDOW)
        self._length = 0
        self._ill: set[str] = set()

    def see(self, iteration: int, values: Mapping[str, float]) -> list[Symptom]:
        """The warnings that iteration's line brings; a line before the first iteration is an evaluation alone."""
        if iteration < 1:
            return []
        row = dict(values)
        self._length += 1
        if len(self._first) < WINDOW:
            self._first.append(row)
        self._latest.append(row)
        course = Course(self._first, list(self._latest), self._length)
        found = {name: text for name, rule in RULES.items() if (text := rule(course)) is not None}
        new = [Symptom(name, text) for name, text in found.items() if name not in self._ill]
        self._ill = set(found)
        return new


def diagnose(rows: Iterable[Mapping[str, float]]) -> list[tuple[int, Symptom]]:
    """All warnings of a run, by the iteration at which each came up."""
    watch = Watch()
    numbered = [row for row in rows if isinstance(row.get("iteration"), int)]
    return [(int(row["iteration"]), w) for row in numbered for w in watch.see(int(row["iteration"]), row)]
