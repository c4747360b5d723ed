"""DPO as a run: what it starts from, what it learns, what it refuses."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr.algorithms.dpo import DPO
from rlvr.config import load_recipe
from rlvr.errors import RecipeError, UserError
from rlvr.outcome import TrainReport
from rlvr.run import train_recipe
from rlvr.training.batch import Outputs, collate
from tests.tiny import group, recipe, rollout

HELD_OUT = {"name": "chain_preferences", "options": {"count": 16, "slips": 0.0}, "label": "held_out"}
PAIRS = {"train": {"name": "chain_preferences", "options": {"count": 64, "slips": 0.0}}, "eval": [HELD_OUT]}
PLAN = {"iterations": 6, "prompts_per_iteration": 8, "lr": 3e-3, "eval_every": 6, "eval_at_start": True}


def run(folder: Path, **sections: Any) -> TrainReport:
    return train_recipe(load_recipe(recipe(folder, **{"data": PAIRS, "algorithm": "dpo", "train": PLAN, **sections})))


def test_a_pair_by_hand() -> None:
    """chosen: log pi -1 -2, reference -2 -2; rejected: log pi -3, reference -1.

    gap = (-3 + 4) - (-3 + 1) = 3, margin at beta 0.5 = 1.5, loss = log(1 + e^-1.5) = 0.2014
    """
    batch = collate([group(0, [rollout([5, 6], 1.0), rollout([7], 0.0)])], pad_id=0)
    logprobs = torch.tensor([[0, 0, -1.0, -2.0], [0, 0, -3.0, float("nan")]])  # what stands in the padding is nothing
    ref = torch.tensor([[0, 0, -2.0, -2.0], [0, 0, -1.0, float("nan")]])
    batch = dataclasses.replace(batch, ref_logprobs=ref, together=2)
    loss = DPO(beta=0.5).loss(Outputs(logprobs, torch.zeros_like(logprobs)), batch)
    assert float(loss.value) == pytest.approx(math.log1p(math.exp(-1.5)))
    assert loss.metrics["pairs/margin"].tolist() == [1.5] and loss.metrics["pairs/accuracy"].tolist() == [1.0]


def test_it_starts_at_log_2_and_learns_what_is_preferred(tmp_path: Path) -> None:
    report = run(tmp_path / "r")
    first = json.loads((report.folder / "metrics.jsonl").read_text().splitlines()[1])
    assert first["train/loss"] == pytest.approx(math.log(2), abs=1e-5)  # policy and reference are the same
    before, after = report.evals[0], report.evals[6]
    assert before["eval/held_out/pair_accuracy"] == 0.5  # all ties
    assert after["eval/held_out/pair_accuracy"] >= 0.9
    assert after["eval/held_out/pair_margin"] > 0.1 and after["eval/held_out/loss"] < math.log(2) - 0.05


def test_minibatches_and_microbatches_of_pairs_run(tmp_path: Path) -> None:
    report = run(tmp_path / "r", train={**PLAN, "iterations": 2, "eval_every": 2, "minibatch": 6, "epochs": 2,
                                        "tokens_per_microbatch": 64})  # fmt: skip
    assert report.metrics["train/updates"] == 2 * 2 * 3  # 16 rows in parts of 6


def test_half_a_pair_is_no_minibatch(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"train\.minibatch: counts completions, two a pair.*got 5"):
        run(tmp_path / "r", train={**PLAN, "minibatch": 5})


def test_other_data_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="rlvr pairs RUN"):
        run(tmp_path / "r", data={"train": {"name": "chain", "options": {"count": 8}}}, train={"iterations": 1})
    with pytest.raises(UserError, match="holds pairs of answers, which only dpo and reward_model"):
        run(tmp_path / "s", algorithm="grpo", data={**PAIRS, "train": {"name": "chain", "options": {"count": 8}}})
    assert not (tmp_path / "r").exists() and not (tmp_path / "s").exists()  # the names are free again


@pytest.mark.parametrize("key, value", [("reward.overlong_buffer", 2), ("sampling.dynamic_rounds", 3)])
def test_what_is_about_sampling_is_refused(tmp_path: Path, key: str, value: int) -> None:
    section, _, name = key.partition(".")
    with pytest.raises(RecipeError, match=f"{key}: has no meaning for dpo"):
        run(tmp_path / "r", **{section: {name: value}})
