"""The root command: help, mistakes, exit codes, and what the launcher of DeepSpeed puts before the verb."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rlvr.cli import VERBS, main
from rlvr.cli.check import CHECKS
from rlvr.errors import UserError

from .conftest import ROOT, Rlvr


def test_help_lists_every_verb(rlvr: Rlvr) -> None:
    done = rlvr("--help")
    assert done.returncode == 0
    for verb, line in VERBS.items():
        assert f"{verb} " in done.stdout and line in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(rlvr: Rlvr, verb: str) -> None:
    done = rlvr(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert f"rlvr {verb}" in done.stdout


@pytest.mark.parametrize("verb", [*(v for v in VERBS if v != "check"), *(f"check_{name}" for name in CHECKS)])
def test_one_verb_a_file(verb: str) -> None:
    """A verb's module, and that of a check, has one public function."""
    tree = ast.parse((ROOT / "rlvr" / "cli" / f"{verb}.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    assert [function.name for function in functions] == ["command"]
    assert ast.get_docstring(functions[0])


def test_version(rlvr: Rlvr) -> None:
    done = rlvr("--version")
    assert done.returncode == 0
    assert done.stdout.strip().count(".") == 2


def test_the_rank_before_the_verb_is_ignored(rlvr: Rlvr) -> None:
    done = rlvr("--local_rank=1", "show", "verifiers")
    assert done.returncode == 0, done.stderr
    assert "math" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shwo"], "'show'"),
        (["show", "--nonsense"], "--nonsense"),
        (["--nonsense"], "--nonsense"),
        (["score", "--workers", "many", "x.jsonl"], "--workers"),
        (["init", "verifier"], "Missing argument"),
    ],
)
def test_a_mistyped_command_line_is_the_users_mistake(rlvr: Rlvr, arguments: list[str], words: str) -> None:
    done = rlvr(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_user_error_is_one_paragraph(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import rlvr.cli.doctor

    def mistaken() -> None:
        raise UserError("what, where, next step")

    monkeypatch.setattr(rlvr.cli.doctor, "command", mistaken)
    with pytest.raises(SystemExit) as left:
        main(["doctor"])
    assert left.value.code == 2
    assert capsys.readouterr().err == "rlvr: what, where, next step\n"


def test_a_defect_keeps_its_traceback(rlvr: Rlvr, tmp_path: Path) -> None:
    """Exit code 1 and the traceback: whoever meets a defect can report it."""
    (tmp_path / "sitecustomize.py").write_text(
        "import rlvr.cli.output\ndef broken(*a, **k):\n    raise ZeroDivisionError('a defect')\n"
        "rlvr.cli.output.print_table = broken\n"
    )
    code = "import sitecustomize, rlvr.cli; rlvr.cli.main(['show'])"
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "ZeroDivisionError: a defect" in done.stderr


def test_an_interrupt_is_130(tmp_path: Path) -> None:
    """Ctrl-C while a verifier is running: one line, no traceback, and no worker is left behind."""
    (tmp_path / "sleepy.py").write_text(
        "import os, pathlib, time\nfrom rlvr.registry import verifier\n@verifier('sleepy')\n"
        "def sleepy(prompt, completion):\n"
        f"    pathlib.Path({str(tmp_path / 'started')!r}).write_text(str(os.getpid()))\n    time.sleep(600)\n"
    )
    command = [sys.executable, "-m", "rlvr", "score", "--plugin", "sleepy.py", "--verifier", "sleepy"]
    process = subprocess.Popen(
        [*command, "--timeout", "600", "--answer", "1", "--text", "1"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until = time.monotonic() + 300
        while not (tmp_path / "started").exists() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.2)
        worker = int((tmp_path / "started").read_text())
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode in (130, -signal.SIGINT)  # to a shell, both are 130
    assert errors.strip() == "rlvr: interrupted"
    for _ in range(600):
        if not _alive(worker):
            return
        time.sleep(0.1)
    raise AssertionError("the worker outlived the command")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path(f"/proc/{pid}").exists() else False


def test_a_reader_that_leaves_costs_no_traceback(tmp_path: Path) -> None:
    """`rlvr show | head -1`: the pipe closes while we write."""
    (tmp_path / "many.py").write_text(
        "from rlvr.registry import verifier\n"
        "for i in range(3000):\n"
        "    def judge(prompt, completion):\n        return 1.0\n"
        "    judge.__doc__ = 'x' * 200\n    judge.__qualname__ = f'judge{i}'\n"
        "    verifier(f'many-{i}')(judge)\n"
    )
    source = f"{sys.executable} -m rlvr show verifiers --json --plugin many.py | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {source}"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "[\n"
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
