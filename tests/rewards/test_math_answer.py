"""The math verifier in this process: (completion, reference, status), which tier decided, what options change."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Completion, Prompt
from rlvr.rewards.math_answer import math_answer

CASES = [
    (r"\boxed{6}", "6", "correct"),
    ("6", "6", "correct"),
    ("6", 6, "correct"),
    ("6", 6.0, "correct"),
    ("7", "6", "wrong"),
    ("-6", "6", "wrong"),
    ("−6", "-6", "correct"),
    ("I can not say what it is", "6", "unparsable"),
    ("", "6", "unparsable"),
    ("6", "", "error"),
    ("6", None, "error"),
    ("6", True, "error"),
    ("6", {"a": 1}, "error"),
    ("6", "$$", "error"),
    (r"\boxed{1,234}", "1234", "correct"),
    (r"\boxed{1{,}234}", "1234", "correct"),
    (r"\boxed{1\,234}", "1234", "correct"),
    ("1 234", "1234", "correct"),
    (r"\boxed{0.5}", r"\frac{1}{2}", "correct"),
    (r"\boxed{\dfrac12}", "1/2", "correct"),
    (r"\boxed{1.5}", "1 1/2", "correct"),
    (r"\boxed{11/2}", "1 1/2", "wrong"),
    (r"\boxed{34}", "3 4", "wrong"),
    (r"\boxed{2/4}", "1/2", "correct"),
    (r"\boxed{-\frac{1}{2}}", "-0.5", "correct"),
    (r"\boxed{0.33}", "1/3", "wrong"),
    (r"\boxed{12345678902}", "12345678901", "wrong"),
    (r"\boxed{\$18}", "18", "correct"),
    (r"\boxed{18.00}", "18", "correct"),
    (r"The answer is 5 apples.", "5", "correct"),
    ("#### 72", "She sold 24 more.\n#### 72", "correct"),
    (r"\boxed{2}", r"so it is \boxed{2}", "correct"),
    (r"\boxed{\text{Friday}}", "friday", "correct"),
    (r"\boxed{Monday}", r"\text{Friday}", "wrong"),
    (r"\boxed{x+1}", "1+x", "correct"),
    (r"\boxed{x+2}", "1+x", "wrong"),
    (r"\boxed{\sqrt{8}}", r"2\sqrt{2}", "correct"),
    (r"\boxed{(1,2)}", "(1,2)", "correct"),
    (r"\boxed{(0,1)}", "[0,1)", "wrong"),
    (r"\boxed{x=5}", "5", "correct"),
    (r"\boxed{\begin{pmatrix}1\\2\end{pmatrix}}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "correct"),
    (r"\boxed{10}", "10 weeks", "correct"),
    (r"\boxed{just 42}", "42", "wrong"),
    ("The answer is not 42.", "42", "unparsable"),
    ("The answer isn't 42.", "42", "unparsable"),
    ("The answer is definitely not 42", "42", "unparsable"),
    ("not 42", "42", "unparsable"),
    (r"\boxed{\neq 42}", "42", "wrong"),
    (r"\boxed{x \neq 5}", r"x \neq 5", "correct"),
    ("The answer is either 1, 2, 3, or 42", "42", "wrong"),
    (r"\boxed{x = 2 \text{ or } x = 3}", r"\{2, 3\}", "correct"),
    ("The answer is **73** dollars.", "73", "correct"),
    ("The total is \\$1,000.50", "1000.5", "correct"),
    ("50", "0.5", "wrong"),
    (r"\boxed{3}", ["2", "3"], "correct"),
    (r"\boxed{4}", ["2", "3"], "wrong"),
    (r"\boxed{4}", ["2", "1 +"], "error"),  # one of them cannot be read: nobody knows whether 4 is it
    (r"\boxed{4}", ["1 +", "2"], "error"),
    (r"\boxed{2}", ["1 +", "2"], "correct"),
    (r"\boxed{4}", [], "error"),
    (r"\boxed{4}", float("nan"), "error"),
    (r"<think>\boxed{6}</think> I give up on this one", "6", "unparsable"),
]


@pytest.mark.parametrize(("text", "reference", "status"), CASES)
def test_cases(text: str, reference: object, status: str) -> None:
    verdict = math_answer(Prompt("p", (), reference), Completion.of_text(text))
    assert verdict.status == status, verdict
    assert verdict.reward == {"correct": 1.0, "wrong": 0.0, "unparsable": 0.0, "error": None}[status]
    assert verdict.reason or status == "wrong"


@pytest.mark.parametrize(
    ("reference", "text", "status", "reason"),
    [  # one line for each tier and status: why the answer is the answer, what it is, which rule decided
        ("0.5", r"so \boxed{0.5}", "correct", "boxed: the same text"),
        ("1/2", r"so \boxed{0.5}", "correct", "boxed: the same rational number"),
        ("6", "#### 7", "wrong", "####: another number"),
        (r"2\sqrt{2}", r"\boxed{\sqrt{8}}", "correct", "boxed: expression: ball arithmetic"),
        (
            r"2\sqrt{2}",
            r"\boxed{\sqrt{9}}",
            "wrong",
            "boxed: number against expression: not the same by ball arithmetic",
        ),
        (r"\{1, 2\}", r"\boxed{2, 1}", "correct", "boxed: list: members in any order"),
        (
            r"[0, 1)",
            r"\boxed{(0, 1)}",
            "wrong",
            "boxed: tuple or interval: not the same by open and closed ends differ",
        ),
        ("5 km", r"\boxed{5000 \text{ m}}", "correct", "boxed: quantity: exact numbers after conversion of units"),
        (r"\int_0^1 x^2 dx", r"\boxed{\frac13}", "correct", "boxed: number: exact numbers"),  # SymPy carried it out
        ("1/3", r"\boxed{\int_0^1 x^2 dx}", "wrong", "boxed: an operation that was not carried out is no answer"),
        ("7", r"\boxed{9^{9^{9^9}}}", "unparsable", "boxed: too large or too strange to be compared"),
        ("x", r"\boxed{9^{9^{9^9}}}", "unparsable", "boxed: too large or too strange to be compared"),
        ("9^{9^{9^9}}", r"\boxed{x}", "error", "boxed: neither equality nor difference could be shown"),
        ("6", "", "unparsable", "no answer found"),
    ],
)
def test_the_reason_says_which_tier_decided(reference: str, text: str, status: str, reason: str) -> None:
    verdict = math_answer(Prompt("p", (), reference), Completion.of_text(text))
    assert (verdict.status, verdict.reason) == (status, reason)


def test_the_answer_is_in_the_verdict() -> None:
    assert math_answer(Prompt("p", (), "1/2"), Completion.of_text(r"so \boxed{0.5}")).answer == "0.5"


@pytest.mark.parametrize(
    ("options", "reference", "text", "default", "under_options"),
    [
        ({"units": "required"}, "5 km", r"\boxed{5}", "correct", "wrong"),
        ({"units": "required"}, "5 km", r"\boxed{5000 \text{ m}}", "correct", "correct"),
        ({"percent": False}, r"50\%", r"\boxed{0.5}", "correct", "wrong"),
        ({"ordered_lists": True}, "1, 2", r"\boxed{2, 1}", "correct", "wrong"),
        ({"ordered_lists": True}, "1, 2", r"\boxed{1, 2}", "correct", "correct"),
        ({"tolerance": 0.02}, "1/3", r"\boxed{0.33}", "wrong", "correct"),
        ({"tolerance": 0.02}, "1/3", r"\boxed{0.3}", "wrong", "wrong"),
    ],
)
def test_options(options: dict[str, Any], reference: str, text: str, default: str, under_options: str) -> None:
    prompt, completion = Prompt("p", (), reference), Completion.of_text(text)
    assert math_answer(prompt, completion).status == default
    assert math_answer(prompt, completion, **options).status == under_options


@pytest.mark.parametrize(
    ("language", "reference", "text", "status"),
    [
        ("de", "3.14", r"\boxed{3,14}", "correct"),
        ("de", "1234.5", r"\boxed{1.234,5}", "correct"),
        ("fr", "3.14", r"\boxed{3{,}14}", "correct"),
        ("ru", "3.14", r"\boxed{3,15}", "wrong"),
        ("de", "(1, 2)", r"\boxed{(1,2)}", "correct"),  # a pair stays one
        ("en", "1234", r"\boxed{1,234}", "correct"),
        ("de", "1234", r"\boxed{1.234}", "correct"),
        ("en", "1234", r"\boxed{1.234}", "wrong"),
        ("zh", "5", "答案是5米。", "correct"),
        ("ar", "3.5", r"\boxed{٣٫٥}", "correct"),
    ],
)
def test_languages(language: str, reference: str, text: str, status: str) -> None:
    prompt = Prompt("p", (), reference, meta={"lang": language})
    assert math_answer(prompt, Completion.of_text(text)).status == status


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        (r"(3, \frac{\pi}{2})", r"\boxed{\left(3,\tfrac{\pi}{2}\right)}"),
        ("60 km/h", r"The train's speed is \boxed{60}"),
        ("60", r"\boxed{60 \text{ km/h}}"),
        ("5", "Janet has 5 apples."),
    ],
)
def test_the_examples_of_the_lectures(reference: str, text: str) -> None:
    assert math_answer(Prompt("p", (), reference), Completion.of_text(text)).status == "correct"


def test_numbers_are_decided_without_sympy_or_flint_and_nothing_loads_torch() -> None:
    code = (
        "import sys\nfrom rlvr.core import *\nfrom rlvr.rewards import check_verifiers, math_answer\n"
        "for text in ('\\\\boxed{6}', '6', '7', '12/2'):\n"
        "    math_answer(Prompt('p', (), '6'), Completion.of_text(text))\n"
        "check_verifiers([VerifierUse('math')])\n"
        "print([m for m in ('sympy', 'flint', 'torch', 'numpy') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=environment)
    assert done.stdout == "[]\n", done


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=3+5=8, b=8*7=6,", "unparsable"),  # cut off in its work: the last number is no answer
        ("6", "unparsable"),  # perhaps 60, had there been room
        (r"so \boxed{6}. Now let me", "correct"),  # the answer was given before the limit
        ("The answer is 6. Let me", "correct"),
    ],
)
def test_a_truncated_completion_is_paid_only_for_a_marked_answer(text: str, expected: str) -> None:
    prompt = Prompt("p", (), "6")
    assert math_answer(prompt, Completion((), text, finish_reason="length")).status == expected


def test_work_is_not_an_answer_that_ends_in_the_reference() -> None:
    # As a whole it "equals" 6; its last number is what it says, and a wrong last number is wrong.
    assert math_answer(Prompt("p", (), "6"), Completion.of_text("a=3+5=8, b=8*7=6, c=6+1=7")).status == "wrong"
