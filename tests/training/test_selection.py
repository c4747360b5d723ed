"""Which prompts iterations take: a curriculum, a filter by outcome, and the same after resuming."""

from __future__ import annotations

from rlvr.training.selection import Filter, Selection, outcome
from rlvr.training.sources import epoch_order
from tests.tiny import group, rollout


def test_without_a_filter_the_order_follows_from_the_iteration_alone() -> None:
    selection = Selection(7, seed=3)
    assert selection.take(5, 4) == epoch_order(7, 3, 20, 4)
    assert selection.take(0, 4) == epoch_order(7, 3, 0, 4)  # in any order of asking
    assert selection.state() is None


def test_a_curriculum_goes_from_easy_to_hard_in_each_epoch() -> None:
    difficulty = [2.0, 0.0, 1.0, 0.0, float("inf"), 1.0]
    selection = Selection(6, seed=0, difficulty=difficulty)
    for epoch in range(3):
        taken = [place for i in range(2) for place in selection.take(2 * epoch + i, 3)]
        assert [difficulty[place] for place in taken] == sorted(difficulty)
        assert sorted(taken) == list(range(6))
    assert selection.take(0, 6) != selection.take(1, 6) or selection.take(1, 6) != selection.take(2, 6)


def test_solved_prompts_are_left_out_and_come_back() -> None:
    selection = Selection(4, seed=0, shuffle=False, filter=Filter(solved_after=2, revisit_after=3))
    taken = []
    for iteration in range(10):
        some = selection.take(iteration, 3)
        taken.append(some)
        selection.observe(iteration, [(place, 1 if place == 0 else 0) for place in set(some)])
    # Solved in 0 and 1, out for 2, 3 and 4, tried in 5 and out again at once, tried in 9.
    assert [iteration for iteration, some in enumerate(taken) if 0 in some] == [0, 1, 5, 9]


def test_a_streak_must_be_unbroken_and_of_one_kind() -> None:
    selection = Selection(2, seed=0, shuffle=False, filter=Filter(solved_after=2, failed_after=2))
    for iteration, sign in enumerate([1, -1, 1, 0, 1, -1]):
        selection.take(iteration, 2)
        selection.observe(iteration, [(0, sign)])
    assert selection.left_out(6) == 0
    selection.observe(6, [(0, -1)])
    assert selection.left_out(7) == 1


def test_when_all_are_left_out_those_come_first_that_are_due_first() -> None:
    selection = Selection(3, seed=0, shuffle=False, filter=Filter(solved_after=1, revisit_after=100))
    for iteration in range(3):
        assert selection.take(iteration, 1) == [iteration]
        selection.observe(iteration, [(iteration, 1)])
    assert selection.take(3, 2) == [0, 1]


def test_a_restored_selection_goes_on_as_the_first_would_have() -> None:
    def make() -> Selection:
        return Selection(20, seed=5, filter=Filter(solved_after=1, failed_after=2, revisit_after=4))

    def go(selection: Selection, start: int, end: int) -> list[list[int]]:
        taken = []
        for iteration in range(start, end):
            some = selection.take(iteration, 6)
            selection.observe(iteration, [(place, (place + iteration) % 3 - 1) for place in some])
            taken.append(some)
        return taken

    whole = go(make(), 0, 30)
    first = make()
    go(first, 0, 13)
    second = make()
    second.restore(first.state())
    assert go(second, 13, 30) == whole[13:]


def test_the_outcome_of_a_group() -> None:
    assert outcome(group(0, [rollout([1], 1.0), rollout([1], 1.0)])) == 1
    assert outcome(group(0, [rollout([1], 0.0), rollout([1], None)])) == -1
    assert outcome(group(0, [rollout([1], 0.5), rollout([1], 1.0)])) == 0
    assert outcome(group(0, [rollout([1], None)])) == 0
