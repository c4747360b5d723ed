"""Replay: every algorithm's advantages and loss follow from the records, and a changed record is found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr.checks.replay import TOLERANCE, Replayed, outcome, replay
from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.records import pack, unpack
from rlvr.registry import REGISTRIES, get
from rlvr.run import train_recipe
from tests.tiny import recipe

PLUGIN = Path(__file__).parents[1] / "training" / "even_length.py"
#: Settings in which most parts of a loss are there.
OPTIONS: dict[str, dict[str, Any]] = {
    "grpo": {"kl_coef": 0.05}, "rloo": {"kl_coef": 0.05}, "ppo": {"kl_coef": 0.05, "entropy_coef": 0.01},
    "reinforce": {"baseline": "running_mean", "entropy_coef": 0.01}, "dr_grpo": {"kl_coef": 0.05},
    "trpo": {"fisher_rows": 4, "cg_iterations": 2, "critic_updates": 2}, "reinforce_pp": {"kl_coef": 0.05},
}  # fmt: skip
SEVERAL = {"ppo", "dapo", "ppo_penalty", "cispo"}
DATA = {
    "on_policy": {"name": "chain", "verifier": "even_length", "options": {"count": 12}},
    "corpus": {"name": "chain_demonstrations", "options": {"count": 12}},
    "pairs": {"name": "chain_preferences", "options": {"count": 12}},
}


def made(folder: Path, name: str) -> Path:
    """A run of two iterations of four prompts."""
    algorithm = get("algorithm", name)
    train: dict[str, Any] = {"iterations": 2, "prompts_per_iteration": 4, "checkpoint_every": 0}
    if name in SEVERAL:
        train |= {"epochs": 2, "minibatch": 6, "tokens_per_microbatch": 60}
    data = DATA.get(algorithm.source)
    if data is None:  # trajectories come from a run
        data = {"name": "rollouts", "path": str(made(folder, "rloo") / "rollouts.jsonl")}
    sections = recipe(
        folder / name,
        algorithm={"name": name, **OPTIONS.get(name, {})},
        data={"train": data},
        train=train,
        tracking={"display": "none", "given_every": 1},
        plugins=[str(PLUGIN)],
    )
    return train_recipe(load_recipe(sections)).folder


@pytest.mark.parametrize("name", REGISTRIES["algorithm"].names())
def test_every_iteration_of_every_algorithm_equals_the_log(tmp_path: Path, name: str) -> None:
    run = made(tmp_path, name)
    found = replay(run)
    assert [r.iteration for r in found] == [1, 2]
    assert any(r.loss is not None and r.loss != 0 for r in found), "no iteration had a live completion"
    for one in found:
        assert one.advantage_gap <= TOLERANCE and one.loss_gap <= TOLERANCE, one
    assert outcome(found).passed


def test_a_record_that_was_changed_is_found_out(tmp_path: Path) -> None:
    run = made(tmp_path, "grpo")
    file = run / "rollouts.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    live = next(r for r in rows if r["iteration"] == 2 and any(r["shaped"] != o["shaped"] for o in rows
                if (o["iteration"], o["prompt_id"]) == (2, r["prompt_id"])))  # fmt: skip
    live["token_rewards"] = pack(unpack(live["token_rewards"]) + 0.01)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = outcome(replay(run))
    assert not report.passed and "iteration 2" in report.failures[0] and len(report.failures) == 1


def test_a_nan_agrees_with_nothing_but_another() -> None:
    nan = float("nan")
    assert outcome([Replayed(1, 4, 0.0, nan, nan)]).passed
    assert not outcome([Replayed(1, 4, 0.0, nan, 0.5)]).passed
    assert not outcome([Replayed(1, 4, nan, 0.5, 0.5)]).passed


def test_what_is_not_recorded_is_said(tmp_path: Path) -> None:
    run = made(tmp_path, "grpo")
    with pytest.raises(UserError, match="no records of iteration 7; recorded are 1 to 2"):
        replay(run, 7)
    with pytest.raises(UserError, match="holds no rollouts"):
        replay(tmp_path)
