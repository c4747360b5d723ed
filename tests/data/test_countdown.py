"""Countdown: solvable by construction, different, and split without overlap."""

import random
import re
from fractions import Fraction

import pytest

from rlvr.data import load_prompts
from rlvr.errors import UserError


def value_of(expression: str) -> Fraction:
    """Reads the fully parenthesised solutions with a stack: independent of the verifier's parser."""
    values: list[Fraction] = []
    symbols: list[str] = []
    for token in re.findall(r"\d+|[-+*/()]", f"({expression})"):
        if token.isdigit():
            values.append(Fraction(token))
        elif token == ")":
            symbol = symbols.pop()
            right, left = values.pop(), values.pop()
            values.append({"+": left + right, "-": left - right, "*": left * right, "/": left / (right or 1)}[symbol])
        elif token != "(":
            symbols.append(token)
    (result,) = values
    return result


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_problem_has_a_solution_that_uses_each_number_once(split: str) -> None:
    prompts = load_prompts("countdown", split=split, options={"count": 500}).prompts
    assert len({p.id for p in prompts}) == 500
    for prompt in prompts:
        solution, answer = prompt.meta["solution"], prompt.answer
        assert value_of(solution) == answer["target"]
        assert sorted(map(int, re.findall(r"\d+", solution))) == sorted(answer["numbers"])
        assert 10 <= answer["target"] <= 99 and 3 <= len(answer["numbers"]) <= 4
        assert prompt.verifier == "countdown"
        assert str(answer["target"]) in prompt.text and all(str(n) in prompt.text for n in answer["numbers"])


def test_train_and_test_share_no_problem_in_any_order_of_the_numbers() -> None:
    # Two numbers up to 10: some 200 problems, so both splits run through most of theirs.
    options = {"min_numbers": 2, "max_numbers": 2, "max_number": 10, "count": 20}
    key = lambda p: (tuple(sorted(p.answer["numbers"])), p.answer["target"])  # noqa: E731
    train = {key(p) for seed in range(5) for p in load_prompts("countdown", options={**options, "seed": seed}).prompts}
    test = {
        key(p)
        for seed in range(5)
        for p in load_prompts("countdown", split="test", options={**options, "count": 8, "seed": seed}).prompts
    }
    assert len(train) > 30 and len(test) > 8
    assert not train & test


def test_the_seed_and_nothing_else_decides() -> None:
    first = load_prompts("countdown", limit=20)
    random.seed(5)
    assert load_prompts("countdown", limit=20) == first
    assert load_prompts("countdown", limit=20, options={"seed": 1}).fingerprint != first.fingerprint


def test_impossible_sizes_are_refused() -> None:
    for options in ({"min_numbers": 1}, {"max_numbers": 9}, {"min_numbers": 5}, {"max_target": 9}, {"count": 0}):
        with pytest.raises(UserError, match="countdown"):
            load_prompts("countdown", options=options)
    with pytest.raises(UserError, match="found only"):
        load_prompts("countdown", options={"min_numbers": 2, "max_numbers": 2, "max_number": 5, "count": 5000})
