"""The run folder: what is written there survives any text, and a run that never began leaves nothing behind."""

from __future__ import annotations

import errno
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


def test_a_folder_that_cannot_be_written_is_the_users_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be written: Not a directory\. Choose another place with run=PATH"):
        train_recipe(load_recipe(recipe(tmp_path / "file" / "r")))

    def full(self: Path, text: str, **more: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UserError, match="cannot be written: No space left on device"):
        train_recipe(load_recipe(recipe(tmp_path / "r")))
    assert not (tmp_path / "r" / "recipe.yaml").exists()


def test_a_run_that_never_began_leaves_its_name_free(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard (an extra) is not installed")
    made = recipe(tmp_path / "r")
    sections = {**made, "model": {"path": str(tmp_path / "none")}, "tracking": {"trackers": ["tensorboard"]}}
    with pytest.raises(UserError, match="not a checkpoint"):
        train_recipe(load_recipe(sections))
    assert not (tmp_path / "r").exists()
