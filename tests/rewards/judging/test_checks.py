"""Every mistake in a prompt's verifiers is reported, at once and with the nearest right word."""

import math
from typing import Literal

import pytest

from rlvr.core import VerifierUse
from rlvr.rewards import check_verifiers


def grade(
    prompt, completion, *, depth: int = 1, rate: float = 0.5, mode: Literal["a", "b"] = "a", name: str | None = None
):
    return 1.0


def needy(prompt, completion, *, key: str):
    return 1.0


FUNCTIONS = {"grade": grade, "needy": needy}


def test_what_is_right_has_no_problems() -> None:
    options = {"depth": 3, "rate": 1, "mode": "b", "name": None}
    uses = [
        VerifierUse("math"),
        VerifierUse("choice", 2),
        VerifierUse("grade", 0.5, options),
        VerifierUse("needy", 1, {"key": "k"}),
    ]
    assert check_verifiers(uses, FUNCTIONS) == []


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (VerifierUse("mth"), "did you mean 'math'"),
        (VerifierUse("math", options={"strict": True}), "no option is called 'strict'"),
        (VerifierUse("grade", options={"dept": 1}), "did you mean 'depth'"),
        (VerifierUse("grade", options={"depth": "deep"}), "option 'depth' is 'deep', not of type int"),
        (VerifierUse("grade", options={"depth": True}), "not of type int"),
        (VerifierUse("grade", options={"depth": 1.5}), "not of type int"),
        (VerifierUse("grade", options={"mode": "c"}), "Literal['a', 'b']"),
        (VerifierUse("grade", options={"name": 1}), "str | None"),
        (VerifierUse("needy"), "option 'key' is required"),
        (VerifierUse("math", weight=0), "not a positive number"),
        (VerifierUse("math", weight=-1.0), "not a positive number"),
        (VerifierUse("math", weight=math.nan), "not a positive number"),
        (VerifierUse("math", weight=math.inf), "not a positive number"),
    ],
)
def test_each_mistake_is_one_problem(use: VerifierUse, words: str) -> None:
    (problem,) = check_verifiers([use], FUNCTIONS)
    assert words in problem and repr(use.name) in problem


def test_all_mistakes_are_reported_at_once() -> None:
    uses = [VerifierUse("mth", -1), VerifierUse("grade", options={"depth": "x", "other": 1})]
    assert len(check_verifiers(uses, FUNCTIONS)) == 4
    assert len(check_verifiers([])) == 1
