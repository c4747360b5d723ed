"""Equality by ball arithmetic: unequal is proven, equal holds to hundreds of bits, the rest is None."""

import time
from contextlib import suppress

import pytest
from flint import acb, arb

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics import numerics
from rlvr.rewards.mathematics.balls import NoValue, upper_bits, whole
from rlvr.rewards.mathematics.evaluation import evaluate
from rlvr.rewards.mathematics.expression import Call, Expression, Symbol
from rlvr.rewards.mathematics.reading import read
from rlvr.rewards.mathematics.residues import same_residues
from rlvr.rewards.mathematics.values import EXPRESSIONS


def parse(text: str) -> Expression:
    value = read(text)
    assert isinstance(value, EXPRESSIONS), value
    return value


def equal(left: str, right: str) -> bool | None:
    forwards, backwards = numerics.equal(parse(left), parse(right)), numerics.equal(parse(right), parse(left))
    assert forwards is backwards
    return forwards


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (r"\sqrt{8}", r"2\sqrt{2}"),
        (r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}"),
        (r"\sqrt{3+2\sqrt{2}}", r"1+\sqrt{2}"),
        (r"\sin\frac{\pi}{6}", "1/2"),
        (r"\arctan 1", r"\pi/4"),
        (r"e^{i\pi}", "-1"),
        (r"\sqrt[3]{-8}", "-2"),
        ("(-8)^{1/3}", "-2"),  # school's reading
        (r"\log_2 3 \cdot \log_3 2", "1"),
        (r"\cos 36^\circ", r"\frac{1+\sqrt5}{4}"),
        (r"\binom{x}{2}", "x(x-1)/2"),
        ("(x+1)^2", "x^2+2x+1"),
        (r"\sin^2 x + \cos^2 x", "1"),
        (r"\sqrt{x^2}", "|x|"),
        (r"\frac{x^2-1}{x-1}", "x+1"),
        (r"\ln(xy)", r"\ln x + \ln y"),
        ("(-1)^{2n}", "1"),
        ("n!", r"n\cdot(n-1)!"),
        (r"\sum_{k=1}^{n} k", "n(n+1)/2"),
        (r"\prod_{k=1}^{4} k", "24"),
        (r"\max(x, y)", r"\frac{x+y+|x-y|}{2}"),
        (r"\begin{vmatrix}a&b\\c&d\end{vmatrix}", "ad-bc"),
        (r"\lfloor -0.5 \rfloor", "-1"),
        (r"\gcd(12, 18)", "6"),
        (r"\operatorname{lcm}(4, 6)", "12"),
        (r"17 \bmod 5", "2"),
        ("3000!", r"3000\cdot 2999!"),
        ("2^{100000}", r"2\cdot 2^{99999}"),
        (r"f(x)+1", "1+f(x)"),
    ],
)
def test_equal(left: str, right: str) -> None:
    assert equal(left, right) is True


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (r"\sqrt{8}", "2.8284271247461903"),
        (r"\pi", "3.14159265358979323846264338327950288419716939937510"),
        (r"\frac{1}{3}", "0.33333333333333333333333333333333"),
        ("x", "|x|"),
        (r"\sqrt{x^2}", "x"),
        ("x^2", "x^3"),
        ("x", "y"),
        ("x", "x+10^{-30}"),
        (r"\frac{1}{2006!}", r"\frac{1}{2004!}"),
        ("3000!", "3000!+1"),
        ("3000!", "3000!+(2^{61}-1)(2^{89}-1)"),  # the same residues
        ("2^{100000}", "2^{100000}+1"),
        (r"\lfloor x \rfloor", "x"),
        (r"\max(x, 100)", "100"),
        (r"|x-50|", "50-x"),
        (r"\ln(xy)", r"\ln x \cdot \ln y"),
        ("f(x)", "g(x)"),
        ("f(x)", "f(y)"),
        (r"\int x dx", r"\int y dy + 1"),
        (r"\sin x", "x"),
        ("(-1)^n", "1"),
    ],
)
def test_unequal(left: str, right: str) -> None:
    assert equal(left, right) is False


@pytest.mark.parametrize("text", ["9^{9^{9^9}}", "(10^{10})!!", r"\sum_{k=1}^{10^8} k", r"\tan(10^{10^4})"])
def test_what_is_too_large_is_not_decided_and_soon(text: str) -> None:
    began = time.monotonic()
    with suppress(ex.Unreadable):
        assert equal(text, "7") is not True
    assert time.monotonic() - began < 30  # computing it would take longer than anyone waits


def test_values() -> None:
    half = numerics.real_value(parse(r"\sin\frac{\pi}{6}"))
    assert half is not None and half.overlaps(arb(1) / 2)
    assert numerics.real_value(ex.I) is None and numerics.value(ex.I) is not None
    assert numerics.value(Symbol("x")) is None and numerics.value(ex.INFINITY) is None


def test_coordinates_are_the_same_every_time_and_differ_by_name_and_index() -> None:
    points = {numerics.coordinate(name, index) for name in "xyz" for index in range(8)}
    assert len(points) == 24 and numerics.coordinate("x", 0) == numerics.coordinate("x", 0)


def test_real_values_only_where_every_step_is_real() -> None:
    root = ex.power(Symbol("x"), ex.HALF)
    with pytest.raises(NoValue):
        evaluate(root, {"x": acb(-4)}, real=True)
    assert evaluate(root, {"x": acb(-4)}, real=False) == acb(0, 2)


@pytest.mark.parametrize("text", ["x^{-1}", r"\ln x", r"\frac{\sin x}{x}", r"x^{-1/2}"])
def test_poles_have_no_value(text: str) -> None:
    with pytest.raises(NoValue):
        evaluate(parse(text), {"x": acb(0)}, real=True)


def test_an_unknown_function_has_no_value() -> None:
    with pytest.raises(NoValue):
        evaluate(Call("unheard", (ex.ONE,)), {}, real=True)


def test_whole_numbers_of_balls() -> None:
    assert whole(acb(7)) == 7 and upper_bits(acb(8)) == 4 and upper_bits(acb(0)) == 0
    with pytest.raises(NoValue):
        whole(acb(0.5))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("3000!", r"3000\cdot 2999!", True),
        ("3000!", "3000!+1", False),
        ("2^{100000}", "4^{50000}", True),
        (r"\sqrt{2}", r"\sqrt{2}", None),
        ("30000!", "30000!", None),
    ],
)
def test_residues(left: str, right: str, same: bool | None) -> None:
    assert same_residues(parse(left), parse(right)) is same
