"""Scoring rows and lists: order, bad rows, plain functions, and memory that does not grow with the file."""

import itertools
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from rlvr.core import VerifierUse
from rlvr.errors import UserError
from rlvr.rewards import BadRow, plain_verifier, read_rows, score, score_rows

ROWS = [
    {"id": "a", "completion": r"\boxed{0.5}", "answer": "1/2", "extra": [1]},
    {"id": "b", "completion": "the answer is 3", "answer": 4, "prompt": "2+2?"},
    {"completion": "no idea at all about any of this", "answer": "4", "prompt": [{"role": "user", "content": "2+2?"}]},
    {"id": "d", "answer": "4"},
    {"id": "e", "completion": "4"},
    {"id": "f", "completion": "4", "answer": "4", "meta": "x"},
    {"id": "g", "completion": 4, "answer": "4"},
    {"id": "h", "completion": "4", "answer": "4", "prompt": 7},
    {"id": "i", "completion": "4", "answer": "4", "meta": {"lang": "en"}},
]


def test_rows_come_back_in_order_with_their_verdicts() -> None:
    scored = list(score_rows(ROWS, "math"))
    assert [{k: v for k, v in row.items() if k != "verdict"} for row in scored] == ROWS
    statuses = [row["verdict"]["status"] for row in scored]
    assert statuses == ["correct", "wrong", "unparsable", "error", "error", "error", "error", "error", "correct"]
    assert set(scored[0]["verdict"]) == {"reward", "status", "answer", "reason", "parts", "seconds"}
    assert "no completion" in scored[3]["verdict"]["reason"] and "no answer" in scored[4]["verdict"]["reason"]
    json.dumps(scored)


def test_a_record_of_a_prompt_without_an_answer_is_judged_by_its_own_verifier() -> None:
    use = VerifierUse("format", options={"style": "boxed"})
    row = {"id": "a", "completion": r"\boxed{4}", "answer": None, "verifier": [asdict(use)]}
    assert [scored["verdict"]["status"] for scored in score_rows([row], [(use,)])] == ["correct"]
    assert "no answer" in next(score_rows([row], "format", options={"style": "boxed"}))["verdict"]["reason"]


def test_a_file_with_broken_lines(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(
        '\ufeff{"id": 1, "completion": "4", "answer": 4}\n\n{broken\n[1]\n{"id": 2, "completion": "5", "answer": 4}\n'
    )
    assert [type(row) for row in read_rows(file)] == [dict, BadRow, BadRow, dict]
    scored = list(score_rows(read_rows(file), "math"))
    assert [row["verdict"]["status"] for row in scored] == ["correct", "error", "error", "wrong"]
    assert scored[1]["line"] == 3 and "line 3 is not JSON" in scored[1]["verdict"]["reason"]
    with pytest.raises(UserError, match="not a file"):
        next(read_rows(tmp_path / "none.jsonl"))


def test_an_endless_file_is_read_only_as_far_as_needed() -> None:
    taken = itertools.count()
    rows = ({"id": next(taken), "completion": "1", "answer": "1"} for _ in itertools.count())
    scored = score_rows(rows, "math", workers=1)
    assert [next(scored)["id"] for _ in range(100)] == list(range(100))
    assert next(taken) < 200
    scored.close()


def test_mistakes_are_found_before_the_first_row() -> None:
    with pytest.raises(UserError, match="did you mean 'math'"):
        score_rows([], "mth")
    with pytest.raises(UserError, match="no option is called 'x'"):
        score_rows([], "math", options={"x": 1})


def test_a_plugin_scores(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from rlvr.registry import verifier\n@verifier('scoring_length')\n"
        "def length(prompt, completion, *, limit: int = 3): return len(completion.text) <= limit\n"
    )
    rows = [{"id": 1, "completion": "abcd", "answer": ""}]
    assert [r["verdict"]["reward"] for r in score_rows(rows, "scoring_length", plugins=[file])] == [0.0]
    assert [
        r["verdict"]["reward"] for r in score_rows(rows, "scoring_length", plugins=[file], options={"limit": 4})
    ] == [1.0]


def test_score_takes_names_and_functions() -> None:
    assert [v.reward for v in score([r"\boxed{0.5}", "3"], ["1/2", 4])] == [1.0, 0.0]
    seen = {"bonus": 0.25}
    verdicts = score(["a", "bb"], [1, 2], lambda completion, answer: (len(completion) == answer) * 0.5 + seen["bonus"])
    assert [v.reward for v in verdicts] == [0.75, 0.75]
    metas = [{"topic": "x"}, {"topic": "y"}]
    assert [
        v.reward for v in score(["x", "x"], [0, 0], lambda completion, topic: completion == topic, metas=metas)
    ] == [1, 0]
    with pytest.raises(UserError, match="as many answers"):
        score(["a"], [])
    with pytest.raises(UserError, match="as many answers"):
        score("a", ["a"])


def test_a_plain_function_that_lacks_a_column_is_an_error_and_no_zero() -> None:
    (verdict,) = score(["a"], ["b"], lambda completion, missing: 1.0)
    assert verdict.status == "error" and "missing" in verdict.reason


def test_plain_verifier_fills_parameters_by_name() -> None:
    from rlvr.core import Completion, Prompt

    prompt = Prompt("p", ({"role": "user", "content": "Q"},), "A", meta={"topic": "T"})
    record = plain_verifier(
        lambda completion, prompt, answer, topic, other="O": (completion, prompt, answer, topic, other)
    )
    assert record(prompt, Completion.of_text("C")) == ("C", "Q", "A", "T", "O")
    everything = plain_verifier(lambda **columns: sorted(columns))
    assert everything(prompt, Completion.of_text("C")) == ["answer", "completion", "messages", "prompt", "topic"]
    with pytest.raises(UserError, match="positional-only"):
        plain_verifier(len)
