"""The format verifier: which forms hold, by style, and why one does not."""

from __future__ import annotations

import pytest

from rlvr.core import Completion, Prompt
from rlvr.rewards.format_tags import STYLES, Style, broken_format, format_tags

THINK, ANSWER = "<think>2 + 3 is 5.</think>", "<answer>5</answer>"


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("think", f"{THINK} 5"),
        ("think", f"\n{THINK}\n\nIt is 5.\n"),
        ("think_answer", f"{THINK}{ANSWER}"),
        ("think_answer", f"{THINK}\n{ANSWER}\n"),
        ("think_answer", "<think>\\boxed{1} and \\boxed{2}</think><answer>\\boxed{5}</answer>"),
        ("boxed", "so \\boxed{5}."),
        ("boxed", "\\boxed {\\frac{1}{2}}"),
        ("think_boxed", f"{THINK} so \\boxed{{5}}"),
    ],
)
def test_what_has_the_form(style: Style, text: str) -> None:
    verdict = format_tags(Prompt("p", (), ""), Completion.of_text(text), style=style)
    assert (verdict.reward, verdict.status) == (1.0, "correct"), verdict


@pytest.mark.parametrize(
    ("style", "text", "why"),
    [
        ("think", "5", "tags are none"),
        ("think", THINK, "no answer after"),
        ("think", "<think> </think> 5", "reasoning is empty"),
        ("think", f"Well: {THINK} 5", "text before"),
        ("think", f"{THINK}{THINK} 5", "tags are"),
        ("think", "<think>5", "tags are"),
        ("think", "</think>5<think>", "tags are"),
        ("think", f"{THINK}{ANSWER}", "tags are"),
        ("think_answer", f"{THINK} 5", "tags are"),
        ("think_answer", f"{ANSWER}{THINK}", "tags are"),
        ("think_answer", f"{THINK} so {ANSWER}", "outside"),
        ("think_answer", f"{THINK}{ANSWER} done", "outside"),
        ("think_answer", f"{THINK}<answer> </answer>", "answer is empty"),
        ("think_answer", f"{THINK}{ANSWER}{ANSWER}", "tags are"),
        ("think_answer", f"<think>{ANSWER}</think>", "tags are"),
        ("think_answer", f"<THINK>5</THINK>{ANSWER}", "tags are"),
        ("boxed", "5", "0 boxes"),
        ("boxed", "\\boxed{5} \\boxed{5}", "2 boxes"),
        ("boxed", "\\boxed{ }", "box is empty"),
        ("boxed", "\\boxed{5", "not closed"),
        ("think_boxed", "<think>\\boxed{5}</think> so 5", "in the reasoning"),
        ("think_boxed", "<think>\\boxed{4}</think> so \\boxed{5}", "2 boxes"),
        ("think_boxed", f"{THINK} 5", "0 boxes"),
    ],
)
def test_what_has_it_not_and_why(style: Style, text: str, why: str) -> None:
    verdict = format_tags(Prompt("p", (), ""), Completion.of_text(text), style=style)
    assert (verdict.reward, verdict.status) == (0.0, "wrong") and why in verdict.reason, verdict


@pytest.mark.parametrize("style", STYLES)
def test_nothing_has_no_form_nor_has_the_prompt_that_shows_it(style: Style) -> None:
    shown = {
        "think": f"{THINK} 5",
        "think_answer": f"{THINK}{ANSWER}",
        "boxed": "use \\boxed{5}",
        "think_boxed": f"{THINK} \\boxed{{5}}",
    }
    prompt = Prompt("p", ({"role": "user", "content": shown[style]},), "")
    assert broken_format(prompt.text, style) == ""  # as a form it would do
    for text in ("", " \n", prompt.text):
        assert format_tags(prompt, Completion.of_text(text), style=style).reward == 0.0
