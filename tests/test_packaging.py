"""The same package, however it is installed: wheel, sdist, editable, bare clone.

`rewards/`, `data/` and `eval/` stand at the top of the repository and install as `rlvr.*`. Everything is built from
a copy of the tree without network, and tried from a foreign folder that has `data/`, `eval/` and `rewards/` of its own.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import rlvr
from tests.conftest import LONG

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINKS = ("rewards", "data", "eval", "recipes")
FOLDERS = ("rewards", "data", "eval")

FOREIGN = """
import sys, data, eval, rewards
assert (data.MINE, eval.MINE, rewards.MINE) == (1, 1, 1), "the foreign packages were replaced"
import rlvr.data, rlvr.eval, rlvr.rewards, rlvr.recipes
from rlvr.registry import get
assert get("dataset", "gsm8k") and get("verifier", "math") and get("suite", "math500")
verdicts = rlvr.score([r"\\\\boxed{2}", "3"], ["2", "2"])  # through worker processes, which start from here too
assert [v.reward for v in verdicts] == [1.0, 0.0], verdicts
print(rlvr.__version__, rlvr.rewards.__file__)
"""


def run(command: list[str | Path], cwd: Path, **environment: str) -> str:
    """Runs a command that must succeed; returns its stdout."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**inherited, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a fresh copy of what is in the repository, links included, so that building leaves no trace in it."""

    def make() -> Path:
        target = tmp_path_factory.mktemp("clone") / "rlvr"
        target.mkdir()
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, target / name)
        for name in ("rlvr", *LINKS):
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, target / name, symlinks=True, ignore=ignored)
        return target

    return make


@pytest.fixture(scope="session")
def built(copy: Callable[[], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """`wheel` from the tree; `sdist`, and `sdist wheel` that was made of it."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--skip-dependency-check"]
    run([*build, "--wheel", "--outdir", out / "direct", "."], copy())
    run([*build, "--outdir", out / "sdist", "."], copy())
    return {
        "wheel": next((out / "direct").glob("*.whl")),
        "sdist": next((out / "sdist").glob("*.tar.gz")),
        "sdist wheel": next((out / "sdist").glob("*.whl")),
    }


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Somebody else's project, with packages of the names that our folders have."""
    for name in FOLDERS:
        (tmp_path / "project" / name).mkdir(parents=True)
        (tmp_path / "project" / name / "__init__.py").write_text("MINE = 1\n")
    return tmp_path / "project"


def environment(folder: Path) -> Path:
    """The Python of a new environment that sees this one's libraries, and an editable rlvr in it not."""
    run([sys.executable, "-m", "venv", "--without-pip", folder], folder.parent)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    # A path that a .pth file adds is searched, but its own .pth files, such as an editable install's, are not read.
    (packages / "libraries.pth").write_text("\n".join([sysconfig.get_path("purelib"), *site.getsitepackages()]) + "\n")
    return folder / "bin" / "python"


def install(python: Path, *what: str | Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index"]
    run([*pip, "--no-build-isolation", *what], python.parent)


@pytest.mark.parametrize("kind", ["wheel", "sdist wheel"])
def test_a_wheel_works_in_a_foreign_folder(kind: str, built: dict[str, Path], foreign: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "environment")
    install(python, built[kind])
    printed = run([python, "-c", FOREIGN], foreign).split()
    assert printed[0] == PROJECT["project"]["version"]
    assert str(tmp_path / "environment") in printed[1], "another rlvr was imported"
    assert "verifier" in run([python.with_name("rlvr"), "show"], foreign)


def test_an_editable_install_works_in_a_foreign_folder(copy: Callable[[], Path], foreign: Path, tmp_path: Path) -> None:
    clone = copy()
    python = environment(tmp_path / "environment")
    install(python, "-e", clone)
    assert str(clone) in run([python, "-c", FOREIGN], foreign).split()[1]
    # What is edited takes effect, in a mapped folder too.
    file = clone / "rewards" / "choice.py"
    file.write_text(file.read_text() + "\nEDITED = True\n")
    run([python, "-c", "from rlvr.rewards.choice import EDITED"], foreign)


def test_a_bare_clone_works_in_a_foreign_folder(copy: Callable[[], Path], foreign: Path, tmp_path: Path) -> None:
    clone = copy()
    python = environment(tmp_path / "environment")
    version, place = run([python, "-c", FOREIGN], foreign, PYTHONPATH=str(clone)).split()
    assert version == PROJECT["project"]["version"], "the fallback in rlvr/__init__.py is an old version"
    assert str(clone) in place


@pytest.mark.parametrize("kind", ["wheel", "sdist wheel"])
def test_a_wheel_holds_every_file(kind: str, built: dict[str, Path]) -> None:
    files = set(zipfile.ZipFile(built[kind]).namelist())
    expected = {"rlvr/py.typed"}
    for file in (ROOT / "rlvr").rglob("*.py"):
        inner = file.relative_to(ROOT)
        if inner.parts[1] not in LINKS:
            expected.add(inner.as_posix())
    for folder in ("page", "vendor"):
        expected |= {f.relative_to(ROOT).as_posix() for f in (ROOT / "rlvr" / "report" / folder).iterdir()}
    tables = ROOT / "rewards" / "constraints" / "tables"
    expected |= {f"rlvr/{f.relative_to(ROOT).as_posix()}" for f in tables.iterdir()}
    for folder in LINKS:
        for pattern in ("*.py", "*.yaml"):
            expected |= {f"rlvr/{f.relative_to(ROOT).as_posix()}" for f in (ROOT / folder).rglob(pattern)}
    inside = {name for name in files if ".dist-info/" not in name}
    assert inside == expected
    assert any(name.endswith("licenses/LICENSE") for name in files)


def test_an_sdist_holds_the_licence_and_the_readme(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "rewards/__init__.py"} <= names


def test_the_list_of_packages_is_complete() -> None:
    """setuptools takes the list as it is: a folder that is missing from it would be missing from the wheel."""
    found = {"rlvr"}
    for top in (ROOT / "rlvr", *(ROOT / name for name in LINKS)):
        for folder in [top, *(path for path in top.rglob("*") if path.is_dir() and not path.is_symlink())]:
            inner = folder.relative_to(ROOT)
            linked = inner.parts[0] == "rlvr" and len(inner.parts) > 1 and inner.parts[1] in LINKS
            if list(folder.glob("*.py")) and not linked:
                found.add(".".join(inner.parts if inner.parts[0] == "rlvr" else ("rlvr", *inner.parts)))
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


@pytest.mark.parametrize("name", LINKS)
def test_the_links_point_to_the_folders(name: str) -> None:
    """Relative ones, so that they hold in every clone; type checkers, editors and bare clones follow them."""
    link = ROOT / "rlvr" / name
    assert link.is_symlink() and os.readlink(link) == f"../{name}"
    assert (link / "__init__.py").is_file()
    assert PROJECT["tool"]["setuptools"]["package-dir"][f"rlvr.{name}"] == name


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_refuses_its_bare_name(name: str) -> None:
    """`import data` from the root of the repository would load everything a second time, beside `rlvr.data`."""
    done = subprocess.run([sys.executable, "-c", f"import {name}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"ImportError: import rlvr.{name}, not {name}" in done.stderr


def test_ruff_bans_the_bare_names(tmp_path: Path) -> None:
    if shutil.which("ruff") is None and not (Path(sys.executable).parent / "ruff").exists():
        pytest.skip("ruff is not installed (extra: test)")
    file = tmp_path / "mistaken.py"
    file.write_text("".join(f"import {name}\n" for name in FOLDERS))
    command = [sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml", "--select", "TID251", file]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    for name in FOLDERS:
        assert f"import rlvr.{name}" in done.stdout


def test_the_pins_name_no_machine() -> None:
    """constraints.txt must work everywhere: plain `name==version` lines, and torch without +cpu or +cu."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert pins["torch"] == "2.13.0"
    assert not [name for name, version in pins.items() if set("+@/ ") & set(name + version)]


def test_the_files_that_begin_first_exist() -> None:
    found = {file.name for file in (ROOT / "tests").rglob("test_*.py")}
    assert [name for name in LONG if name not in found] == []


def test_the_version_is_the_projects() -> None:
    assert rlvr.__version__ == PROJECT["project"]["version"]


def find_python(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """scripts/find_python.sh on a machine whose PATH is `path` alone."""
    command = ["/bin/sh", str(ROOT / "scripts" / "find_python.sh"), *arguments]
    return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True)


def fake_python(folder: Path, name: str, body: str) -> None:
    """A program called `name` that is a shell script."""
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def test_set_up_takes_the_first_python_that_runs_and_is_new_enough(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3.13", "echo 'not found' >&2; exit 127")  # a version manager's shim
    fake_python(tmp_path, "python3.12", "exit 1")  # too old
    (tmp_path / "python3.11").symlink_to(sys.executable)
    assert find_python(tmp_path).stdout.strip() == "python3.11"
    assert find_python(tmp_path, str(tmp_path / "python3.11")).returncode == 0


def test_set_up_says_what_is_missing(tmp_path: Path) -> None:
    none = find_python(tmp_path)
    assert none.returncode == 1 and "needs Python 3.11 or newer" in none.stderr
    named = find_python(tmp_path, "/nowhere/python3")
    assert named.returncode == 1 and "PYTHON=/nowhere/python3 does not run" in named.stderr
    # As on a Debian without python3-venv: new enough, but `import ensurepip` fails.
    fake_python(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.12;; esac')
    bare = find_python(tmp_path)
    assert bare.returncode == 1 and "apt-get install python3.12-venv" in bare.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_passes_seed_and_control_on() -> None:
    for given, expected in (
        ([], "rlvr quickstart --seed 0"),
        (["SEED=3"], "rlvr quickstart --seed 3"),
        (["SEED=3", "CONTROL=1"], "rlvr quickstart --seed 3 --control"),
        (["CONTROL=0"], "rlvr quickstart --seed 0"),
    ):
        # Itself run by `make test`, it must not inherit that make's flags.
        planned = run(["make", "--no-print-directory", "-n", "quickstart", *given], ROOT, MAKEFLAGS="", MAKELEVEL="0")
        assert planned.strip().splitlines()[-1].strip().endswith(expected)
