"""The grammar: precedence, relations, lists and sets; and what it refuses."""

import pytest

from rlvr.rewards.mathematics import expression as ex
from rlvr.rewards.mathematics.characters import normalised
from rlvr.rewards.mathematics.expression import Unreadable
from rlvr.rewards.mathematics.grammar import MAX_DEPTH, Parser
from rlvr.rewards.mathematics.tokens import tokens
from rlvr.rewards.mathematics.values import EXPRESSIONS, Group, NamedSet, Relation, SetOperation, Value


def parse(text: str) -> Value:
    return Parser(tokens(normalised(text))).whole()


def key(text: str) -> str:
    value = parse(text)
    assert isinstance(value, EXPRESSIONS), value
    return ex.key(value)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("1+2*3", "7"),
        ("2*3^2", "18"),
        ("-2^2", "-4"),
        ("(-2)^2", "4"),
        ("2^3^2", "512"),
        ("2^{-1}", "1/2"),
        ("2**-1", "1/2"),
        ("8/4/2", "1"),
        ("8-4-2", "2"),
        ("1 - - 1", "2"),
        (r"6 \div 2 \cdot 3", "9"),
        (r"\frac{1}{2} + \frac13", "5/6"),
        (r"1\frac{1}{2}", "3/2"),
        (r"-1\frac{1}{2}", "-3/2"),
        ("1 1/2", "3/2"),
        ("3!", "6"),
        ("2^3!", "64"),
        ("1/2x", "x/2"),  # two plain numbers around the slash
        ("a/2b", "a/(2b)"),
        ("2x", "2*x"),
        ("xy", "x*y"),
        ("2(x+1)", "2*(x+1)"),
        ("(x)(y)", "x*y"),
        (r"x\sqrt{2}", r"\sqrt{2}*x"),
        (r"2\pi r", "2*pi*r"),
        ("10 mod 3", r"10 \bmod 3"),
        (r"\sqrt[3]{x}", "cbrt(x)"),
        ("0.5", "1/2"),
        ("1e3", "1000"),
    ],
)
def test_the_same_reading(text: str, same: str) -> None:
    assert key(text) == key(same)


@pytest.mark.parametrize(
    ("text", "other"),
    [("1/2x", "1/(2x)"), ("-2^2", "4"), ("2^3^2", "64"), ("8/4/2", "4"), (r"2\frac12", "1"), ("x_1", "x_2")],
)
def test_another_reading(text: str, other: str) -> None:
    assert key(text) != key(other)


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("x = 5", ("=",)),
        ("1 < x <= 3", ("<", "<=")),
        ("x >= 1", (">=",)),
        (r"x \ne 1", ("!=",)),
        (r"\pi \approx 3.14", ("~",)),
        (r"x \in \mathbb{R}", ("in",)),
        (r"x \equiv 2 \pmod 5", ("equiv",)),
        ("a = b = c", ("=", "=")),
    ],
)
def test_relations(text: str, signs: tuple[str, ...]) -> None:
    value = parse(text)
    assert isinstance(value, Relation) and value.signs == signs and len(value.sides) == len(signs) + 1


@pytest.mark.parametrize("text", [r"x \equiv 2 \pmod 5", "x ≡ 2 (mod 5)", r"2 \pmod{5}", r"x \equiv 2 \bmod 5"])
def test_the_modulus_of_a_congruence(text: str) -> None:
    value = parse(text)
    assert isinstance(value, Relation) and (value.modulus, value.sides[1]) == (ex.number(5), ex.TWO)


@pytest.mark.parametrize(
    ("text", "left", "count", "right"),
    [
        ("1, 2", "", 2, ""),
        ("1 and 2", "", 2, "and"),
        ("1 or 2", "", 2, "or"),
        ("1, 2, and 3", "", 3, "and"),
        ("(1, 2)", "(", 2, ")"),
        ("[0, 1)", "[", 2, ")"),
        ("]0, 1[", "]", 2, "["),
        (r"\{1, 2, 3\}", "{", 3, "}"),
        (r"\{1\}", "{", 1, "}"),
        ("(1, 2), (3, 4)", "", 2, ""),
        (r"\langle 1, 2 \rangle", "(", 2, ")"),
    ],
)
def test_groups(text: str, left: str, count: int, right: str) -> None:
    value = parse(text)
    assert isinstance(value, Group)
    assert (value.left, len(value.items), value.right) == (left, count, right)


def test_brackets_around_one_thing_only_group() -> None:
    assert parse("(x)") == parse("[x]") == parse("x")


@pytest.mark.parametrize(
    ("text", "sign"),
    [(r"(0,1) \cup (2,3)", "union"), (r"(0,3) \cap (2,5)", "intersection"), (r"\mathbb{R} \setminus \{0\}", "minus")],
)
def test_operations_on_sets(text: str, sign: str) -> None:
    value = parse(text)
    assert isinstance(value, SetOperation) and value.sign == sign


def test_sets_by_name_and_by_a_condition() -> None:
    assert parse(r"\emptyset") == parse(r"\{\}") == NamedSet("empty")
    assert parse(r"\{x \mid x > 1\}") == parse(r"\{x : x > 1\}") == parse("x > 1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "(1",
        "1)",
        "x =",
        r"\frac{1}{",
        "1, 2, ...",
        "a => b",
        r"\unknowncommand",
        "{1, 2",
        "|x",
        "1/0",
        "[1, 2}",
        "hello world",
        r"\begin{pmatrix}1\\2",
        "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1),
    ],
)
def test_what_is_no_answer_cannot_be_read(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


def test_depth_up_to_the_limit_is_read() -> None:
    depth = MAX_DEPTH - 2
    assert parse("(" * depth + "1" + ")" * depth) == ex.ONE
