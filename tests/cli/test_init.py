"""`rlvr init`: what it writes works as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr.cli.scaffold import TEMPLATES

from .conftest import ROOT, Rlvr


@pytest.mark.parametrize("kind", TEMPLATES)
def test_the_written_test_passes_and_checks_the_plugin(rlvr: Rlvr, tmp_path: Path, kind: str) -> None:
    done = rlvr("init", kind, "my-own", "--dir", "plugins")
    assert done.returncode == 0, done.stderr
    plugin, test = tmp_path / "plugins" / "my_own.py", tmp_path / "plugins" / "test_my_own.py"
    assert f"wrote {plugin.relative_to(tmp_path)}" in done.stdout
    passed = pytest_on(test)
    assert passed.returncode == 0, passed.stdout
    shown = rlvr("show", "my-own", "--plugin", plugin)
    assert shown.returncode == 0 and f"{kind} my-own" in shown.stdout

    # The test is no decoration: with the plug-in's result spoilt, it fails.
    spoilt = {
        "verifier": ("float(same)", "0.5"),
        "dataset": ('row["answer"]', '"7"'),
        "algorithm": ("self.scale *", "-self.scale *"),
        "suite": ('dataset="chain"', 'dataset="chian"'),
    }
    text = plugin.read_text()
    assert spoilt[kind][0] in text
    plugin.write_text(text.replace(*spoilt[kind]))
    assert pytest_on(test).returncode == 1


def pytest_on(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file.name],
        cwd=file.parent, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True,  # spoilt within a second, it would be read from old bytecode
    )  # fmt: skip


@pytest.mark.parametrize("kind", TEMPLATES)
def test_what_it_writes_is_clean(rlvr: Rlvr, tmp_path: Path, kind: str) -> None:
    rlvr("init", kind, "my-own")
    for check in (["format", "--check"], ["check", "--ignore", "I001"]):  # sorting depends on where rlvr is installed
        command = [sys.executable, "-m", "ruff", *check, "--config", str(ROOT / "pyproject.toml"), "."]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_overwritten(rlvr: Rlvr, tmp_path: Path) -> None:
    """Not even half of it: where the test exists, the plug-in is not written either."""
    (tmp_path / "test_mine.py").write_text("precious\n")
    done = rlvr("init", "verifier", "mine")
    assert done.returncode == 2 and "not overwritten" in done.stderr
    assert (tmp_path / "test_mine.py").read_text() == "precious\n"
    assert not (tmp_path / "mine.py").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("verifer", "mine"), "did you mean 'verifier'"),
        (("verifier", "choice"), "exists already"),
        (("verifier", "json"), "hides Python's own module"),
        (("verifier", "class"), "cannot be a name"),
        (("verifier", "../escape"), "cannot be a name"),
    ],
)
def test_the_obvious_mistakes(rlvr: Rlvr, tmp_path: Path, arguments: tuple[str, str], words: str) -> None:
    done = rlvr("init", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_tiny_model_runs_a_recipe_made_for_a_large_one(rlvr: Rlvr, tmp_path: Path) -> None:
    done = rlvr("init", "model", "tiny", "--untied")
    assert done.returncode == 0, done.stderr
    (tmp_path / "rows.jsonl").write_text('{"question": "2+3?", "answer": "5 #### 5"}\n' * 4)
    settings = ["train.iterations=1", "train.prompts_per_iteration=2", "sampling.max_tokens=4", "tracking.display=none"]
    recipe = "gsm8k_grpo_qwen2.5_0.5b"
    trained = rlvr("train", recipe, "model.path=tiny", "data.train.path=rows.jsonl", *settings)
    assert trained.returncode == 0, trained.stderr
    assert (tmp_path / "runs" / recipe / "checkpoints" / "iteration_000001" / "model" / "config.json").is_file()
    assert rlvr("init", "model", "tiny").returncode == 2
