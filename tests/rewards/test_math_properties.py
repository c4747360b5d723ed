"""Properties of the math verifier's equality: reflexive, symmetric, the same in all notations, lost by any change."""

import functools
import json
import math
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.core import STATUSES, Completion, Prompt, Verdict
from rlvr.rewards.math_answer import math_answer
from tests.rewards.math_cases import FAMILIES, Value
from tests.rewards.math_cases.numerals import decimal, fraction_notations
from tests.rewards.math_cases.value import Draw

#: Pieces of answers: strung together they are seldom mathematics and often nearly so.
TOKENS = [
    "1",
    "2",
    "3",
    "10",
    "0",
    "x",
    "y",
    "n",
    "i",
    "e",
    "\\pi",
    "+",
    "-",
    "*",
    "/",
    "^",
    "^{2}",
    "_",
    "(",
    ")",
    "[",
    "]",
    "\\{",
    "\\}",
    "{",
    "}",
    ",",
    ";",
    "=",
    "<",
    ">",
    "\\le",
    "\\ne",
]
TOKENS += [
    "\\frac{1}{2}",
    "\\frac",
    "\\sqrt{2}",
    "\\sqrt",
    "\\sin x",
    "\\ln",
    "\\infty",
    "\\cup",
    "\\pm",
    "!",
    "|",
    "%",
    "\\%",
    "^\\circ",
    "\\text{ cm}",
    "km",
    "\\text{or}",
    " and ",
    "\\cdot",
    "\\times",
    " ",
]
TOKENS += [
    "\\begin{pmatrix}",
    "\\end{pmatrix}",
    "&",
    "\\\\",
    "\\left(",
    "\\right)",
    ".",
    "0.5",
    "\\overline{3}",
    ":",
    "\\equiv",
    "\\pmod{7}",
    "A",
    "(B)",
    "\\text{odd}",
    "\\in",
    "\\mathbb{R}",
    "\\int",
    "\\sum_{k=1}^{3}",
    "dx",
]

POOL = int(os.environ.get("MATH_POOL", "1"))  # values of each family; making them costs more than judging them
families = st.sampled_from(sorted(FAMILIES))
drawings = st.integers(0, POOL - 1)
seeds = st.integers(0, 10_000)
soups = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=9).map("".join)
texts = st.one_of(soups, st.text(max_size=40))


def compare(gold: str, answer: str) -> Verdict:
    return math_answer(Prompt("p", (), gold), Completion.of_text(f"\\boxed{{{answer}}}"))


@functools.cache
def drawn(kind: str, drawing: int) -> Value:
    return FAMILIES[kind](Draw(f"{kind}/{drawing}"))


def balanced(text: str) -> bool:
    depth = 0
    for mark in re.findall(r"\\.?|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        if depth < 0 or mark == "\\":
            return False
    return depth == 0


@given(families, drawings, seeds)
@settings(max_examples=200)
def test_every_notation_equals_itself(kind: str, drawing: int, seed: int) -> None:
    draw, value = Draw(seed), drawn(kind, drawing)
    notation = draw.one([*value.same, *(text for text, _ in value.other)])
    found = compare(notation, notation)
    assert found.status == "correct", (notation, found)


@given(families, drawings, seeds)
@settings(max_examples=200)
def test_equality_is_symmetric(kind: str, drawing: int, seed: int) -> None:
    """For answers of which neither is a sum or determinant left to be worked out."""
    draw, value = Draw(seed), drawn(kind, drawing)
    if kind in ("sum", "determinant"):
        return
    a, b = draw.few([*value.same, *(text for text, _ in value.other)], 2)
    there, back = compare(a, b), compare(b, a)
    assert (there.status == "correct") == (back.status == "correct"), (a, b, there, back)


@given(texts)
@settings(max_examples=300)
def test_any_text_equals_itself_or_cannot_be_read(text: str) -> None:
    if not balanced(text):
        return  # the box would end elsewhere
    found = compare(text, text)
    assert found.status in ("correct", "unparsable", "error"), (text, found)


@given(soups, soups)
@settings(max_examples=300)
def test_equality_of_any_texts_is_symmetric(a: str, b: str) -> None:
    there, back = compare(a, b), compare(b, a)
    assert (there.status == "correct") == (back.status == "correct"), (a, b, there, back)


@given(texts, st.one_of(texts, soups.map("The answer is ${}$".format), soups.map("\\boxed{{{}}}".format)))
@settings(max_examples=300)
def test_it_never_raises_and_its_verdict_is_a_proper_one(gold: str, text: str) -> None:
    found = math_answer(Prompt("p", (), gold), Completion.of_text(text))
    assert found.status in STATUSES and found.status not in ("timeout", "partial")
    assert found.reward == {"correct": 1.0, "wrong": 0.0, "unparsable": 0.0, "error": None}[found.status]
    assert "\n" not in found.reason and len(found.reason) < 500
    again = math_answer(Prompt("p", (), gold), Completion.of_text(text))
    assert (again.status, again.reason, again.answer) == (found.status, found.reason, found.answer)


fractions = st.fractions(min_value=-1000, max_value=1000, max_denominator=500)


def notations(value: Fraction, seed: int) -> list[str]:
    draw = Draw(seed)
    whole = [
        str(value.numerator),
        f"{value.numerator}.0",
        f"\\text{{{value.numerator}}}",
        f"\\frac{{{value.numerator * 3}}}{{3}}",
    ]
    found = whole if value.denominator == 1 else fraction_notations(draw, value)
    return [*found, text] if (text := decimal(value)) is not None else found


@given(fractions, seeds)
@settings(max_examples=200)
def test_a_fraction_equals_itself_in_all_notations(value: Fraction, seed: int) -> None:
    gold, answer = (Draw(seed + i).one(notations(value, seed)) for i in range(2))
    assert compare(gold, answer).status == "correct", (gold, answer)


@given(fractions, fractions, seeds)
@settings(max_examples=200)
def test_another_fraction_is_another(a: Fraction, b: Fraction, seed: int) -> None:
    if a != b:
        gold, answer = Draw(seed).one(notations(a, seed)), Draw(seed + 1).one(notations(b, seed))
        assert compare(gold, answer).status == "wrong", (gold, answer)


@given(st.integers(10, 10**60), st.sampled_from([1, -1, 2, 10]))
def test_a_changed_integer_is_another(n: int, change: int) -> None:
    for gold, answer in (
        (f"{n}", f"{n + change}"),
        (f"{n:,}", f"{n + change}"),
        (f"\\frac{{1}}{{{n}}}", f"1/{n + change}"),
        (f"\\sqrt{{{n}}}", f"\\sqrt{{{n + change}}}"),
        (f"\\pi + {n}", f"{n + change} + pi"),
    ):
        assert compare(gold, answer).status == "wrong", (gold, answer)
        assert compare(gold, gold).status == "correct"


@given(st.floats(1e-300, 1e300, allow_nan=False))
def test_a_float_and_its_neighbour_differ(number: float) -> None:
    other = math.nextafter(number, math.inf)
    assert compare(repr(number), repr(number)).status == "correct"
    assert compare(repr(number), repr(other)).status == "wrong"


@given(families, drawings, seeds)
@settings(max_examples=200)
def test_a_changed_value_is_another(kind: str, drawing: int, seed: int) -> None:
    draw, value = Draw(seed), drawn(kind, drawing)
    gold, (answer, why) = draw.one(value.references or value.same), draw.one(value.other)
    found = compare(gold, answer)
    assert found.status in ("wrong", "unparsable"), (gold, answer, why, found)


def test_verdicts_are_the_same_in_a_fresh_process() -> None:
    """Neither the hash seed nor what was judged before matters."""
    code = (
        "import json\nfrom rlvr.core import *\nfrom rlvr.rewards.math_answer import math_answer\n"
        "from tests.rewards.math_cases.probes import PAID, UNEQUAL, UNPAID\n"
        "pairs = PAID + [(gold, text) for gold, text, _ in UNPAID] + [(g, f'$${a}$$') for g, a in UNEQUAL]\n"
        "found = [math_answer(Prompt('p', (), gold), Completion.of_text(text)) for gold, text in pairs]\n"
        "print(json.dumps([[v.status, v.answer, v.reason] for v in found]))"
    )
    root = Path(__file__).resolve().parents[2]
    runs = []
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        assert done.returncode == 0, done.stderr
        runs.append(json.loads(done.stdout))
    assert runs[0] == runs[1]
