"""Puzzles of the package reasoning-gym, where it is installed."""

import importlib.util

import pytest

from rlvr.data import load_prompts
from rlvr.errors import UserError

installed = importlib.util.find_spec("reasoning_gym") is not None
needs = pytest.mark.skipif(not installed, reason="the package reasoning-gym (an extra) is not installed")


def load(split: str = "train", **options: object) -> list:
    return list(load_prompts("reasoning_gym", split=split, options=options).prompts)


@needs
def test_puzzles_are_distinct_split_by_text_and_the_same_for_a_seed() -> None:
    train, test = load(count=200), load("test", count=50)
    assert len({p.text for p in train}) == 200 and not {p.text for p in train} & {p.text for p in test}
    assert train == load(count=200) and train != load(count=200, seed=1)
    assert all(p.verifier == "math" and p.text.endswith(r"\boxed{}.") for p in train)
    assert {p.verifier for p in load(task="syllogism", count=20)} == {"reference"}


@needs
def test_an_answer_is_right_by_its_verifier() -> None:
    from rlvr.rewards import score

    prompts = load(task="gcd", count=5)
    right = score([rf"\boxed{{{p.answer}}}" for p in prompts], [p.answer for p in prompts], verifier="math")
    assert [verdict.status for verdict in right] == ["correct"] * 5


def test_no_puzzles_at_all_are_refused() -> None:
    with pytest.raises(UserError, match="count=0 must be at least 1"):  # and not drawn without end
        load(count=0)


@needs
def test_what_is_not_offered_is_explained() -> None:
    with pytest.raises(UserError, match="several right answers"):
        load(task="countdown")
    with pytest.raises(UserError, match="did you mean 'basic_arithmetic'"):
        load(task="basic_arithmetik")
    with pytest.raises(UserError, match="refuses its settings"):
        load(settings={"no_such": 1})


@pytest.mark.skipif(installed, reason="reasoning-gym is installed")
def test_without_the_package_the_extra_is_named() -> None:
    with pytest.raises(UserError, match=r"rlvr\[reasoning-gym\]"):
        load()
