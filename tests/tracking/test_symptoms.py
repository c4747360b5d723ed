"""Each warning comes up in a run that was made to have the disease, and in no healthy one."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr.tracking.symptoms import RULES, Watch, diagnose

#: A run that learns, as the quickstart does: the reward rises, the entropy falls, solved groups repeat themselves.
HEALTHY: dict[str, list[float]] = {
    "reward/mean": [0.40, 0.45, 0.44, 0.51, 0.59, 0.70, 0.81, 0.90, 0.93, 0.95, 0.97, 0.98],
    "policy/entropy": [0.184, 0.181, 0.165, 0.144, 0.115, 0.083, 0.061, 0.043, 0.032, 0.026, 0.024, 0.012],
    "tokens/completion_mean": [12.1, 12.6, 13.6, 15.0, 17.4, 19.7, 23.1, 25.5, 26.2, 27.0, 27.4, 28.8],
    "tokens/truncated_rate": [0.0, 0.0, 0.01, 0.0, 0.02, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0],
    "group/zero_std_rate": [0.03, 0.03, 0.0, 0.02, 0.05, 0.05, 0.19, 0.42, 0.53, 0.62, 0.8, 0.94],
    "group/duplicate_rate": [0.33, 0.33, 0.35, 0.38, 0.48, 0.5, 0.55, 0.62, 0.7, 0.81, 0.84, 0.87],
    "policy/kl": [0.0] * 12,
    "policy/kl_reference": [0.0, 0.001, 0.002, 0.004, 0.006, 0.009, 0.011, 0.013, 0.015, 0.016, 0.016, 0.017],
    "mismatch/logprob_mean": [5e-8] * 12,
    "verifier/error_rate": [0.0] * 11 + [0.002],
    "verifier/timeout_rate": [0.0] * 12,
    "eval/chain/accuracy": [0.42, 0.44, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 0.92, 0.95, 0.97, 0.98],
    "part/format": [0.9] * 12,
    "part/math": [0.40, 0.45, 0.44, 0.51, 0.59, 0.70, 0.81, 0.90, 0.93, 0.95, 0.97, 0.98],
}
LIVELY = [0.1] * 12  # completions of a policy that tries things
STUCK = [0.3, 0.31, 0.3, 0.3, 0.31, 0.3, 0.31, 0.3, 0.31, 0.3, 0.3, 0.31]
RISING = [i / 12 for i in range(12)]
FALLING = [0.6 - i / 24 for i in range(12)]

#: rule -> what is different from the healthy run.
DISEASES: dict[str, dict[str, list[float]]] = {
    "entropy_collapse": {
        "reward/mean": STUCK,
        "group/duplicate_rate": LIVELY,
        "policy/entropy": [1.2, 1.1, 0.9, 0.5, 0.2] + [0.01] * 7,
    },
    "length_explosion": {
        "reward/mean": STUCK,
        "group/duplicate_rate": LIVELY,
        "tokens/completion_mean": [100.0 * 1.3**i for i in range(12)],
    },
    "all_groups_dead": {"reward/mean": [0.0] * 12, "group/duplicate_rate": LIVELY, "group/zero_std_rate": [1.0] * 12},
    "rising_truncation": {"tokens/truncated_rate": [0.05 * i for i in range(12)]},
    "eos_never_sampled": {"tokens/truncated_rate": [1.0] * 12},
    "rewarded_against_a_second_opinion": {"reward/mean": RISING, "eval/chain/accuracy": FALLING},
    "format_reward_only": {
        "group/duplicate_rate": LIVELY,
        "part/format": [0.95] * 12,
        "part/math": [0.0] * 12,
        "reward/mean": STUCK,
    },
    "kl_runaway": {"policy/kl_reference": [0.001 * 2**i for i in range(12)]},
    "engine_trainer_mismatch": {"mismatch/logprob_mean": [0.28] * 12},
    "verifier_errors": {"verifier/error_rate": [0.0, 0.0, 0.03, 0.04] + [0.05] * 8},
    "duplicated_completions": {"reward/mean": STUCK, "group/duplicate_rate": [0.7] * 12},
}


def rows(changed: dict[str, list[float]] | None = None) -> list[dict[str, Any]]:
    columns = {**HEALTHY, **(changed or {})}
    return [{"iteration": i + 1, **{name: values[i] for name, values in columns.items()}} for i in range(12)]


def test_every_rule_has_its_disease() -> None:
    assert set(DISEASES) == set(RULES)


def test_a_healthy_run_is_warned_of_nothing() -> None:
    assert diagnose(rows()) == []


@pytest.mark.parametrize("rule", RULES)
def test_a_planted_disease_is_named(rule: str) -> None:
    found = [w for _, w in diagnose(rows(DISEASES[rule])) if w.rule == rule]
    assert len(found) == 1
    assert len(found[0].text) > 60 and any(c.isdigit() for c in found[0].text)


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"eos_never_sampled"}))
def test_it_is_the_only_one_that_is_named(rule: str) -> None:
    """No disease here is mistaken for another."""
    assert {w.rule for _, w in diagnose(rows(DISEASES[rule]))} == {rule}


def test_a_large_step_is_a_runaway_too() -> None:
    found = diagnose(rows({"policy/kl": [0.0, 0.1, 0.5, 0.6] + [0.7] * 8}))
    assert [w.rule for _, w in found] == ["kl_runaway"]


def test_a_paid_form_beside_a_verdict_that_is_never_earned_is_named_too() -> None:
    shaped = {"term/format": [0.095] * 12, "group/duplicate_rate": LIVELY}
    failing = {"reward/mean": [0.02] * 12, "part/math": [0.02] * 12, "part/format": [0.4] * 12}
    found = diagnose(rows({**shaped, **failing, "term/verdict": [0.02] * 12}))
    assert [w.rule for _, w in found] == ["format_reward_only"]
    assert diagnose(rows({**shaped, "term/verdict": HEALTHY["reward/mean"]})) == []


def test_a_second_verifier_is_a_second_opinion_too() -> None:
    found = diagnose(rows({"reward/mean": RISING, "part/math": FALLING}))
    assert [w.rule for _, w in found] == ["rewarded_against_a_second_opinion"]


def test_supervised_training_is_not_read_as_a_policy_that_collapsed() -> None:
    course = [{"iteration": i + 1, "policy/entropy": 5.0 / (i + 1) ** 3, "train/loss": 1.0} for i in range(12)]
    assert diagnose(course) == []


def test_a_warning_comes_once_and_again_only_after_it_had_gone() -> None:
    watch = Watch()
    errors = [0.0] * 3 + [0.5] * 5 + [0.0] * 5 + [0.5] * 4
    said = [i for i, rate in enumerate(errors, 1) for w in watch.see(i, {"verifier/error_rate": rate})]
    assert said == [4, 14]


def test_an_evaluation_before_training_is_no_iteration() -> None:
    assert Watch().see(0, {"eval/chain/accuracy": 0.1}) == []
