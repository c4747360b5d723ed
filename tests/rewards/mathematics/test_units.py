"""Units: their sizes, their many spellings, and which of them are of one kind."""

from fractions import Fraction

import pytest

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics import numerics, units
from rlvr.rewards.mathematics.reading import read
from rlvr.rewards.mathematics.unit_table import is_known, known
from rlvr.rewards.mathematics.values import EXPRESSIONS, Quantity, Unit


def unit(text: str) -> Unit:
    found = units.read(text)
    assert found is not None, text
    return found


@pytest.mark.parametrize(
    ("text", "factor", "powers"),
    [
        ("m", 1, {"length": 1}),
        ("km/h", Fraction(5, 18), {"length": 1, "time": -1}),
        ("km per hour", Fraction(5, 18), {"length": 1, "time": -1}),
        ("kph", Fraction(5, 18), {"length": 1, "time": -1}),
        ("meters per second", 1, {"length": 1, "time": -1}),
        (r"\text{ m/s}^2", 1, {"length": 1, "time": -2}),
        ("cm^2", Fraction(1, 10**4), {"length": 2}),
        ("square feet", Fraction(381, 1250) ** 2, {"length": 2}),
        ("cubic meters", 1, {"length": 3}),
        ("liters", Fraction(1, 1000), {"length": 3}),
        (r"\text{kg}\cdot\text{m}", 1, {"length": 1, "mass": 1}),
        ("inches", Fraction(127, 5000), {"length": 1}),
        ("cents", Fraction(1, 100), {"dollar": 1}),
        ("公里", 1000, {"length": 1}),
        ("часа", 3600, {"time": 1}),
        ("Stunde", 3600, {"time": 1}),
        ("degrees Celsius", 1, {"temperature": 1}),
    ],
)
def test_units_that_convert(text: str, factor: Fraction, powers: dict[str, int]) -> None:
    found = unit(text)
    assert found.factor == ex.number(factor)
    assert found.powers == tuple(sorted(powers.items()))


@pytest.mark.parametrize(("text", "name"), [("apples", "apple"), ("boxes of apples", "box apple"), ("ladies", "lady")])
def test_other_words_are_units_that_agree_with_themselves(text: str, name: str) -> None:
    assert unit(text) == Unit(name)


@pytest.mark.parametrize("text", ["is wrong", "or 43", "but not 42", "= 5", "m + 3", "7", "not apples"])
def test_what_is_no_unit(text: str) -> None:
    assert units.read(text) is None


@pytest.mark.parametrize(
    ("left", "right", "agree"),
    [
        ("km", "cm", True),
        ("km", "hours", False),
        ("cm", "cm^2", False),
        ("km/h", "mph", True),
        ("liters", "cubic meters", True),
        ("dollars", "euros", False),
        ("apples", "apples", None),
        ("apples", "red apples", None),
        ("apples", "pears", False),
        ("apples", "km", False),
        ("%", "percent", True),
        ("°", "degrees", True),
    ],
)
def test_agreement(left: str, right: str, agree: bool | None) -> None:
    assert units.agree(unit(left), unit(right)) is agree
    assert units.agree(unit(right), unit(left)) is agree


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1 km", "1000 m", True),
        ("1 km", "1000 cm", False),
        ("90 minutes", "1.5 hours", True),
        ("100 °C", "212 °F", True),
        ("0 °C", "0 K", False),
        ("36 km/h", "10 m/s", True),
        ("1 foot", "12 inches", True),
        ("50 cents", "0.5 dollars", True),
        ("2 hours 30 minutes", "150 minutes", True),
        ("5 feet 6 inches", "66 inches", True),
    ],
)
def test_conversion(one: str, other: str, same: bool) -> None:
    values = []
    for text in (one, other):
        quantity = read(text)
        assert isinstance(quantity, Quantity) and isinstance(quantity.value, EXPRESSIONS), quantity
        values.append(units.in_base(quantity.value, quantity.unit))
    assert numerics.equal(values[0], values[1]) is same


def test_single_letters_are_case_sensitive_and_words_are_not() -> None:
    assert known("M") is None and known("Km") == known("km") is not None
    assert is_known("Percent") and not is_known("apples")


def test_a_letter_after_a_number_may_be_a_unit() -> None:
    metres = units.as_quantity(ex.multiply(ex.number(5), ex.Symbol("m")))
    assert metres is not None and metres.unit.powers == (("length", 1),)
    assert units.as_quantity(ex.multiply(ex.number(5), ex.Symbol("x"))) is None
    assert units.as_quantity(ex.Symbol("m")) is None
