"""Extraction: what is taken for the answer, that nothing makes it raise, and that its time is linear."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.rewards.extraction.extract import MAX_ANSWER, extract
from rlvr.rewards.extraction.letters import extract_choice

#: (completion, answer, rule)
CASES = [
    (r"so \boxed{6}", "6", "boxed"),
    (r"first \boxed{1}, no: \boxed{2}.", "2", "boxed"),
    (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}", "boxed"),
    (r"\boxed{ \{1, 2\} }", r"\{1, 2\}", "boxed"),
    (r"\boxed 5.", "5", "boxed"),
    (r"\fbox{7}", "7", "boxed"),
    (r"\boxed{3} and then \boxed{", "3", "boxed"),
    (r"\boxed{}", None, None),
    (r"\boxed{4} The answer is 5.", "4", "boxed"),
    ("It is so. <answer> 12 </answer>", "12", "<answer>"),
    ("a long way\n#### 1,234", "1,234", "####"),
    ("#### Step 1: add\nWe add two and three.\nThe answer is 5.", "5", "answer is"),
    ("The answer is 5. Then I rest.", "5", "answer is"),
    ("Answer: $x = 3$ indeed", "x = 3", "answer is"),
    ("**Answer:** 1.5\nbye", "1.5", "answer is"),
    (r"The final answer is \(\frac12\).", r"\frac12", "answer is"),
    ("The answer is not 42.", None, None),
    ("The answer is not 42. We get 41 in all.", "41", "last number"),
    ("6", "6", "nothing else"),
    (" 3/4 \n", "3/4", "nothing else"),
    (r"x^2 + 1", "x^2 + 1", "nothing else"),
    ("She pays for them and so the whole of it makes $18 per day", "$18", "last number"),
    ("I paid $5 for the first of them and then $6 for it", "$6", "last number"),
    ("so the number we wanted is 10 which makes 1,000.99m² of it", "1,000.99m²", "last number"),
    ("所以一共有3 + 10 = 13只鸟和鹳鸟在那里。首先，我们知道最初有", "13只", "last number"),
    (r"We conclude that $a = 5$ holds for it", "a = 5", "last formula"),
    ("We find $$\\text{a regular hexagon of sorts}$$", r"\text{a regular hexagon of sorts}", "last formula"),
    ("I do not know what to do with this question", None, None),
    ("", None, None),
    ("<think>\\boxed{1}</think>", None, None),
    ("<think>\\boxed{1}</think> It is \\boxed{2}", "2", "boxed"),
    ("<think>it could be 7", None, None),
    ("thoughts with 3 </think> 4", "4", "nothing else"),
]


@pytest.mark.parametrize(("text", "answer", "why"), CASES)
def test_cases(text: str, answer: str | None, why: str | None) -> None:
    found = extract(text)
    assert (found and found.text, found and found.why) == (answer, why)
    if found is not None:
        assert found.text in text[found.start : found.end]


PIECES = [
    "\\boxed",
    "\\fbox",
    "{",
    "}",
    "\\{",
    "$",
    "$$",
    "\\(",
    "\\)",
    "####",
    "<answer>",
    "</answer>",
    "<think>",
    "</think>",
]
PIECES += [
    "the answer is ",
    "not ",
    "Answer: ",
    " ",
    "\n",
    "1",
    "1,234",
    ".",
    "-",
    "/",
    "\\frac",
    "x",
    "é",
    "只",
    "\\",
    "%",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=60).map("".join)))
@settings(max_examples=600, deadline=None)
def test_it_never_raises_and_the_span_is_the_answers(text: str) -> None:
    found = extract(text)
    if found is not None:
        assert 0 < len(found.text) <= MAX_ANSWER
        assert 0 <= found.start < found.end <= len(text)
        assert found.start >= text.rfind("</think>")
        assert len(found.parts) != 1 and len(set(found.parts)) == len(found.parts)
        assert found.text.strip() == found.text


def seconds(text: str) -> float:
    began = time.process_time()
    extract(text)
    extract_choice(text)
    return time.process_time() - began


@pytest.mark.parametrize(
    "piece",
    [
        *PIECES,
        *(
            "\\boxed{",
            "\\boxed{{",
            "\\boxed{1} ",
            "\\text{",
            "\\begin{align}",
            "#### 1\n",
            "$a",
            "$1$ and ",
            "a ",
            "**",
        ),
        *(
            "answer is answer",
            "answer*_",
            "answer ",
            "is the answer ",
            "The answer is not 5. ",
            "not 5 ",
            "答案",
            "therefore ",
        ),
        *("1,234,", "1 000 ", "1/", "1:", "+", "(", "[1,", "x=", "sqrt(", "5 m ", "^\\circ", "- $x$\n", "A or "),
    ],
)
def test_its_time_is_linear(piece: str) -> None:
    """Quadratic time would take 16 times as long for 4 times the text, and minutes for the longer one."""
    short, long = (piece * (count // len(piece)) for count in (20_000, 80_000))
    # Once in five is enough: a busy machine is slow now and then, quadratic time always.
    assert any(seconds(long) < 8 * seconds(short) + 0.05 for _ in range(5))
