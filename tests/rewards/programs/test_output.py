"""What a program prints or returns, beside what was expected."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr.rewards.programs.output import difference, same_output
from rlvr.rewards.programs.results import same_result


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ("3\n", "3"), ("3  \n\n\n", "3"), ("1 2\r\n3\r\n", "1 2\n3"), ("1  2", "1 2"), ("  a b ", "a b"), ("", "\n"),
        ("0.333333", "0.333333333"), ("0.3333334", "0.3333333"), ("2.0", "2"), ("2", "2.0"),
        ("1e3", "1000"), ("-0.0", "0"),
        ("1000000.4", "1000000.0"), ("Case 1: 0.5000001", "Case 1: 0.5"), ("nan", "nan"),
        ("12345678901234567890", "12345678901234567890"),
    ],
)  # fmt: skip
def test_outputs_that_agree(actual: str, expected: str) -> None:
    assert same_output(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ("3", "4"), ("", "3"), ("3\n4", "3"), ("3\n\n4", "3\n4"), ("3 4", "3\n4"), ("34", "3 4"),
        ("010", "10"), ("yes", "YES"),
        ("0.34", "0.33"), ("2.0000001", "2"), ("12345678901234568", "12345678901234567"),
        ("12345678901234567.5", "12345678901234567"),
        ("nan", "0.5"), ("inf", "1.5"), ("1e9999", "2e9999"), ("1e9999", "1.5"), ("0x10", "16"),
        ("1_0", "10"), ("٣.0", "3"),
        ("1" * 500 + ".0", "1" * 500), ("3.", "4."), ("True", "1"),
    ],
)  # fmt: skip
def test_outputs_that_do_not(actual: str, expected: str) -> None:
    assert not same_output(actual, expected)
    assert difference(actual, expected)


def test_the_tolerance_of_outputs() -> None:
    assert same_output("0.34", "0.33", 0.1) and not same_output("0.3334", "0.3333", 1e-6)
    assert not same_output("0.33333333", "0.33333334", 0.0) and same_output("0.50", "0.5", 0.0)
    assert difference("1\n2\n", "1\n3\n") == "line 2 differs: '2'" and difference("1", "1\n2") == "1 lines, not 2"


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (3, 3), (3.0, 3), (3, 3.0), (True, True), (1, True), (None, None), ("a", "a"),
        ([1, 2], [1, 2]), ((1, 2), [1, 2]),
        ([(1, 2)], [[1, 2]]), ({"a": 1}, {"a": 1}), ({1: 2}, {"1": 2}), ({None: [1.0]}, {"null": [1]}),
        (0.1 + 0.2, 0.3),
        (1e20, 1.0000000001e20), ([float("nan")], [float("nan")]), (10**400, 10**400), ({1, 2},
        {1, 2}), (float("inf"), float("inf")),
    ],
)  # fmt: skip
def test_results_that_agree(actual: Any, expected: Any) -> None:
    assert same_result(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (3, 4), ("3", 3), (3, "3"), (None, 0), (0, None), (False, None), ([], None), (None, []),
        ([1], [1, 2]), ([1, 2, 3], [1, 2]),
        ({1, 2}, [1, 2]), ("ab", ["a", "b"]), (range(3), [0, 1, 2]), ({"a": 1}, [["a", 1]]), ({1: 2, "1": 2}, {"1": 2}),
        (0.31, 0.3), (3.0000001, 3), (10**400, 1.5), (1.5, 10**400), (float("nan"), 1.0), (1 + 0j, 1),
    ],
)  # fmt: skip
def test_results_that_do_not(actual: Any, expected: Any) -> None:
    assert same_result(actual, expected) is False


def test_results_nested_without_end() -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    assert not same_result(deep, deep)
