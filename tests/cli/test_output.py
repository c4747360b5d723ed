"""What commands print: foreign text reaches a terminal as text."""

from __future__ import annotations

import json
import unicodedata

import pytest

from rlvr.cli.output import print_json, print_table
from tests.report.hostile import HOSTILE


def obeyed(shown: str) -> set[str]:
    """The characters that a terminal acts on instead of showing them."""
    return {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in "\n\t"}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_json_says_the_same_and_commands_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": HOSTILE[name], "é": "ü 漢"})
    shown = capsys.readouterr().out
    assert json.loads(shown) == {"text": HOSTILE[name], "é": "ü 漢"}
    assert obeyed(shown) == set() and "ü 漢" in shown


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    """Python alone would read it."""
    print_json({"a": float("nan"), "b": [1.5, (float("inf"),)], "c": {"d": None}})
    shown = capsys.readouterr().out
    assert "NaN" not in shown and "Infinity" not in shown
    assert json.loads(shown) == {"a": None, "b": [1.5, [None]], "c": {"d": None}}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_table_commands_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("text",), [(HOSTILE[name],)])
    assert obeyed(capsys.readouterr().out) == set()
