"""Comparing by kinds: every rule and every policy says yes where it should, no where it should, and its name."""

import pytest

from rlvr.rewards.mathematics.comparison import Comparison, Policy, Undecided
from rlvr.rewards.mathematics.groups import MAX_ITEMS
from rlvr.rewards.mathematics.reading import read

DEFAULT = Policy()


def decide(left: str, right: str, policy: Policy = DEFAULT) -> tuple[bool, str]:
    """The decision and its rule; the same in both directions."""
    forwards, backwards = Comparison(policy), Comparison(policy)
    same = forwards.same(read(left), read(right))
    assert backwards.same(read(right), read(left)) is same, "not symmetric"
    return same, forwards.rule


@pytest.mark.parametrize(
    ("left", "right", "same", "rule"),
    [
        ("1/2", "0.5", True, "exact numbers"),
        ("1/2", "0.51", False, "exact numbers"),
        ("x + y", "y + x", True, "the same expression"),
        ("(x+1)^2", "x^2+2x+1", True, "ball arithmetic"),
        ("(x+1)^2", "x^2+2x+2", False, "ball arithmetic"),
        (r"\infty", r"\infty", True, "the same expression"),
        (r"\infty", r"-\infty", False, "infinity"),
        (r"\infty", "10^9", False, "infinity"),
        ("2:3", "4:6", True, "ratios"),
        ("2:3", "3:2", False, "ratios"),
        ("1:2:3", "2:4:6", True, "ratios"),
        ("2:3", r"\frac{2}{3}", True, "ratios"),
        (r"1A_{16}", "26", True, "ball arithmetic"),
        ("x^2 + C", "x^2 + K", True, "ball arithmetic"),
        ("x^2 + C", "x^2", False, "ball arithmetic"),
    ],
)
def test_expressions(left: str, right: str, same: bool, rule: str) -> None:
    found = decide(left, right)
    assert found[0] is same
    assert rule in found[1] or found[1] == "the same expression"


@pytest.mark.parametrize(
    ("left", "right", "same", "rule"),
    [
        ("(1, 2)", "(1, 2)", True, "members in order"),
        ("(1, 2)", "(2, 1)", False, "members in order"),
        ("1, 2", "2, 1", True, "members in any order"),
        (r"\{1, 2\}", r"\{2, 1\}", True, "members in any order"),
        (r"\{1, 2\}", "1 and 2", True, "members in any order"),
        (r"\{1, 2, 2\}", r"\{1, 2\}", True, "members in any order"),
        (r"\{1, 2\}", r"\{1, 2, 3\}", False, "members in any order"),
        (r"\{1, \frac12\}", r"\{0.5, 1\}", True, "members in any order"),
        (r"\{1, 2\}", "(1, 2)", False, "a set is no tuple"),
        ("(0, 1)", "[0, 1)", False, "open and closed ends differ"),
        ("x = 1, y = 2", "y = 2, x = 1", True, "values by their names"),
        ("x = 1, y = 2", "x = 2, y = 1", False, "values by their names"),
        ("x = 1, y = 2", "(1, 2)", True, "members in order"),
        ("x = 1, y = 2", "(2, 1)", False, "members in order"),
        (r"x = 1 \text{ or } x = 2", "1, 2", True, "members in any order"),
        ("n = 1, 2, 3", "1, 2, 3", True, "members in any order"),
        ("1, 2", "1", False, "one value beside several"),
        (r"\{5\}", "5", True, "exact numbers"),
        ("5, 5", "5", True, "exact numbers"),
        ("x < 1 or x > 5", "x > 5 or x < 1", True, "the same numbers"),
        (r"(0,1) \cup (2,3)", r"(2,3) \cup (0,1)", True, "the same numbers"),
        (r"(0,1) \cup (2,3)", r"(0,1) \cup (2,3]", False, "the same numbers"),
        (r"\mathbb{Z}", r"\mathbb{Z}", True, "the same numbers"),
        (r"\mathbb{Z}", r"\mathbb{Q}", False, "the same numbers"),
        (r"\emptyset", "no solution", True, "the same numbers"),
        (r"\emptyset", "0", False, "different kinds"),
        ("x < 3", r"(-\infty, 3)", True, "the same numbers"),
        ("x < 3", r"(-\infty, 3]", False, "the same numbers"),
    ],
)
def test_groups_and_sets(left: str, right: str, same: bool, rule: str) -> None:
    found = decide(left, right)
    assert (found[0], rule in found[1]) == (same, True), found


MATRIX = r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"


@pytest.mark.parametrize(
    ("left", "right", "same", "rule"),
    [
        (MATRIX, MATRIX.replace("1&2", "1&2.0"), True, "exact numbers"),
        (MATRIX, MATRIX.replace("1&2", "2&1"), False, "exact numbers"),
        (MATRIX, r"\begin{pmatrix}1&2\end{pmatrix}", False, "shapes differ"),
        (MATRIX, "[[1, 2], [3, 4]]", True, "members in order"),
        (MATRIX, "[[1, 3], [2, 4]]", False, "members in order"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", "(1, 2)", True, "members in order"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", "(2, 1)", False, "members in order"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\{1, 2\}", False, "entries"),
        ("3:30 PM", "15:30", True, "times of day"),
        ("3:30 PM", "3:30 AM", False, "times of day"),
        ("3:30 PM", "3:30", True, "times of day"),
        ("3:30", r"\frac{1}{10}", False, "a time of day"),
        ("3:30", "1:10", False, "times of day"),
        ("March 14", "14 March 2015", True, "dates"),
        ("March 14, 2015", "March 14, 2016", False, "dates"),
        ("March 14", "March 15", False, "dates"),
        ("Friday", "friday", True, "words"),
        ("Friday", "Monday", False, "words"),
        ("Friday", "5", False, ""),
        ("abc", "a b c", True, ""),
        ("(B)", "B", True, ""),
        ("(B)", "C", False, ""),
    ],
)
def test_matrices_times_dates_and_words(left: str, right: str, same: bool, rule: str) -> None:
    found = decide(left, right)
    assert (found[0], rule in found[1]) == (same, True), found


@pytest.mark.parametrize(
    ("left", "right", "same", "rule"),
    [
        ("5 km", "5000 m", True, "after conversion of units"),
        ("5 km", "5 km", True, "and unit"),
        ("5 km", "5 cm", False, "after conversion"),
        ("5 km", "5 hours", False, "units 'km' and 'hours' differ"),
        ("5 apples", "5 pears", False, "differ"),
        ("5 apples", "5 apples", True, "exact numbers"),
        ("5 apples", "5", True, "a unit on one side only"),
        ("5 km", "5", True, "a unit on one side only"),
        ("5 km", "6", False, "a unit on one side only"),
        ("5 km", "5000", False, "a unit on one side only"),
        ("5m", "5", True, "the same number with a unit"),
        (r"\$18", "18", True, "a unit on one side only"),
        (r"\$18", "18 dollars", True, "unit"),
        (r"\$18", "18 euros", False, "differ"),
        (r"180^\circ", r"\pi", True, "degrees as radians"),
        (r"180^\circ", r"2\pi", False, "degrees as radians"),
        ("x = 5 km", "5 km", True, "after its name"),
    ],
)
def test_units(left: str, right: str, same: bool, rule: str) -> None:
    found = decide(left, right)
    assert (found[0], rule in found[1]) == (same, True), found


@pytest.mark.parametrize(
    ("policy", "left", "right", "default", "under_policy"),
    [
        (Policy(units="required"), "5 km", "5", True, False),
        (Policy(units="required"), "5 apples", "5", True, False),
        (Policy(units="required"), "5m", "5", True, False),
        (Policy(units="required"), "5 km", "5000 m", True, True),
        (Policy(units="required"), "5", "5", True, True),
        (Policy(percent=False), r"50\%", "0.5", True, False),
        (Policy(percent=False), r"50\%", "50", True, True),
        (Policy(percent=False), "50", "0.5", False, False),
        (Policy(ordered_lists=True), "1, 2", "2, 1", True, False),
        (Policy(ordered_lists=True), "1, 2", "1, 2", True, True),
        (Policy(ordered_lists=True), r"\{1, 2\}", r"\{2, 1\}", True, True),
        (Policy(ordered_lists=True), "(1, 2)", "(2, 1)", False, False),
        (Policy(tolerance=0.02), "0.33", "1/3", False, True),
        (Policy(tolerance=0.02), "3.14", r"\pi", False, True),
        (Policy(tolerance=0.02), "0.3", "1/3", False, False),
        (Policy(tolerance=0.5), "1/3", "1/4", False, False),  # no side is a decimal
        (Policy(tolerance=0.5), "x", "x+0.1", False, False),
    ],
)
def test_policies(policy: Policy, left: str, right: str, default: bool, under_policy: bool) -> None:
    assert (decide(left, right)[0], decide(left, right, policy)[0]) == (default, under_policy)


def test_the_tolerance_is_named() -> None:
    assert decide("0.33", "1/3", Policy(tolerance=0.02)) == (True, "within a relative 0.02")


def test_percent_matches_both_but_these_do_not_match_each_other() -> None:
    assert decide(r"50\%", "0.5") == (True, "percent as a fraction")
    assert decide(r"50\%", "50")[0] and not decide("50", "0.5")[0] and not decide(r"50\%", "5")[0]


def test_what_cannot_be_told_is_undecided() -> None:
    with pytest.raises(Undecided):
        decide("9^{9^{9^9}}", "7")
    many = ", ".join(map(str, range(MAX_ITEMS + 1)))
    with pytest.raises(Undecided):
        decide(many, many + "0")
    fewer = many.rpartition(",")[0]
    assert decide(fewer, fewer)[0]
