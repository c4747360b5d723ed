"""Several verifiers of one prompt: weights, gates, parts by name, from a recipe to the records and the metrics."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr.config import load_recipe
from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.errors import RecipeError
from rlvr.rewards import Judge, check_verifiers
from rlvr.rewards.judging.wire import combine
from rlvr.run import train_recipe
from tests.tiny import recipe

ADDED = (VerifierUse("math", 1.0), VerifierUse("format", 0.1, {"style": "boxed"}))
GATED = (VerifierUse("math", 1.0, gate="format"), VerifierUse("format", 0.0, {"style": "boxed"}))


def rewards(uses: tuple[VerifierUse, ...], *texts: str) -> list[Verdict]:
    prompt = Prompt("p", ({"role": "user", "content": "2 + 3?"},), "5", uses)
    with Judge(1) as judge:
        return judge.judge([(prompt, Completion.of_text(text)) for text in texts])


def test_weights_are_normalised_and_parts_have_names() -> None:
    both, only_math, only_form, neither = rewards(ADDED, r"\boxed{5}", "5", r"\boxed{4}", "4")
    assert (both.reward, both.status) == (1.0, "correct")
    assert only_math.reward == pytest.approx(1 / 1.1) and only_math.status == "partial"
    assert only_form.reward == pytest.approx(0.1 / 1.1)
    assert (neither.reward, neither.status) == (0.0, "wrong")
    assert only_form.parts == {"math": 0.0, "format": 1.0}
    assert "math: " in only_form.reason and "format: " in only_form.reason
    assert both.answer == "5"


def test_behind_a_gate_a_right_answer_counts_only_in_the_right_form() -> None:
    both, only_math, only_form = rewards(GATED, r"\boxed{5}", "5", r"\boxed{4}")
    assert [v.reward for v in (both, only_math, only_form)] == [1.0, 0.0, 0.0]
    assert only_math.parts == {"math": 1.0, "format": 0.0}  # shown as it is, and not counted
    assert "does not count: format does not hold" in only_math.reason


def test_an_intermediate_reward_stays_behind_the_gate_too() -> None:
    uses = (VerifierUse("steps", 3.0, gate="form"), VerifierUse("form", 1.0))
    paid = Verdict(1.0, "correct", steps=((4, 0.5),))
    held = combine(uses, [paid, Verdict(1.0, "correct")])
    assert held.reward == 1.0 and held.steps == ((4, 0.375),)  # by its share of the weight, 3 / 4
    shut = combine(uses, [paid, Verdict(0.5, "partial")])  # a gate holds at 1 and nowhere below
    assert shut.reward == 0.125 and shut.steps == ()


def test_a_gate_that_could_not_be_judged_leaves_the_whole_unjudged() -> None:
    verdict = combine(GATED, [Verdict(1.0, "correct"), Verdict(None, "timeout")])
    assert (verdict.reward, verdict.status) == (None, "timeout")
    assert verdict.parts == {"math": 1.0}


@pytest.mark.parametrize(
    ("uses", "words"),
    [
        ((VerifierUse("math", gate="format"),), "no other verifier"),
        ((VerifierUse("math", gate="math"),), "no other verifier"),
        ((VerifierUse("math"), VerifierUse("format", 0.0)), "another's gate"),
        ((VerifierUse("math", 0.0, gate="format"), VerifierUse("format", 0.0, gate="math")), "weight 0"),
        ((VerifierUse("math"), VerifierUse("format", -0.5)), "not a positive number"),
    ],
)
def test_mistakes_in_a_composition_are_found_ahead(uses: tuple[VerifierUse, ...], words: str) -> None:
    assert any(words in problem for problem in check_verifiers(uses))


def test_verifiers_in_workers_and_beside_them_make_one_verdict(tmp_path: Path) -> None:
    from rlvr.scorers import Models

    script = tmp_path / "replies.jsonl"
    script.write_text(json.dumps({"contains": "ANSWER", "reply": '{"same": true}'}) + "\n")
    grader = {"name": "scripted", "model": str(script)}
    uses = (VerifierUse("reference", 3.0, {"method": "grader", "grader": grader}), VerifierUse("math", 1.0))
    with Judge(1, open_model=Models()) as judge:
        (verdict,) = judge.judge([(Prompt("p", (), "5", uses), Completion.of_text("it is four: 4"))])
    assert verdict.reward == 0.75 and verdict.parts == {"reference": 1.0, "math": 0.0}


def test_a_recipe_s_composition_reaches_records_and_metrics_with_the_outcome_and_shaped_apart(tmp_path: Path) -> None:
    composed = [{"name": "math", "weight": 1, "gate": "format"}, {"name": "format", "weight": 0.5, "style": "boxed"}]
    data = {"train": {"name": "chain", "options": {"count": 8}, "verifier": composed}}
    made = recipe(
        tmp_path / "run", data=data, train={"iterations": 1}, reward={"overlong_buffer": 8, "format": "think_answer"}
    )
    report = train_recipe(load_recipe(made))
    assert {"part/math", "part/format", "term/verdict", "term/overlong", "term/format"} <= set(report.metrics)
    rows = [json.loads(line) for line in (tmp_path / "run" / "rollouts.jsonl").read_text().splitlines()]
    assert rows and all(set(row["verdict"]["parts"]) == {"math", "format"} for row in rows)
    for row in rows:
        assert row["shaped"] == pytest.approx(sum(row["terms"].values())) != row["verdict"]["reward"]
        assert 0 <= row["verdict"]["reward"] <= 1 and row["terms"]["overlong"] < 0
    assert report.metrics["reward/shaped_mean"] < report.metrics["reward/mean"]
    made["data"]["train"]["verifier"][0]["gate"] = "fromat"
    with pytest.raises(RecipeError, match="its gate 'fromat' is no other verifier"):
        load_recipe({**made, "run": str(tmp_path / "other")})
