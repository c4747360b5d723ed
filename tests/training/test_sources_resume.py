"""Stopping and resuming changes no bit, whatever the source of the batches is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.tiny import checkpoint, recipe
from tests.training.test_resume import comparable, lines, run, weights

PLUGIN = Path(__file__).with_name("even_length.py")
PAIRS = {"train": {"name": "chain_preferences", "options": {"count": 11}}}
EVEN = {"train": {"name": "chain", "verifier": "even_length", "options": {"count": 12}}}
CASES: dict[str, dict[str, Any]] = {
    "dpo, minibatches, bf16": {
        "algorithm": {"name": "dpo"},
        "data": {**PAIRS, "eval": [{"name": "chain_preferences", "options": {"count": 5}, "label": "held_out"}]},
        "train": {"minibatch": 4, "epochs": 2, "eval_every": 1},
        "model": {"dtype": "bfloat16"},
    },
    "reward_model": {"algorithm": {"name": "reward_model", "center_coef": 0.01}, "data": PAIRS},
    "dynamic sampling and an overlong penalty": {
        "algorithm": {"name": "dapo"},
        "data": EVEN,
        "sampling": {"group_size": 2, "max_tokens": 6, "dynamic_rounds": 3},
        "reward": {"overlong_buffer": 4},
        "train": {"prompts_per_iteration": 3},
    },
}


def settings(folder: Path, name: str, **sections: Any) -> dict[str, Any]:
    made = recipe(folder / name, plugins=[str(PLUGIN)])
    made["train"] = {**made["train"], "lr": 1e-3}
    for key, values in sections.items():
        made[key] = {**made.get(key, {}), **values}
    return made


def assert_same(one: Path, other: Path) -> None:
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys() and not [name for name in a if not torch.equal(a[name], b[name])]
    for name in ("metrics.jsonl", "rollouts.jsonl"):
        if name == "metrics.jsonl" or (one / name).exists():
            first, second = ([untimed(row) for row in lines(folder, name)] for folder in (one, other))
            assert json.dumps(first) == json.dumps(second), name


def untimed(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in comparable(row).items() if "seconds" not in key}


@pytest.mark.parametrize("case", CASES)
def test_stopping_and_resuming_changes_no_bit(tmp_path: Path, case: str) -> None:
    whole = run(settings(tmp_path, "whole", **CASES[case]))
    parts = settings(tmp_path, "parts", **CASES[case])
    assert run(parts, stop_after=3).iterations == 3
    resumed = run(parts, resume=True)
    assert resumed.iterations == whole.iterations == 4
    start = load_file(checkpoint() / "model.safetensors")
    end = load_file(whole.checkpoint / "model" / "model.safetensors")
    assert any(not torch.equal(start[name], end[name].float()) for name in start if name in end)  # it trained
    if "dynamic" in case:
        assert any(row["dynamic/rounds"] > 0 for row in lines(whole.folder, "metrics.jsonl"))
    assert_same(whole.folder, resumed.folder)


def test_returns_and_texts_are_resumed(tmp_path: Path) -> None:
    rollouts = run(settings(tmp_path, "on_policy", data=EVEN)).folder / "rollouts.jsonl"
    case = {
        "algorithm": {"name": "return_conditioned", "language_coef": 0.2},
        "data": {
            "train": {"name": "rollouts", "path": str(rollouts)},
            "language": {"name": "chain_text", "options": {"count": 9}},
        },
    }
    whole = run(settings(tmp_path, "whole", **case))
    parts = settings(tmp_path, "parts", **case)
    run(parts, stop_after=2)
    assert_same(whole.folder, run(parts, resume=True).folder)
