"""Mixes: how many of each set, which, in what order; and the published counts."""

from __future__ import annotations

from collections import Counter

import pytest

from rlvr.core import Prompt
from rlvr.data import MIXES, user_turn
from rlvr.data.mixing import Part, difficulties, mixed_prompts
from rlvr.errors import UserError
from rlvr.registry import REGISTRIES


def made(name: str, count: int) -> list[Prompt]:
    return [
        Prompt(f"{name}/{n}", user_turn(f"{name} {n}"), str(n), meta={"level": f"Level {n % 3}"}) for n in range(count)
    ]


def ids(parts: list[Part], seed: int = 0) -> list[str]:
    mixed, _ = mixed_prompts(parts, seed)
    return [prompt.id for prompt in mixed]


def test_the_published_mixes_add_up_and_name_sets_that_exist() -> None:
    assert {name: sum(counts.values()) for name, counts in MIXES.items()} == {
        "olmo3_think": 104_869,
        "olmo3_instruct": 171_950,
    }
    assert {set_ for counts in MIXES.values() for set_ in counts} <= set(REGISTRIES["dataset"].names())
    think = MIXES["olmo3_think"]
    assert sum(count for name, count in think.items() if name.startswith("omega")) == 15_000


def test_a_count_draws_by_the_seed_without_repeats_and_tells_what_is_missing() -> None:
    some = ids([Part("a", made("a", 10), count=4)])
    assert len(set(some)) == 4
    assert some == ids([Part("a", made("a", 10), count=4)]) != ids([Part("a", made("a", 10), count=4)], seed=1)
    # Which prompts of a set are drawn does not depend on the sets beside it.
    assert some == ids([Part("b", made("b", 3)), Part("a", made("a", 10), count=4)])[3:]
    mixed, report = mixed_prompts([Part("a", made("a", 3), count=5)], 0)
    assert (len(mixed), report["a"]) == (3, {"there": 3, "wanted": 5, "taken": 3, "epochs": 1})


def test_weights_share_out_what_is_there_and_repeat_what_is_too_small() -> None:
    # 8 + 4 = 12 prompts, three quarters of them of b: 3 of a, and 9 of b, which has 4: each twice, one three times.
    some = ids([Part("a", made("a", 8), weight=1), Part("b", made("b", 4), weight=3)])
    assert Counter(name[0] for name in some) == {"a": 3, "b": 9}
    assert len(set(some)) == 12  # ids key the noise of sampling
    assert Counter(name.partition("#")[2] for name in some if name[0] == "b") == {"": 4, "2": 4, "3": 1}


def test_epochs_repeat_a_set_within_one_pass() -> None:
    assert sorted(ids([Part("a", made("a", 2), epochs=2)])) == ["a/0", "a/0#2", "a/1", "a/1#2"]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("7/8", 0.875),
        ("Level 5", 5.0),
        (3, 3.0),
        ("Level ?", float("inf")),
        (None, float("inf")),
        ("1/0", float("inf")),
        ("nan", float("inf")),
    ],
)
def test_difficulties(value: object, number: float) -> None:
    prompts = [Prompt("a", (), "1", meta={"d": value}), Prompt("b", (), "1", meta={"d": 0})]
    assert difficulties(prompts, "d") == [number, 0.0]


def test_a_column_without_numbers_is_a_mistake() -> None:
    with pytest.raises(UserError, match="the first one's columns: level"):
        difficulties(made("a", 2), "levle")
