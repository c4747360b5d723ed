"""Reading a whole answer: wrappers come off, times, dates, choices and words are what they are."""

from contextlib import suppress
from fractions import Fraction

import pytest

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics import units
from rlvr.rewards.mathematics.expression import Call, Number, Symbol, Unreadable
from rlvr.rewards.mathematics.number_words import number_of_words
from rlvr.rewards.mathematics.reading import read
from rlvr.rewards.mathematics.values import (
    Date,
    Group,
    NamedSet,
    Quantity,
    Relation,
    TimeOfDay,
    Value,
    Words,
    kind,
    unevaluated,
)
from rlvr.rewards.mathematics.wording import MAX_CHARACTERS

FIVE = ex.number(5)


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "$5$",
        r"\(5\)",
        r"\[5\]",
        r"\boxed{5}",
        r"\fbox{5}",
        r"\text{5}",
        r"\mathbf{5}",
        "**5**",
        "5.",
        "5,",
        r"\displaystyle 5",
        r"\boxed{\text{5}}",
        "５",
        "five",
        r"\text{five}",
        "+5",
    ],
)
def test_wrappers_come_off(text: str) -> None:
    assert read(text) == FIVE


@pytest.mark.parametrize(
    ("text", "value"), [("5!", ex.number(120)), ("0.", ex.ZERO), (r"\{5\}", Group("{", (FIVE,), "}"))]
)
def test_what_is_no_wrapper_stays(text: str, value: Value) -> None:
    assert read(text) == value


def ratio(hour: int, minute: int) -> Call:
    return Call("ratio", (ex.number(hour), ex.number(minute)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3:30 PM", TimeOfDay(55_800, True)),
        ("3:30 a.m.", TimeOfDay(12_600, True)),
        ("12:00 AM", TimeOfDay(0, True)),
        ("3 pm", TimeOfDay(54_000, True)),
        ("15:30", TimeOfDay(55_800, True, ratio(15, 30))),
        ("3:30", TimeOfDay(12_600, False, ratio(3, 30))),
        (r"3\!:\!30 \text{ PM}", TimeOfDay(55_800, True)),
        ("March 14, 2015", Date(2015, 3, 14)),
        ("14 March", Date(None, 3, 14)),
        ("1st of May 2001", Date(2001, 5, 1)),
        ("2015-03-14", Date(2015, 3, 14)),
        ("Sep 2020", Date(2020, 9, None)),
        ("(B)", Symbol("B")),
        ("B.", Symbol("B")),
        ("(C) heat", Symbol("C")),
        ("1A in base 16", Call("numeral", (ex.number(26), ex.number(16), Symbol("1A")))),
        ("no solution", NamedSet("empty")),
        (r"\text{all real numbers}", NamedSet("R")),
        ("undefined", Words("undefined")),
        ("DNE", Words("undefined")),
        ("The Pacific Ocean", Words("pacific ocean")),
        ("Yes.", Words("yes")),
        ("forty-two", ex.number(42)),
        (r"\$18", Quantity(ex.number(18), units.read("dollars"))),  # type: ignore[arg-type]  # a known unit
        ("50%", Quantity(ex.number(50), units.PERCENT)),
        ("50 percent", Quantity(ex.number(50), units.PERCENT)),
        (r"90^\circ", Quantity(ex.number(90), units.DEGREE)),
        ("3.5", Number(Fraction(7, 2), True)),
        (
            r"x = \pm 2",
            Group("", (Relation((Symbol("x"), ex.TWO), ("=",)), Relation((Symbol("x"), ex.number(-2)), ("=",))), ""),
        ),
        (r"1 \pm x", Group("", (ex.add(ex.ONE, Symbol("x")), ex.add(ex.ONE, ex.negate(Symbol("x")))), "")),
    ],
)
def test_kinds_of_answers(text: str, value: Value) -> None:
    found = read(text)
    if isinstance(value, Quantity) and isinstance(found, Quantity):
        assert (found.value, found.unit.powers) == (value.value, value.unit.powers)
    else:
        assert found == value


@pytest.mark.parametrize("text", ["25:00", "3:75", "13 pm", "February 31, 2015 years", "2015-13-01"])
def test_what_no_clock_or_calendar_shows(text: str) -> None:
    with suppress(Unreadable):
        assert not isinstance(read(text), TimeOfDay | Date)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("5 apples", FIVE, "apple"),
        (r"5\text{ cm}", FIVE, "cm"),
        (r"5 \text{ km/h}", FIVE, "km/h"),
        ("5 km per hour", FIVE, "km per hour"),
        (r"\frac{1}{2} \text{ liters}", ex.HALF, "liters"),
        ("5 meters", FIVE, "meters"),
        (r"5\text{ min}", FIVE, "min"),
        ("5 min", FIVE, "min"),
        (r"5\text{ in}", FIVE, "in"),
        ("5米", FIVE, "米"),
        ("five red apples", FIVE, "red apple"),
        ("Area = 5 cm^2", FIVE, "cm^2"),
    ],
)
def test_units_are_taken_from_the_end(text: str, value: Value, unit: str) -> None:
    found = read(text)
    assert isinstance(found, Quantity) and found.value == value
    assert found.unit.text == unit


def test_a_letter_that_is_no_unit_multiplies() -> None:
    assert read("5x") == ex.multiply(FIVE, Symbol("x"))


def test_items_have_their_own_units() -> None:
    found = read(r"3 \text{ cats and } 4 \text{ dogs}")
    assert isinstance(found, Words) or (isinstance(found, Group) and len(found.items) == 2)
    lengths = read(r"3 \text{ cm}, 4 \text{ cm}")
    assert isinstance(lengths, Group) and all(isinstance(item, Quantity) for item in lengths.items)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("seven", 7),
        ("forty-two", 42),
        ("one hundred and five", 105),
        ("two thousand", 2000),
        ("a few", None),
        ("ninety apples", None),
    ],
)
def test_numbers_in_words(words: str, value: int | None) -> None:
    assert number_of_words(words) == value


@pytest.mark.parametrize(
    "text",
    ["", "$$", r"\boxed{}", "???", "1" * 5000, "x" * 30_000, "(" * 300 + "1" + ")" * 300, "words " * MAX_CHARACTERS],
)
def test_what_is_neither_mathematics_nor_a_few_words(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\int_0^1 x dx", True),
        (r"\sum_{n=1}^{3} n", True),
        (r"\int_0^1 x dx = \frac12", False),  # carried out at its end
        (r"(1, \lim_{x \to 0} x)", True),
        ("x + 1", False),
    ],
)
def test_what_nobody_carried_out(text: str, expected: bool) -> None:
    assert unevaluated(read(text)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", "number"),
        ("x", "expression"),
        ("1, 2", "list"),
        (r"\{1, 2\}", "set"),
        ("(1, 2)", "tuple or interval"),
        ("(1, 2, 3)", "tuple"),
        ("x = 5", "equation"),
        ("x < 5", "relation"),
        ("5 cm", "quantity"),
        ("3:30", "time of day"),
        ("Friday", "text"),
        (r"\emptyset", "set"),
        (r"\begin{pmatrix}1\end{pmatrix}", "matrix"),
    ],
)
def test_the_kind_in_a_word(text: str, expected: str) -> None:
    assert kind(read(text)) == expected
