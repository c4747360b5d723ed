"""The documents name files and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LECTURES = (ROOT / "docs" / "lectures.md").read_text(encoding="utf-8")
PATHS = sorted({*re.findall(r"`([\w/]+\.(?:py|yaml))`", LECTURES), *re.findall(r"`([\w/]+\.py)::", LECTURES)})
TESTS = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", LECTURES)))
FUNCTIONS = sorted(set(re.findall(r"`F\.(\w+)`", LECTURES)))


def test_there_is_something_to_look_for() -> None:
    assert len(PATHS) > 15 and len(TESTS) > 30 and len(FUNCTIONS) > 12


@pytest.mark.parametrize("path", PATHS)
def test_every_file_exists(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("path, name", TESTS)
def test_every_test_exists(path: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_exists(name: str) -> None:
    from rlvr import functional

    assert callable(getattr(functional, name))
