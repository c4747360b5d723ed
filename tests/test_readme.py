"""README.md tells the truth: its table is generated, its plug-in runs, its commands and paths exist."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def _script() -> object:
    spec = importlib.util.spec_from_file_location("readme_script", ROOT / "scripts" / "readme.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_algorithms_is_todays() -> None:
    assert _script().updated(TEXT) == TEXT, "run scripts/readme.py"  # type: ignore[attr-defined]


def test_the_verifier_of_ten_lines_runs(tmp_path: Path) -> None:
    match = re.search(r"<!-- plug-in -->\n```python\n(.*?)```", TEXT, re.DOTALL)
    assert match
    code = match.group(1)
    assert len(code.strip().splitlines()) <= 11  # ten and the file's name
    (tmp_path / "palindrome.py").write_text(code)
    command = re.search(r"rlvr (score --plugin palindrome.py .*)", TEXT)
    assert command
    for text, reward in (("my word is level", 1.0), ("my word is flat", 0.0)):
        words = [*re.sub(r"--text '.*'", "", command.group(1)).split(), "--text", text, "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "rlvr", *words], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["reward"] == reward


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^rlvr (\w+)", TEXT, re.MULTILINE))))
def test_every_verb_in_the_text_exists(command: str) -> None:
    from rlvr.cli import VERBS

    assert command in VERBS


def test_every_path_of_the_tree_exists() -> None:
    tree = TEXT.split("## The tree")[1].split("```")[1]
    paths = re.findall(r"^(\S+)", tree, re.MULTILINE)
    assert len(paths) > 12
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_recipe_in_the_text_is_valid(tmp_path: Path) -> None:
    from rlvr.config import load_recipe

    recipe = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert recipe
    (tmp_path / "readme.yaml").write_text(recipe.group(1))
    assert load_recipe(tmp_path / "readme.yaml").recipe.algorithm.name == "grpo"
