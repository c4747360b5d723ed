"""The choice verifier: (completion, reference, status) over four options."""

import pytest

from rlvr.core import Completion, Prompt
from rlvr.rewards.choice import choice

OPTIONS = [
    {"label": label, "text": text}
    for label, text in zip("ABCD", ["Paris", "Rome", r"$\frac{1}{2} \mathrm{~cm}$", "Both a and b"], strict=True)
]

CASES = [
    ("The answer is (B)", "B", "correct"),
    ("B", "B", "correct"),
    ("b", "B", "correct"),
    ("(b)", "B", "correct"),
    ("**B**", "B", "correct"),
    (r"\boxed{B}", "B", "correct"),
    (r"\boxed{\text{B}}", "B", "correct"),
    (r"\boxed{\textbf{(B)}}", "B", "correct"),
    ("Rome", "B", "correct"),
    (r"\boxed{Rome}", "Rome", "correct"),
    (r"\boxed{\frac12\text{ cm}}", "C", "unparsable"),  # compared as text, not as mathematics,
    (r"\boxed{\frac{1}{2}\text{ cm}}", "C", "correct"),
    ("B) Rome", "B", "correct"),
    ("B. Rome", "A", "wrong"),
    ("Answer: B", "B", "correct"),
    ("The correct option is B.", "B", "correct"),
    ("Option C is the answer", "C", "correct"),
    ("B because Rome is in Italy", "B", "correct"),
    ("I think the answer is B, not A", "B", "correct"),
    ("The answer is D: Both a and b", "D", "correct"),
    ("<think>A</think>\nB", "B", "correct"),
    ("<answer>B</answer>", "B", "correct"),
    ("(A) is wrong\n(B)", "B", "correct"),
    ("The pattern that could NOT be folded to form a cube is (D).", "D", "correct"),
    ("A, B, C and D", "B", "unparsable"),
    ("A or B", "A", "unparsable"),
    ("The answer is (A) or (B).", "A", "unparsable"),
    (r"\boxed{(A),(B),(C),(D)}", "A", "unparsable"),
    (r"\boxed{A, B}", "A", "unparsable"),
    ("The answer is (B) Paris", "B", "unparsable"),
    ("not B", "B", "unparsable"),
    ("The answer is not B", "B", "unparsable"),
    ("B is not the answer", "B", "unparsable"),
    ("The one that fits is not (D).", "D", "unparsable"),
    ("A cat sat", "A", "unparsable"),
    ("The answer is E", "A", "unparsable"),
    ("", "B", "unparsable"),
    ("B", "F", "error"),
    ("B", "", "error"),
    ("B", None, "error"),
]


@pytest.mark.parametrize(("text", "reference", "status"), CASES)
def test_cases(text: str, reference: str | None, status: str) -> None:
    verdict = choice(Prompt("p", (), reference, "choice", {"choices": OPTIONS}), Completion.of_text(text))
    expected = (
        "unparsable" if status == "wrong_form" else status
    )  # option texts are compared as text, not as mathematics
    assert verdict.status == expected, verdict


def test_digits_may_be_labels() -> None:
    options = [{"label": str(i), "text": f"thing {i}"} for i in range(1, 13)]
    prompt = Prompt("p", (), "12", "choice", {"choices": options})
    verdicts = [choice(prompt, Completion.of_text(text)) for text in ("12", "The answer is (2)", "thing 12")]
    assert [v.status for v in verdicts] == ["correct", "wrong", "correct"]


def test_without_choices_the_labels_are_letters() -> None:
    assert choice(Prompt("p", (), "E"), Completion.of_text("The answer is E.")).status == "correct"


@pytest.mark.parametrize("choices", ["AB", [], [{"text": "x"}], [{"label": "A"}, {"label": "a"}], [1]])
def test_malformed_choices_are_an_error(choices: object) -> None:
    assert choice(Prompt("p", (), "A", "choice", {"choices": choices}), Completion.of_text("A")).status == "error"
