"""Equations, inequalities, congruences and chains: what they say, and when two of them say the same."""

import pytest

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics.assignments import answers, consistent, is_name, named
from rlvr.rewards.mathematics.comparison import Comparison, Policy
from rlvr.rewards.mathematics.equations import constant_ratio
from rlvr.rewards.mathematics.reading import read
from rlvr.rewards.mathematics.values import EXPRESSIONS, Relation


def relation(text: str) -> Relation:
    value = read(text)
    assert isinstance(value, Relation), value
    return value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x = 5", ["5"]),
        ("5 = x", ["5"]),
        ("f(x) = x + 1", ["x + 1"]),
        ("|AB| = 5", ["5"]),
        ("x = 2 + 3 = 5", ["5"]),
        ("2 + 3 = 5", ["5"]),
        ("7 = 42", []),
        ("x = 7 = 42", []),
        ("2x = 10", []),
        ("x = x + 1", []),
        ("x < 5", []),
        (r"n \equiv 5 \pmod 7", ["5"]),
        (r"\frac{1}{3} \approx 0.333", [r"\frac{1}{3}", "0.333"]),
        (r"\frac{1}{3} \approx 0.4", [r"\frac{1}{3}"]),
    ],
)
def test_what_a_relation_gives_as_an_answer(text: str, values: list[str]) -> None:
    assert answers(relation(text)) == [read(value) for value in values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7 = 42", False), ("42 = 42", True), ("x = 5", True), ("x = 6 = 6.0", True), ("x = 6 = 7", False)],
)
def test_chains_are_consistent_or_not(text: str, expected: bool) -> None:
    assert consistent(relation(text)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", True),
        ("f(x)", True),
        ("S_{ABC}", True),
        ("x + y", False),
        ("2x", False),
        ("5", False),
        ("|AB|", True),
    ],
)
def test_names(text: str, expected: bool) -> None:
    assert is_name(read(text)) is expected


def test_a_name_may_stand_on_either_side_but_not_in_its_own_value() -> None:
    assert named(read("x = 5")) == named(read("5 = x")) == ("x", ex.number(5))
    assert named(read("x = x + 1")) is None and named(read("x < 5")) is None


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("x = 5", "5", True),
        ("x = 5", "6", False),
        ("x = 5", "x = 5", True),
        ("x = 5", "y = 5", False),
        ("f(x) = x + 1", "x + 1", True),
        ("f(t) = t + 1", "f(x) = x + 1", True),
        ("f(t) = t + 1", "f(x) = x + 2", False),
        ("x + y = 1", "2x + 2y = 2", True),
        ("x + y = 1", "y = 1 - x", True),
        ("x + y = 1", "-x - y = -1", True),
        ("x + y = 1", "x + y = 2", False),
        ("x + y = 1", "x^2 + xy = x", False),  # x = 0 solves it, too
        ("x + y = 1", "0 = 0", False),
        ("xy = 1", r"y = \frac{1}{x}", True),
        ("x^2 + y^2 = 4", "y^2 = 4 - x^2", True),
        ("2x + 3 = 13", "x = 5", False),  # the problem restated
        ("3x = 15", "x = 5", True),
        ("x < 3", "3 > x", True),
        ("x < 3", r"x \le 3", False),
        ("x + y < 3", "3 > x + y", True),
        ("x + y < 3", "2x + 2y < 6", True),
        ("x + y < 3", "-x - y < -3", False),
        ("x + y < 3", "-x - y > -3", True),
        ("1 < x < 3", "3 > x > 1", True),
        ("1 < x < 3", r"1 < x \le 3", False),
        ("a < b < c", "c > b > a", True),
        ("a < b < c", "a < c < b", False),
        (r"x \equiv 2 \pmod 5", r"x \equiv 7 \pmod 5", True),
        (r"x \equiv 2 \pmod 5", r"x \equiv 3 \pmod 5", False),
        (r"x \equiv 2 \pmod 5", r"x \equiv 2 \pmod 7", False),
        (r"x \equiv 2 \pmod 5", r"2 \pmod 5", True),
        (r"x \equiv 2 \pmod 5", "2", True),
        (r"x \in (0, 1)", "0 < x < 1", True),
        (r"x \in (0, 1)", r"0 \le x < 1", False),
        (r"x \in (0, 1)", r"x \notin (0, 1)", False),
        ("x = 2 + 3 = 5", "5", True),
        ("7 = 42", "42", False),
        ("42 = 7", "42", False),
        ("7 = 42", "7 = 42", True),
        (r"x \ne 5", "5", False),
    ],
)
def test_the_same_relation(left: str, right: str, same: bool) -> None:
    forwards, backwards = Comparison(Policy()), Comparison(Policy())
    assert forwards.same(read(left), read(right)) is same, forwards.rule
    assert backwards.same(read(right), read(left)) is same, backwards.rule
    assert forwards.rule


@pytest.mark.parametrize(
    ("left", "right", "sign"),
    [
        ("x + y", "2x + 2y", 1),
        ("x + y", "-x - y", -1),
        ("x + y", "x - y", None),
        ("x", "x^2", None),
        ("x", "x + 1", None),
        ("x", "0x", None),
    ],
)
def test_constant_factors(left: str, right: str, sign: int | None) -> None:
    a, b = read(left), read(right)
    assert isinstance(a, EXPRESSIONS) and isinstance(b, EXPRESSIONS)
    assert constant_ratio(a, b) == sign
