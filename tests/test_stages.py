"""The four stages of a language model's training as the shipped recipes, each from the run before it, cut short."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rlvr.config import load_recipe
from rlvr.run import train_recipe
from rlvr.training.tiny import save_tiny

STAGES = {
    "stage1_pretrain": ["data.train.options={count: 40}"],
    "stage2_supervised": ["data.train.options={count: 40, worked_share: 0.35}"],
    "stage3_preferences": ["data.train.options={count: 16}"],
    "stage4_reasoning": [
        "data.train.options={count: 40}",
        "sampling={group_size: 2, max_tokens: 8, dynamic_rounds: 1}",
    ],
}
SHORT = ["train.iterations=2", "train.prompts_per_iteration=4", "train.eval_every=0", "train.eval_at_start=false",
         "tracking.display=none", "judge.workers=1"]  # fmt: skip


def test_each_stage_starts_from_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = save_tiny(tmp_path / "runs" / "stages" / "random", 0)
    for name, settings in STAGES.items():
        resolved = load_recipe(name, [*SHORT, *settings])
        # As written, the recipe reads the run that the recipe before it writes.
        assert (tmp_path / resolved.recipe.model.path).resolve() in (before.resolve(), *before.resolve().parents)
        report = train_recipe(resolved)
        assert report.iterations == 2 and report.checkpoint is not None
        after = report.checkpoint / "model"
        old, new = (load_file(folder / "model.safetensors") for folder in (before, after))
        # Two answers that earn the same teach nothing, so the last stage may leave the weights where they were.
        assert name == "stage4_reasoning" or any(not torch.equal(old[key], new[key]) for key in old), name
        before = after
