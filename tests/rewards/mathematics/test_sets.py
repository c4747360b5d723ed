"""Sets of real numbers: the same pieces, however they are written."""

import pytest

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics.reading import read
from rlvr.rewards.mathematics.sets import ALL, NotReal, compare, complement, linear, real_set, same_set, variable_of


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("(0, 1)", "0 < x < 1", True),
        ("[0, 1)", r"0 \le x < 1", True),
        ("[0, 1)", "0 < x < 1", False),
        ("(0, 1]", "[0, 1)", False),
        (r"(-\infty, 3)", "x < 3", True),
        ("x < 3", "3 > x", True),
        ("x < 3", r"x \le 3", False),
        ("-2x < 6", "x > -3", True),
        ("-2x < 6", "x < -3", False),
        ("2x + 1 > 5", "x > 2", True),
        ("|x| < 2", "(-2, 2)", True),
        ("|x - 1| < 2", "(-1, 3)", True),
        (r"|x| \ge 2", r"(-\infty, -2] \cup [2, \infty)", True),
        ("|x| > 2", r"(-\infty, -2] \cup [2, \infty)", False),
        (r"(0, 1) \cup (1, 2)", "(0, 2)", False),
        (r"(0, 1] \cup (1, 2)", "(0, 2)", True),
        (r"(0, 3) \cap (2, 5)", "(2, 3)", True),
        (r"(0, 3) \setminus (1, 2)", r"(0, 1] \cup [2, 3)", True),
        (r"\mathbb{R} \setminus \{0\}", r"x \ne 0", True),
        (r"\mathbb{R} \setminus \{0\}", r"\mathbb{R}", False),
        (r"(2, 3) \cup (0, 1)", r"(0, 1) \cup (2, 3)", True),
        (r"(1, \sqrt{2})", r"(1, \frac{2}{\sqrt{2}})", True),
        (r"(1, \sqrt{2})", "(1, 1.41421356)", False),
        (r"x > 1 \text{ and } x < 3", "(1, 3)", True),
        (r"x < 1 \text{ or } x > 3", r"(-\infty, 1) \cup (3, \infty)", True),
        (r"x < 1 \text{ or } x > 3", "(1, 3)", False),
        (r"\{x \mid x > 1\}", r"(1, \infty)", True),
        (r"x \in (1, 2)", "(1, 2)", True),
        (r"(1, 1)", r"\emptyset", True),
        (r"[1, 1]", r"\{1\}", True),
        ("]0, 1[", "(0, 1)", True),
        ("x^2 < 4", "(-2, 2)", True),
        ("x^2 < 4", "[-2, 2]", False),
        ("x^2 > 4", "(-2, 2)", False),
        (r"x^2 \le 2", r"[-\sqrt{2}, \sqrt{2}]", True),
        ("(x-1)(x-2)(x-3) > 0", r"(1, 2) \cup (3, \infty)", True),
        ("x^2 < -1", r"\emptyset", True),
    ],
)
def test_sets(left: str, right: str, same: bool) -> None:
    ours, theirs = real_set(read(left)), real_set(read(right))
    assert same_set(ours, theirs) is same is same_set(theirs, ours)


@pytest.mark.parametrize("text", ["x < y", r"\mathbb{Z}", "(1, 2, 3)", "(a, b)", "x", r"x \notin (0, 1)"])
def test_what_is_no_set_with_known_ends(text: str) -> None:
    with pytest.raises(NotReal):
        real_set(read(text))


@pytest.mark.parametrize(
    "text", ["(0, 1)", r"[0, 1) \cup (2, 3]", "x < 3", r"x \ne 5", r"\{1, 2\}", r"\mathbb{R}", r"\emptyset"]
)
def test_the_complement_of_the_complement(text: str) -> None:
    pieces = real_set(read(text))
    assert same_set(complement(complement(pieces)), pieces)
    assert not same_set(complement(pieces), pieces)


def test_all_and_nothing() -> None:
    assert complement(ALL) == () and complement(()) == ALL


@pytest.mark.parametrize(
    ("text", "name"),
    [("x < 3", "x"), ("f(x) < 3", "apply(f;x)"), ("x < y", None), ("x < 3, x > 1", "x"), ("x < 3, y > 1", None)],
)
def test_the_variable(text: str, name: str | None) -> None:
    assert variable_of(read(text)) == name


def test_the_order_of_ends() -> None:
    root = ex.power(ex.TWO, ex.HALF)
    assert (compare(ex.ONE, root), compare(ex.TWO, root), compare(root, root)) == (-1, 1, 0)
    assert compare(ex.INFINITY, root) == 1 and compare(ex.negate(ex.INFINITY), ex.ZERO) == -1
    with pytest.raises(NotReal):
        compare(ex.I, ex.ONE)


def test_linear_expressions() -> None:
    x = ex.Symbol("x")
    assert linear(ex.add(ex.multiply(ex.TWO, x), ex.ONE), "x") == (ex.TWO, ex.ONE)
    for other in (ex.power(x, ex.TWO), ex.ONE, ex.Call("abs", (x,)), ex.power(x, ex.MINUS_ONE)):
        with pytest.raises(NotReal):
            linear(other, "x")
