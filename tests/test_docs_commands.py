"""Every command in docs/ is run, in the order in which it stands there, on the files that stand there."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlvr.cli import main
from rlvr.tracking.symptoms import RULES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(p.name for p in DOCS.glob("*.md") if "```sh" in p.read_text(encoding="utf-8"))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(page: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of each block: a file, whose first line names it, or a line to type."""
    for language, text in _BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if language in ("yaml", "python"):
            yield "file", text
        elif language == "sh":
            yield from (("line", line) for line in text.splitlines() if line.strip() and not line.startswith("#"))


def typed(line: str, folder: Path) -> None:
    """Runs what a reader would type; rlvr in this process, which has its libraries loaded."""
    words = shlex.split(line)
    if words[0] == "rlvr":
        with pytest.raises(SystemExit) as left:
            main(words[1:])
        assert not left.value.code, f"{line}: exit code {left.value.code}"
        return
    assert words[:3] == ["python", "-m", "pytest"], f"no reader of this test knows how to run: {line}"
    done = subprocess.run([sys.executable, *words[1:]], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_pages_with_commands() -> None:
    assert {"first_hour.md", "plug_in_a_verifier.md", "write_an_algorithm.md", "cluster.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_works(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for kind, text in steps(page):
        if kind == "file":
            name = re.match(r"# ([\w.]+)\n", text)
            assert name, f"a file in {page} does not begin with its name: {text[:40]!r}"
            (tmp_path / name.group(1)).write_text(text)
        else:
            typed(text, tmp_path)


def test_the_glossary_is_todays() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "glossary.py"))
    assert (DOCS / "metrics.md").read_text(encoding="utf-8") == script["glossary"](), "run scripts/glossary.py"


def test_every_warning_is_explained() -> None:
    text = (DOCS / "reading_a_run.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) >= set(RULES)


@pytest.mark.parametrize("page", [p.name for p in DOCS.glob("*.md")])
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([\w./]+)\)", (DOCS / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (DOCS / link).exists()] == []
