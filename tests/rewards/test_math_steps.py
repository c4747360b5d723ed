"""Rewards on the way: each right line pays once, in order, where it ends."""

from __future__ import annotations

import dataclasses

import pytest

from rlvr.core import Completion, Prompt
from rlvr.data.chain import chain
from rlvr.rewards import Judge, math_steps

PROMPT = Prompt("p", (), "6", "math_steps", {"steps": ["d=3+5=8", "e=8*7=6"]})


def judged(text: str, **options: float) -> tuple[float | None, tuple[tuple[int, float], ...]]:
    verdict = math_steps(PROMPT, Completion.of_text(text), **options)
    return verdict.reward, verdict.steps


@pytest.mark.parametrize(
    "text, reward, ends",
    [
        ("d=3+5=8, e=8*7=6, \\boxed{6}", 1.0, [7, 16]),
        ("\\boxed{6}", 1.0, []),
        ("d=3+5=8, e=8*7=5, \\boxed{5}", 0.0, [7]),
        ("d=3+5=9, e=8*7=6, \\boxed{6}", 1.0, []),  # nothing after the first wrong line
        ("e=8*7=6, d=3+5=8, \\boxed{6}", 1.0, [16]),  # the second line before the first is none
        ("d=3+5=8, d=3+5=8, d=3+5=8, \\boxed{1}", 0.0, [7]),  # a line pays once
        ("d=3+5=81, e=8*7=6, \\boxed{6}", 1.0, []),
        ("cd=3+5=8, d=3+5=8. \\boxed{6}", 1.0, [17]),
        ("", 0.0, []),
    ],
)
def test_right_lines_pay_where_they_end(text: str, reward: float, ends: list[int]) -> None:
    assert judged(text) == (reward, tuple((end, 0.1) for end in ends))


def test_the_pay_is_an_option_and_the_share_a_part() -> None:
    assert judged("d=3+5=8", step_reward=0.25)[1] == ((7, 0.25),)
    assert math_steps(PROMPT, Completion.of_text("d=3+5=8")).parts == {"steps": 0.5}


@pytest.mark.parametrize("meta", [{}, {"steps": "d=3+5=8"}, {"steps": [1]}, {"steps": [""]}])
def test_without_lines_nothing_can_be_judged(meta: dict[str, object]) -> None:
    verdict = math_steps(dataclasses.replace(PROMPT, meta=meta), Completion.of_text("\\boxed{6}"))
    assert verdict.reward is None and verdict.status == "error"


def test_the_chain_task_writes_the_lines_and_the_judge_carries_them() -> None:
    prompt = dataclasses.replace(next(chain("train", min_ops=3, max_ops=3, count=1)), verifier="math_steps")
    lines = prompt.meta["steps"]
    assert len(lines) == 3
    text = f"{', '.join(lines)}, \\boxed{{{prompt.answer}}}"
    with Judge(workers=1) as judge:
        verdict = judge.submit(prompt, Completion.of_text(text)).result(timeout=300)
    assert verdict.reward == 1.0
    assert [end for end, _ in verdict.steps] == [len(", ".join(lines[: i + 1])) for i in range(3)]
