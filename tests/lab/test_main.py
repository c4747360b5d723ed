"""`python -m rlvr.lab`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from rlvr.lab.__main__ import main


def test_it_writes_a_picture_and_says_the_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["cliff", "--out", str(tmp_path / "new")])
    printed = capsys.readouterr().out
    assert "Q-learning" in printed and "SARSA" in printed and "cliff.png" in printed
    with Image.open(tmp_path / "new" / "cliff.png") as picture:
        assert min(picture.size) > 300
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 50  # something is drawn


def test_an_unknown_name_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["chian"])
    assert left.value.code == 2
    assert {"chain", "grid", "tokens", "cliff"} <= set(re.findall(r"\w+", capsys.readouterr().err))


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as left:
        main(["chain"])
    assert left.value.code == 2 and "rlvr[lab]" in capsys.readouterr().err
