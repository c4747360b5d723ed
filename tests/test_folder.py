"""The run folder: what is written there survives any text, and a run that never began leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.folder import write_json
from rlvr.run import train_recipe
from tests.tiny import recipe


def test_half_of_a_surrogate_pair_is_written_as_its_escape(tmp_path: Path) -> None:
    value = {"half": "\ud83d", "whole": "\U0001f642 é"}
    write_json(tmp_path / "x.json", value)
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == value
    assert "é" in (tmp_path / "x.json").read_text(encoding="utf-8")


def test_a_run_that_never_began_leaves_its_name_free(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard (an extra) is not installed")
    made = recipe(tmp_path / "r")
    sections = {**made, "model": {"path": str(tmp_path / "none")}, "tracking": {"trackers": ["tensorboard"]}}
    with pytest.raises(UserError, match="not a checkpoint"):
        train_recipe(load_recipe(sections))
    assert not (tmp_path / "r").exists()
