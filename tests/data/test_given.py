"""Generic sets of what somebody wrote: the shapes that files and the hub have, and what is no usable row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr.data import load_prompts
from rlvr.errors import UserError

ASK = [{"role": "user", "content": "ask"}]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def load(tmp_path: Path, name: str, *rows: dict[str, Any]) -> Any:
    file = tmp_path / "rows.jsonl"
    # One good row of each kind at the end, so that a file of bad rows still loads.
    file.write_text("".join(json.dumps(row) + "\n" for row in (*rows, GOOD[name])))
    return load_prompts(name, path=file, on_bad_row="skip")


GOOD: dict[str, dict[str, Any]] = {
    "preferences": {"prompt": "good", "chosen": "a", "rejected": "b"},
    "demonstrations": {"prompt": "good", "completion": "a"},
    "text": {"text": "good"},
    "rollouts": {"iteration": 1, "prompt_id": "p", "sample": 0, "text": "good", "messages": ASK,
                 "verdict": {"reward": 0.5}, "finish_reason": "length"},
}  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "ask", "chosen": "yes", "rejected": "no", "margin": 0.5},
        {"prompt": ASK, "chosen": said("yes"), "rejected": said("no"), "margin": 0.5},
        {"chosen": [*ASK, *said("yes")], "rejected": [*ASK, *said("no")], "margin": 0.5},
        {"prompt": "ask", "chosen": [*ASK, *said("yes")], "rejected": [*ASK, *said("no")], "margin": 0.5},
    ],
)
def test_every_shape_of_a_preference(tmp_path: Path, row: dict[str, Any]) -> None:
    first, good = load(tmp_path, "preferences", row).prompts
    assert [dict(m) for m in first.messages] == ASK
    assert first.meta == {"chosen": "yes", "rejected": "no", "margin": 0.5}
    assert good.meta["margin"] == 0.0


@pytest.mark.parametrize(
    "row, why",
    [
        ({"prompt": "ask", "chosen": "a", "rejected": "a"}, "both answers are the same"),
        ({"prompt": "ask", "chosen": "a"}, "there is no column 'rejected'"),
        ({"chosen": "a", "rejected": "b"}, "there is no column 'prompt'"),
        ({"prompt": "ask", "chosen": " ", "rejected": "b"}, "column 'chosen' is empty"),
        ({"chosen": ASK, "rejected": [*ASK, *said("b")]}, "column 'chosen' does not end with an answer"),
        (
            {"chosen": [*ASK, *said("a")], "rejected": [{"role": "user", "content": "other"}, *said("b")]},
            "'rejected' answers another conversation",
        ),
        (
            {"prompt": "ask", "chosen": [{"role": "user", "content": "other"}, *said("a")], "rejected": "b"},
            "'chosen' answers another conversation",
        ),
        ({"prompt": "ask", "chosen": "a", "rejected": "b", "margin": float("nan")}, "column 'margin' is nan"),
    ],
)
def test_a_row_that_is_no_preference_is_skipped_and_said(tmp_path: Path, row: dict[str, Any], why: str) -> None:
    loaded = load(tmp_path, "preferences", row)
    assert [p.text for p in loaded.prompts] == ["good"]
    assert len(loaded.skipped) == 1 and why in loaded.skipped[0]


@pytest.mark.parametrize("row", [{"prompt": "ask", "completion": "yes"}, {"messages": [*ASK, *said("yes")]}])
def test_demonstrations(tmp_path: Path, row: dict[str, Any]) -> None:
    first, _ = load(tmp_path, "demonstrations", row).prompts
    assert [dict(m) for m in first.messages] == ASK and first.meta == {"demonstration": "yes"}


def test_a_turn_that_only_calls_a_tool_says_nothing(tmp_path: Path) -> None:
    """Its content is null, of which the text "None" was once made."""
    calls = {"role": "assistant", "content": None}
    first, _ = load(tmp_path, "demonstrations", {"messages": [*ASK, calls, *ASK, *said("yes")]}).prompts
    assert [m["content"] for m in first.messages] == [ASK[0]["content"], "", ASK[0]["content"]]
    loaded = load(tmp_path, "demonstrations", {"messages": [*ASK, calls]}, {"prompt": [calls], "completion": "a"})
    assert [p.text for p in loaded.prompts] == ["good"] and len(loaded.skipped) == 2
    pictures = load(tmp_path, "demonstrations", {"messages": [{"role": "user", "content": [{}]}, *said("a")]})
    assert "neither a text nor a list" in pictures.skipped[0]


def test_text_has_no_prompt_and_blank_rows_are_left_out(tmp_path: Path) -> None:
    loaded = load(tmp_path, "text", {"text": " "}, {"text": "a text"})
    assert [(p.messages, p.meta["text"]) for p in loaded.prompts] == [((), "a text"), ((), "good")]
    assert len(loaded.skipped) == 1


def test_rollouts_carry_what_they_earned_and_where_they_were_cut(tmp_path: Path) -> None:
    unjudged = {**GOOD["rollouts"], "verdict": {"reward": None}}
    empty = {**GOOD["rollouts"], "text": ""}
    loaded = load(tmp_path, "rollouts", unjudged, empty)
    (prompt,) = loaded.prompts
    assert prompt.meta == {"demonstration": "good", "return": 0.5, "finish_reason": "length"}
    assert "could not be judged" in loaded.skipped[0] and "the completion is empty" in loaded.skipped[1]
    load_prompts("rollouts", path=tmp_path / "rows.jsonl")  # neither is a mistake that a user could mend


def test_the_generated_preferences_are_what_they_say() -> None:
    """The chosen answer is right and shows its work; the rejected one is wrong, and either bare or with one slip."""
    from rlvr.rewards import score

    prompts = load_prompts("chain_preferences", split="test", options={"count": 40}).prompts
    answers = [p.answer for p in prompts]
    for key, expected in (("chosen", 1.0), ("rejected", 0.0)):
        verdicts = score([p.meta[key] for p in prompts], answers, workers=1)
        assert {v.reward for v in verdicts} == {expected}
    bare = [p for p in prompts if p.meta["rejected"].startswith("\\boxed")]
    assert 20 <= len(bare) < 40 and all(p.meta["margin"] == 1.0 for p in bare)
    for prompt in [p for p in prompts if p not in bare]:
        assert prompt.meta["margin"] == 0.5
        assert prompt.meta["rejected"].count(",") == prompt.meta["chosen"].count(",")


def test_the_text_of_the_chain_task_is_not_of_the_test_split() -> None:
    with pytest.raises(UserError, match="has no split 'test'"):
        load_prompts("chain_text", split="test")
    (prompt,) = load_prompts("chain_text", options={"count": 1}).prompts
    assert prompt.meta["text"].endswith("}") and "=" in prompt.meta["text"]
