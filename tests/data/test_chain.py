"""The chain task: its texts, its answers, and that train and test never meet."""

import random
import re

import pytest

from rlvr.data import load_prompts
from rlvr.data.chain import OPERATIONS, Chain, demonstrations, direct_text, draw, prompt_text, worked_text
from rlvr.errors import UserError


def solve(text: str) -> str:
    """An independent solver of the prompt's text: no code of the task."""
    value: dict[str, int] = {}
    for part in re.split("[,.] ?", text)[:-1]:
        name, _, right = part.partition("=")
        if right.isdigit():
            value[name] = int(right)
            continue
        source, symbol, digit = right[0], right[1], int(right[2:])
        result = {"+": value[source] + digit, "-": value[source] - digit, "*": value[source] * digit}[symbol]
        value[name] = result % 10
    needed, _, distraction = text.partition(".")
    assert all(part[0].islower() for part in needed.split(", "))
    assert all(part[0].isupper() for part in distraction.strip().split(", ") if part)
    return str(value[needed.rpartition("=")[0][-1]])


def test_the_three_texts_of_one_problem() -> None:
    # c=3; d = 3+5 = 8; e = 8*7 = 56 = 6 (mod 10); f = 6-9 = -3 = 7 (mod 10)
    problem = Chain("cdef", 3, ("+5", "*7", "-9"))
    assert prompt_text(problem) == "c=3, d=c+5, e=d*7, f=e-9."
    assert worked_text(problem) == r"d=3+5=8, e=8*7=6, f=6-9=7, \boxed{7}"
    assert direct_text(problem) == r"\boxed{7}"


def test_further_definitions_follow_and_are_not_asked_for() -> None:
    problem = Chain("cdEF", 3, ("+5",), extra=("*7", "-9"))
    assert prompt_text(problem) == "c=3, d=c+5. E=d*7, F=E-9."
    assert worked_text(problem) == r"d=3+5=8, \boxed{8}"
    prompts = load_prompts("chain", options={"min_ops": 2, "max_ops": 9, "definitions": 9, "count": 200}).prompts
    assert {prompt.text.count("=") for prompt in prompts} == {10}
    assert [p.answer for p in prompts] == [solve(p.text) for p in prompts]
    assert {p.meta["ops"] for p in prompts} == set(range(2, 10))
    assert {p.text.count("=") for p in demonstrations(50, min_ops=1, max_ops=3, definitions=6)} == {7}


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_answer_is_right_and_every_problem_different(split: str) -> None:
    prompts = load_prompts("chain", split=split, options={"min_ops": 1, "max_ops": 9, "count": 1000}).prompts
    assert len({prompt.text for prompt in prompts}) == len({prompt.id for prompt in prompts}) == 1000
    assert [p.answer for p in prompts] == [solve(p.text) for p in prompts]
    assert {p.meta["ops"] for p in prompts} == set(range(1, 10))


def canonical(text: str) -> str:
    """A problem without its letters and without what follows the variable that is asked for: neither renaming
    the variables nor going on makes a new problem."""
    needed, _, _ = text.partition(".")
    return re.sub("[a-z]", "", needed)


def test_no_test_problem_is_a_training_problem_even_renamed() -> None:
    # 1 or 2 operations: 210 + 4,410 problems up to letters, so 2,000 of each would surely collide by chance,
    # the more as the nine definitions of their texts differ.
    options = {"min_ops": 1, "max_ops": 2, "count": 2000}
    train, test = (
        {canonical(p.text) for p in load_prompts("chain", split=split, options=options).prompts}
        for split in ("train", "test")
    )
    shown = {canonical(p.text) for p in demonstrations(2000, min_ops=1, max_ops=2)}
    assert len(train) > 1000 and len(test) > 300
    assert not train & test
    assert not shown & test
    assert shown & train  # the comparison can find something


def test_the_seed_and_nothing_else_decides() -> None:
    first = load_prompts("chain", options={"seed": 3}, limit=50)
    random.seed(99)  # the global state is not ours
    assert load_prompts("chain", options={"seed": 3}, limit=50) == first
    assert load_prompts("chain", options={"seed": 4}, limit=50).fingerprint != first.fingerprint
    assert demonstrations(20, seed=1) == demonstrations(20, seed=1) != demonstrations(20, seed=2)


def test_every_operation_permutes_the_digits() -> None:
    from rlvr.data.chain import apply

    assert len(OPERATIONS) == 21
    for operation in OPERATIONS:
        assert {apply(operation, digit) for digit in range(10)} == set(range(10))


def test_demonstrations_mix_worked_and_direct_answers() -> None:
    shown = demonstrations(2000, worked_share=0.3, min_ops=2, max_ops=4)
    worked = [p for p in shown if p.meta["worked"]]
    assert 500 < len(worked) < 700  # 600 expected, standard deviation 20
    for prompt in shown:
        text = prompt.meta["demonstration"]
        assert text.endswith(f"\\boxed{{{solve(prompt.text)}}}")
        assert text.count("=") == (2 * prompt.meta["ops"] if prompt.meta["worked"] else 0)
    assert all(p.meta["worked"] for p in demonstrations(50, worked_share=1.0))
    assert not any(p.meta["worked"] for p in demonstrations(50, worked_share=0.0))


def test_impossible_sizes_are_refused() -> None:
    single = {"min_ops": 1, "max_ops": 1, "definitions": 0, "count": 100_000}
    for options in ({"min_ops": 0}, {"min_ops": 8}, {"max_ops": 26}, {"definitions": 26}, {"count": 0}):
        with pytest.raises(UserError, match="chain"):
            load_prompts("chain", options=options)
    with pytest.raises(UserError, match=r"only .* different problems"):
        load_prompts("chain", split="test", options=single)
    for name in ("chain_demonstrations", "chain_text", "chain_preferences"):
        for options in ({"min_ops": 8}, {"max_ops": 26}, {"definitions": 26}, {"count": 0}):
            with pytest.raises(UserError, match=f"{name}'.* must"):
                load_prompts(name, options=options, limit=1)
    with pytest.raises(UserError, match="block=0"):
        load_prompts("chain_demonstrations", options={"block": 0}, limit=1)
    with pytest.raises(UserError, match="share"):
        demonstrations(1, worked_share=40)


def test_draw_reaches_the_longest_chain() -> None:
    problem = draw(random.Random(0), 25, "train")
    assert sorted(problem.names) == list("abcdefghijklmnopqrstuvwxyz")
