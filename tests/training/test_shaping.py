"""Shaping: each term by hand, their sum, and that the outcome stays apart."""

from __future__ import annotations

import math
from typing import Any

import pytest

from rlvr.core import Completion, Group, Rollout, Span, Verdict
from rlvr.training.observe import rollout_metrics
from rlvr.training.shaping import Shaping, overlong, relative_lengths, repetition
from tests.tiny import prompt

LIMIT = 10
FORM = "<think>2 + 3</think><answer>5</answer>"


def completion(length: int, text: str = "x", finish: Any = "stop") -> Completion:
    return Completion((Span("sampled", tuple(range(length)), (-1.0,) * length),), text, finish, prompt_ids=(1,))


def shaped(shaping: Shaping, *pairs: tuple[Completion, Verdict], scores: Any = None) -> tuple[Rollout, ...]:
    completions, verdicts = [c for c, _ in pairs], [v for _, v in pairs]
    return shaping.rollouts(completions, verdicts, scores or [None] * len(pairs), LIMIT)


def only(shaping: Shaping, made: Completion, verdict: Verdict, score: float | None = None) -> float | None:
    return shaped(shaping, (made, verdict), scores=[score])[0].shaped


RIGHT, WRONG, LOST = Verdict.of(1.0), Verdict.of(0.0), Verdict(None, "timeout")


@pytest.mark.parametrize(
    "length, penalty",
    # Limit 10, buffer 4: nothing up to 6, then a quarter a token, and no more than 1 at the limit.
    [(0, 0.0), (6, 0.0), (7, -0.25), (8, -0.5), (9, -0.75), (10, -1.0), (12, -1.0)],
)
def test_the_overlong_penalty_falls_in_a_straight_line(length: int, penalty: float) -> None:
    assert overlong(length, max_tokens=10, buffer=4) == penalty
    assert overlong(length, max_tokens=10, buffer=0) == 0.0


@pytest.mark.parametrize(
    ("tokens", "ngram", "penalty"),
    [
        ([1, 2, 3, 4], 2, 0.0),
        ([1, 2, 1, 2, 1, 2], 2, -0.6),  # 12 21 12 21 12: two of five are new
        ([7] * 11, 2, -0.9),  # one of ten
        ([1, 2, 1, 2], 3, 0.0),
        ([1, 2], 3, 0.0),  # too short for one
        ([], 2, 0.0),
        ([5, 5, 5], 0, 0.0),  # off
        ([5, 5, 5, 5], 1, -0.75),
    ],
)
def test_repetition_is_the_share_of_runs_that_stood_before(tokens: list[int], ngram: int, penalty: float) -> None:
    assert repetition(tokens, ngram) == pytest.approx(penalty)


def test_relative_lengths_by_hand() -> None:
    """1/2 - (length - 2) / (8 - 2), and no more than 0 where it is wrong."""
    group = [(completion(2), RIGHT), (completion(4), WRONG), (completion(5), RIGHT), (completion(8), RIGHT),
             (completion(8), WRONG), (completion(2), WRONG), (completion(1), LOST)]  # fmt: skip
    found = relative_lengths([c for c, _ in group], [v for _, v in group])
    assert found == pytest.approx([0.5, 0.0, 0.0, -0.5, -0.5, 0.0, 0.0])
    same = [completion(3), completion(3)]
    assert relative_lengths(same, [RIGHT, WRONG]) == [0.0, 0.0]
    assert relative_lengths(same, [LOST, LOST]) == [0.0, 0.0]


def test_the_terms_add_up_and_keep_their_names() -> None:
    shaping = Shaping(
        verdict_weight=2.0, model_weight=0.5, format="think_answer", format_weight=0.25, overlong_buffer=4,
        overlong_penalty=0.5, repetition_ngram=2, repetition_penalty=1.0, length_weight=1.0,
    )  # fmt: skip
    repeats = Completion((Span("sampled", (7,) * 8, (-1.0,) * 8),), FORM)
    first, second = shaped(shaping, (repeats, RIGHT), (completion(4), WRONG), scores=[3.0, -1.0])
    assert first.terms == pytest.approx(
        {"verdict": 2.0, "model": 1.5, "format": 0.25, "overlong": -0.25, "repetition": 1 / 7 - 1, "length": -0.5}
    )
    assert first.shaped == pytest.approx(sum(first.terms.values()))
    # Wrong, and the shorter of the two: no plus for that.
    assert second.terms == {
        "verdict": 0.0,
        "model": -0.5,
        "format": 0.0,
        "overlong": 0.0,
        "repetition": 0.0,
        "length": 0.0,
    }
    assert (first.verdict.reward, second.verdict.reward) == (1.0, 0.0)
    found = rollout_metrics([Group(prompt("p"), (first, second))])
    assert found["term/model"] == pytest.approx(0.5) and found["term/length"] == pytest.approx(-0.25)
    assert found["reward/mean"] == 0.5 and found["reward/shaped_mean"] == pytest.approx(((first.shaped or 0) - 0.5) / 2)


def test_without_settings_shaped_is_the_reward() -> None:
    (made,) = shaped(Shaping(), (completion(10, FORM), Verdict.of(0.25)))
    assert made.shaped == 0.25 and made.terms == {"verdict": 0.25}
    assert not any(name.startswith("term/") for name in rollout_metrics([Group(prompt("p"), (made,))]))


def test_a_term_that_is_not_known_leaves_no_number() -> None:
    alone = Shaping(verdict_weight=0.0)
    assert only(alone, completion(1), LOST, 1.5) == 1.5  # a verdict that does not count may be missing
    assert only(Shaping(), completion(1), LOST, 1.5) is None
    assert only(alone, completion(1), LOST, math.nan) is None
    assert only(Shaping(format="boxed"), completion(1), LOST) is None
    assert only(Shaping(), completion(0, "", "aborted"), RIGHT) is None
    assert shaped(Shaping(), (completion(1), LOST))[0].terms == {}
