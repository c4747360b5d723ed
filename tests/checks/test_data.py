"""`rlvr check data`: rates by set, planted answers, and what makes it fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr.checks.data import check_data
from rlvr.config import load_recipe
from rlvr.core import Prompt
from rlvr.data import load_prompts
from rlvr.references import right_answer, wrong_answer

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "evaldata"


def checked(folder: Path, rows: list[dict[str, Any]], verifier: Any = "math", **more: Any) -> Any:
    (folder / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    train = {"path": str(folder / "mine.jsonl"), "prompt": "q", "answer": "a", "verifier": verifier, **more}
    return check_data(load_recipe({"model": {"path": "m"}, "data": {"train": train}}).recipe)


def test_good_answers_pass_and_planted_ones_are_refused(tmp_path: Path) -> None:
    found = checked(tmp_path, [{"q": f"q{n}", "a": answer} for n, answer in enumerate(["12", r"\frac{1}{2}", 7])])
    assert found.passed
    assert found.figures["mine.jsonl: answers accepted"] == "3 of 3 (100.00%)"
    assert found.figures["mine.jsonl: wrong answers refused"] == "3 of 3"


def test_an_answer_that_its_own_verifier_refuses_is_listed_with_the_reason(tmp_path: Path) -> None:
    found = checked(tmp_path, [{"q": "q", "a": "12"}, {"q": "r", "a": "}{ ("}])
    assert not found.passed
    assert any("mine/1" in failure and "}{ (" in failure for failure in found.failures)


def test_a_verifier_that_pays_for_anything_fails(tmp_path: Path) -> None:
    (tmp_path / "lax.py").write_text(
        "from rlvr.registry import verifier\n\n\n"
        "@verifier('lax_math')\ndef lax(prompt, completion):\n    '''Pays for everything.'''\n    return 1.0\n"
    )
    (tmp_path / "mine.jsonl").write_text('{"q": "q", "a": "12"}\n')
    train = {"path": str(tmp_path / "mine.jsonl"), "prompt": "q", "answer": "a", "verifier": "lax_math"}
    sections = {"model": {"path": "m"}, "data": {"train": train}, "plugins": [str(tmp_path / "lax.py")]}
    found = check_data(load_recipe(sections).recipe)
    assert [failure for failure in found.failures if "a wrong answer is paid" in failure]


@pytest.mark.parametrize(
    ("prompt", "right", "wrong"),
    [
        (Prompt("p", (), "12"), r"The final answer is $\boxed{12}$.", r"The final answer is $\boxed{13}$."),
        (Prompt("p", (), "x+1"), r"The final answer is $\boxed{x+1}$.", r"The final answer is $\boxed{-7919.137}$."),
        (
            Prompt("p", (), "A", "choice", {"choices": [{"label": "A", "text": "a"}, {"label": "B", "text": "b"}]}),
            r"The final answer is $\boxed{A}$.",
            r"The final answer is $\boxed{B}$.",
        ),
        (Prompt("p", (), {}, "instructions"), None, ""),
        (Prompt("p", (), {}, "code"), None, "```python\nraise SystemExit('no solution')\n```"),
    ],
)
def test_completions_for_each_verifier(prompt: Prompt, right: str | None, wrong: str | None) -> None:
    assert (right_answer(prompt), wrong_answer(prompt)) == (right, wrong)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")
@pytest.mark.parametrize(
    ("name", "split"),
    [("gsm8k", "test"), ("math500", "test"), ("dapo_math", "train"), ("deepscaler", "train"), ("leetcode", "train"),
     ("humaneval", "test"), ("mbpp", "test"), ("arc_easy", "test")],
)  # fmt: skip
def test_a_slice_of_each_real_set(name: str, split: str) -> None:
    """All of each set: tests/bench/data_cleaning.py."""
    train = {"name": name, "split": split}
    data = {"train": train, "data_dir": str(DATA)}
    found = check_data(load_recipe({"model": {"path": "m"}, "data": data}).recipe, limit=40)
    assert found.failures == ()
    assert found.figures[f"{name}: answers accepted"] == "40 of 40 (100.00%)"
    assert found.figures[f"{name}: wrong answers refused"] == "40 of 40"
    assert len(load_prompts(name, split=split, data_dir=DATA, limit=40).prompts) == 40
