"""The adapters on the real data files, where the machine has them."""

import re
from pathlib import Path

import pytest

from rlvr.data import load_prompts

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "evaldata"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")


@pytest.mark.parametrize(
    ("name", "split", "count"),
    [
        ("gsm8k", "train", 7473),
        ("gsm8k", "test", 1319),
        ("math500", "test", 500),
        ("competition_math", "train", 7498),  # 7,500 rows, two of which have an empty answer
        ("competition_math", "test", 5000),
    ],
)
def test_every_row_of_the_published_sets_is_read(name: str, split: str, count: int) -> None:
    loaded = load_prompts(name, split=split, data_dir=DATA)
    assert len(loaded.prompts) == count
    assert len({prompt.id for prompt in loaded.prompts}) == count
    assert all(prompt.id.startswith(f"{name}/{split}/") for prompt in loaded.prompts)
    assert all(isinstance(prompt.answer, str) and prompt.answer.strip() for prompt in loaded.prompts)
    assert all(prompt.text.endswith(r"put your final answer within \boxed{}.") for prompt in loaded.prompts)


def test_the_two_rows_of_math_without_an_answer_are_reported_and_not_fatal() -> None:
    loaded = load_prompts("competition_math", split="train", data_dir=DATA)
    assert loaded.skipped == ("row 5342: there is no answer", "row 5344: there is no answer")


def test_every_gsm8k_reference_is_an_integer_without_commas() -> None:
    for split in ("train", "test"):
        answers = [prompt.answer for prompt in load_prompts("gsm8k", split=split, data_dir=DATA).prompts]
        assert [a for a in answers if not re.fullmatch(r"-?\d+", a)] == []


def test_known_rows_of_gsm8k() -> None:
    first = load_prompts("gsm8k", split="train", data_dir=DATA, limit=1).prompts[0]
    assert (first.id, first.answer, first.verifier) == ("gsm8k/train/0", "72", "math")
    assert first.text.startswith("Natalia sold clips") and "\n\nPlease reason" in first.text


def test_the_last_box_of_math_solutions_is_the_published_answer() -> None:
    # MATH500 has both the solution and the answer, so it checks the extraction that the MATH test files need.
    import json

    from rlvr.data.boxed import last_boxed

    rows = [json.loads(line) for line in (DATA / "math500.jsonl").read_text().splitlines()]
    differing = [row["unique_id"] for row in rows if last_boxed(row["solution"]) != row["answer"].strip()]
    assert differing == []


def test_limit_takes_the_first_rows_and_a_path_feeds_the_same_adapter() -> None:
    limited = load_prompts("gsm8k", split="test", data_dir=DATA, limit=5)
    by_path = load_prompts("gsm8k", split="test", path=DATA / "gsm8k_test.jsonl", limit=5)
    assert len(limited.prompts) == 5
    assert limited.prompts == by_path.prompts
    assert limited.fingerprint == by_path.fingerprint
    assert limited.fingerprint != load_prompts("gsm8k", split="test", data_dir=DATA, limit=6).fingerprint
