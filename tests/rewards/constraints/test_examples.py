"""Each constraint: a response that follows it and one that does not, and nothing empty follows any."""

import pytest

from rlvr.rewards.constraints import CONSTRAINTS, bind
from rlvr.rewards.instructions import follow
from tests.rewards.constraints.benchmark_examples import IFBENCH
from tests.rewards.constraints.examples import IF_RLVR, IFEVAL, TULU

EXAMPLES = {**IFEVAL, **IF_RLVR, **IFBENCH, **TULU}


def test_every_constraint_has_an_example() -> None:
    assert set(EXAMPLES) == set(CONSTRAINTS)
    assert [len(each) for each in (IFEVAL, IF_RLVR, IFBENCH, TULU)] == [25, 29, 58, 25]


@pytest.mark.parametrize("name", EXAMPLES)
def test_follows_and_does_not(name: str) -> None:
    arguments, good, bad = EXAMPLES[name]
    check = bind(name, CONSTRAINTS[name], arguments)
    assert follow(good, [check]) == [True]
    assert follow(bad, [check]) == [False]


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u3000\t"])
def test_nothing_empty_follows(name: str, text: str) -> None:
    check = bind(name, CONSTRAINTS[name], EXAMPLES[name][0])
    assert follow(text, [check], loose=True) == [False]
