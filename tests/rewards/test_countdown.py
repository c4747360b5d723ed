r"""The countdown verifier against answers that cheat, and against every generated solution."""

import time

import pytest

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards.countdown import countdown, evaluate

ANSWER = {"numbers": [3, 5, 8, 25], "target": 68}  # (25 - 5) * 3 + 8 = 68


def judge(text: str, answer: object = ANSWER, **options: float) -> Verdict:
    prompt = Prompt("p", ({"role": "user", "content": "?"},), answer, "countdown")
    return Verdict.of(countdown(prompt, Completion.of_text(text), **options))


def boxed(expression: str) -> str:
    return f"Let me think. \\boxed{{{expression}}}"


@pytest.mark.parametrize(
    "expression",
    [
        "(25 - 5) * 3 + 8",
        "8+3*(25-5)",
        r"(25 - 5) \times 3 + 8",
        r"\left(25 - 5\right) \cdot 3 + 8",
        "$(25−5)×3+8$",
        "(25 - 5) * 3 + 8 = 68",
        "-(5 - 25) * 3 + 8",
        "((((25 - 5)))) * 3 + 8",
    ],
)
def test_right_answers(expression: str) -> None:
    assert judge(boxed(expression)).status == "correct"


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("8 / (3 - 8 / 3)", {"numbers": [3, 3, 8, 8], "target": 24}),  # exact only in fractions: 8 / (1/3)
        (r"\frac{8}{3 - \frac{8}{3}}", {"numbers": [3, 3, 8, 8], "target": 24}),
        (r"6 \div 2 + 7", {"numbers": [2, 6, 7], "target": 10}),
    ],
)
def test_fractions_are_exact(expression: str, answer: dict) -> None:
    assert judge(boxed(expression), answer).status == "correct"


@pytest.mark.parametrize(
    ("expression", "status", "reason"),
    [
        ("25 * 3 - 5", "wrong", "uses"),  # 8 is left out
        ("(25 - 5) * 3 + 8 + 8 - 8", "wrong", "uses"),
        ("68", "wrong", "uses"),
        ("60 + 8", "wrong", "uses"),
        ("(25 - 5) * 3 + 8 + 0", "wrong", "uses"),
        ("258 - 53", "wrong", "uses"),  # digits of the numbers, glued together
        ("25 * 5 * 3 * 8", "wrong", "equals 3000, not 68"),
        ("25 / (8 - 5 - 3)", "wrong", "division by zero"),
        (r"\frac{25}{8 - 5 - 3}", "wrong", "division by zero"),
        ("(25 - 5) * 3 + 8 = 70", "unparsable", "differ"),
        ("68 = 68", "wrong", "uses"),
        ("x = (25 - 5) * 3 + 8", "unparsable", "not arithmetic"),
        ("7**8**9", "unparsable", "'**'"),
        ("25 // 5", "unparsable", "'//'"),
        ("25 ^ 5", "unparsable", "not arithmetic"),
        ("25 % 5", "unparsable", "not arithmetic"),
        ("2(25)", "unparsable", "unexpected"),
        ("25 5", "unparsable", "unexpected"),
        ("(25 - 5", "unparsable", "expected ')'"),
        ("25 -", "unparsable", "expected a number"),
        ("25.0 - 5", "unparsable", "not arithmetic"),
        ("1e9", "unparsable", "not arithmetic"),
        ("0x10", "unparsable", "not arithmetic"),
        ("9" * 300, "unparsable", "digits"),
        ("٢٥ - ٥", "unparsable", "not arithmetic"),  # Arabic-Indic digits: int() would take them
        ("２５ - ５", "unparsable", "not arithmetic"),  # full-width digits
        ("²5", "unparsable", "not arithmetic"),  # str.isdigit() says yes to a superscript
        ("__import__('os').system('true')", "unparsable", "not arithmetic"),
        ("(lambda: 68)()", "unparsable", "not arithmetic"),
        (r"\leftarrow 25", "unparsable", "not arithmetic"),
        ("(" * 150 + "25" + ")" * 150, "unparsable", "nested deeper"),
        ("-" * 300 + "25", "unparsable", "nested deeper"),
        (r"\frac{" * 34 + "1" + "}{1}" * 34, "unparsable", "nested deeper"),
        ("1+" * 5000 + "1", "unparsable", "longer than"),
        ("", "unparsable", "expected a number"),
        ("()", "unparsable", "expected a number"),
    ],
)
def test_wrong_and_hostile_answers(expression: str, status: str, reason: str) -> None:
    verdict = judge(boxed(expression))
    assert (verdict.status, verdict.reward) == (status, 0.0)
    assert reason in verdict.reason


def test_the_last_closed_box_counts() -> None:
    right, wrong = boxed("(25 - 5) * 3 + 8"), boxed("25 + 5 + 3 + 8")
    assert judge(wrong + right).status == "correct"
    assert judge(right + wrong).status == "wrong"
    assert judge(right + r" \boxed{25 -").status == "correct"  # cut off by the token limit
    assert judge("(25 - 5) * 3 + 8").status == "unparsable"


def test_a_format_reward_is_partial_and_only_for_expressions() -> None:
    assert judge(boxed("25 + 5 + 3 + 8"), format_reward=0.1) == Verdict(
        0.1, "partial", "25 + 5 + 3 + 8", "equals 41, not 68"
    )
    assert judge(boxed("(25 - 5) * 3 + 8"), format_reward=0.1).reward == 1.0
    assert judge(boxed("os.system"), format_reward=0.1).reward == 0.0


def test_megabytes_of_boxes_take_no_time() -> None:
    started = time.perf_counter()
    for text in (r"\boxed{" * 200_000, r"\boxed{}" * 200_000, r"\boxed{" + "{" * 1_000_000, boxed("1" * 1_000_000)):
        assert judge(text).reward == 0.0
    assert time.perf_counter() - started < 10


def test_a_reference_of_another_shape_is_the_data_sets_fault() -> None:
    with pytest.raises(ValueError, match="countdown answer"):
        judge(boxed("1"), "68")


def test_every_generated_solution_is_correct() -> None:
    from rlvr.data import load_prompts

    for prompt in load_prompts("countdown", options={"count": 300, "max_numbers": 6}).prompts:
        verdict = Verdict.of(countdown(prompt, Completion.of_text(boxed(prompt.meta["solution"]))))
        assert verdict.status == "correct", (prompt, verdict)


def test_evaluate_returns_the_value_and_the_numbers() -> None:
    value, used = evaluate("7 / 2 - 3")
    assert (value * 2, used) == (1, [7, 2, 3])
