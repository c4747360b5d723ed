"""The letter of a choice in prose: affirmed once, not denied, not one of several."""

import pytest

from rlvr.rewards.extraction.letters import extract_choice, is_choice

#: (completion, letter)
CASES = [
    ("Let's think step by step. It's not A because it doesn't make sense, therefore I think it's B", "B"),
    ("The answer is for sure D, it can't be A or B", "D"),
    ("The answer: D, it doesn't make sense for it to be A or B", "D"),
    ("D", "D"),
    ("(C) Cecile", "C"),
    ("réponse est C non A", "C"),
    ("B不是 A", "B"),
    ("The answer is A.", "A"),
    ("Final answer is B", "B"),
    ("A. Because B is not valid", "A"),
    ("The answer is U.", "U"),
    ("Because B is valid", "B"),
    ("\\boxed{\\text{(A)}}", "\\text{(A)}"),
    ("$\\boxed{C}$", "C"),
    ("The answer is not B.", None),
    ("The answer is A or B", None),
    ("A B C D", None),
    ("It is not A, B, or C.", None),
    ("The answer is (D) 5 apples", "D"),
    ("I think it's a cat", None),
    ("A cat is here", None),
    ("Maybe A. Maybe B.", None),
    ("答案是C。", "C"),
    ("答案不是A，是B", "B"),
    ("Option B is correct", "B"),
    ("Is the answer B?", None),
    ("The answer is A because B and C are wrong.", "A"),
    ("Neither A nor B. So C.", "C"),
    ("The correct answer is \\textbf{(B)}.", "B"),
    ("The correct option is **C**", "C"),
    ("So it's B. (A is wrong)", "B"),
    ("The answer is **(E)** 42", "E"),
    ("I choose option A, since A works.", "A"),
    ("A: 5\nB: 6", None),
    ("The answer is B or maybe C", None),
    ("<think>It is A.</think> It is B.", "B"),
    ("<think>It is A.", None),
    (r"It is not A. \boxed{C}", "C"),
    ("", None),
]


@pytest.mark.parametrize(("text", "letter"), CASES)
def test_cases(text: str, letter: str | None) -> None:
    found = extract_choice(text)
    assert (found and found.text) == letter
    if found is not None:
        assert text[found.start : found.end] == found.text


def test_a_completion_that_was_cut_off_has_no_letter_without_a_finished_cue() -> None:
    assert extract_choice("It could be B", finished=False) is None
    found = extract_choice("The answer is B. Now I", finished=False)
    assert found is not None and found.text == "B"


@pytest.mark.parametrize(
    "reference", ["B", "(B)", r"\text{(B)}", "(C) Cecile", "$E$", r"\(\boxed{\text{C}}\).", "A. red"]
)
def test_references_that_are_choices(reference: str) -> None:
    assert is_choice(reference)


@pytest.mark.parametrize("reference", ["42", "AB", "x", "A = 3", "Alina", "", "(A, B)", r"A \cup B"])
def test_references_that_are_none(reference: str) -> None:
    assert not is_choice(reference)
