"""The math verifier, in this process: (completion, reference, status), and what decides without SymPy."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from rlvr.core import Completion, Prompt
from rlvr.rewards.math_answer import math_answer, plain, rational

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
    (r"\boxed{\neq 42}", "42", "unparsable"),
    (r"\boxed{x \neq 5}", r"x \neq 5", "correct"),
    ("The answer is either 1, 2, 3, or 42", "42", "wrong"),
    (r"\boxed{x = 2 \text{ or } x = 3}", r"\{2, 3\}", "correct"),
    ("The answer is **73** dollars.", "73", "correct"),
    ("The total is \\$1,000.50", "1000.5", "correct"),
    ("50", "0.5", "wrong"),
    (r"\boxed{3}", ["2", "3"], "correct"),
    (r"\boxed{4}", ["2", "3"], "wrong"),
    (r"\boxed{4}", [], "error"),
    (r"<think>\boxed{6}</think> I give up on this one", "6", "unparsable"),
]


@pytest.mark.parametrize(("text", "reference", "status"), CASES)
def test_cases(text: str, reference: object, status: str) -> None:
    verdict = math_answer(Prompt("p", (), reference), Completion.of_text(text))
    assert verdict.status == status, verdict
    assert verdict.reward == {"correct": 1.0, "wrong": 0.0, "unparsable": 0.0, "error": None}[status]
    assert verdict.reason or status == "wrong"


def test_the_answer_and_the_rule_are_in_the_verdict() -> None:
    verdict = math_answer(Prompt("p", (), "1/2"), Completion.of_text(r"so \boxed{0.5}"))
    assert (verdict.answer, verdict.reason) == ("0.5", "boxed: same number")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", Fraction(12)),
        ("-1,234.5", Fraction(-2469, 2)),
        (".5", Fraction(1, 2)),
        (r"-\frac{3}{6}", Fraction(-1, 2)),
        (r"\tfrac12", Fraction(1, 2)),
        ("1 1/2", Fraction(3, 2)),
        ("1/0", None),
        ("1,23", None),
        ("1e5", None),
        ("x", None),
        ("9" * 5000, None),
    ],
)
def test_rational(text: str, value: Fraction | None) -> None:
    assert rational(plain(text)) == value


def test_numbers_are_decided_without_sympy_and_nothing_loads_torch() -> None:
    code = (
        "import sys\nfrom rlvr.core import *\nfrom rlvr.rewards import check_verifiers, math_answer\n"
        "for text in ('\\\\boxed{6}', '6', '7', '1/2', 'what do you want me to say'):\n"
        "    math_answer(Prompt('p', (), '6'), Completion.of_text(text))\n"
        "check_verifiers([VerifierUse('math')])\n"
        "print([m for m in ('sympy', 'math_verify', 'torch', 'numpy') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
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
