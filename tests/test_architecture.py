"""The house rules, read from the source: which room may import which, what loads torch, how long things may be."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("rewards", "data", "eval")

#: module prefix -> (floor, room). The longest prefix decides. Imports go down; rooms on one floor do not meet.
FLOORS: dict[str, tuple[float, str]] = {
    "rlvr.core": (0, "ground"),
    "rlvr.errors": (0, "ground"),
    "rlvr.registry": (0, "ground"),
    "rlvr.schema": (0, "ground"),
    "rlvr.sections": (0, "ground"),
    "rlvr.reward_sections": (0, "ground"),
    "rlvr.hub": (0, "ground"),
    "rlvr.recipes": (0, "recipes"),
    "rlvr.functional": (1, "functional"),
    "rlvr.rewards": (1, "rewards"),
    "rlvr.data": (1, "data"),
    "rlvr.zero": (1.5, "config"),  # DeepSpeed's settings, as a recipe decides them
    "rlvr.training.ranks": (1.5, "ranks"),  # processes that talk to each other: sources, backends and engines do
    "rlvr.interruption": (0, "ground"),
    "rlvr.launch": (5, "top"),
    "rlvr.outcome": (5, "top"),
    "rlvr.sourcing": (5, "top"),
    "rlvr.preparing": (5, "top"),
    "rlvr.cleaned": (5, "top"),
    "rlvr.references": (5, "top"),
    "rlvr.rules": (1.5, "config"),  # a recipe is checked against the verifiers and data sets it names
    "rlvr.data_rules": (1.5, "config"),
    "rlvr.config": (1.5, "config"),
    "rlvr.recipe_file": (1.5, "config"),
    "rlvr.evaluation_settings": (1.5, "config"),
    "rlvr.records": (1.5, "records"),  # what runs wrote, as nouns again: the writer, an engine and the viewer read it
    "rlvr.rollout.chat": (1.5, "chat"),  # text to tokens and back: engines and the trainer must agree on it
    "rlvr.training.batch": (1.5, "batch"),  # the tensor form of the nouns: algorithms stand on it
    "rlvr.algorithms": (2, "algorithms"),
    "rlvr.lab": (2, "lab"),
    "rlvr.rollout": (3, "rollout"),
    "rlvr.training": (3, "training"),
    "rlvr.tracking": (3, "tracking"),
    "rlvr.report": (3, "report"),
    "rlvr.folder": (3, "folder"),
    "rlvr.training.loop": (4, "loop"),
    "rlvr.training.memory": (4, "plan"),  # counts what training and engines hold
    "rlvr.training.fitting": (4, "plan"),
    "rlvr.eval": (4, "eval"),
    "rlvr.run": (5, "top"),
    "rlvr.preferences": (5, "top"),
    "rlvr.rescoring": (5, "top"),
    "rlvr.scorers": (5, "top"),
    "rlvr.held_out": (5, "top"),
    "rlvr.evaluation": (5, "top"),
    "rlvr.assemble": (5, "top"),  # with run: makes a run out of the rooms below
    "rlvr.engines": (5, "top"),
    "rlvr.checks": (5, "top"),
    "rlvr.api": (5, "top"),
    "rlvr.quickstart": (5, "top"),
    "rlvr.cli": (5, "top"),
    "rlvr.__main__": (5, "top"),
    "rlvr": (5, "top"),  # the three functions of the package itself
}

#: What a budget of 300 lines a file and 60 lines a function does not fit, and why. An entry that fits again fails.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


@functools.cache
def sources() -> dict[str, Path]:
    """module name -> file, of the whole package as it installs."""
    found = {}
    for top, folder in [("rlvr", ROOT / "rlvr"), *((f"rlvr.{name}", ROOT / name) for name in FOLDERS)]:
        for file in sorted(folder.rglob("*.py")):
            inner = file.relative_to(folder)
            if top == "rlvr" and inner.parts[0] in FOLDERS:
                continue  # the committed links; the folders themselves are read below
            parts = [top, *inner.with_suffix("").parts]
            found[".".join(part for part in parts if part != "__init__")] = file
    return found


@functools.cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def imports(module: str, file: Path) -> Iterator[tuple[str, int]]:
    """(imported module, line) of every import, also inside functions; not what only type checkers see."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    pending: list[ast.AST] = [tree(file)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [node.module])])
            # `from rlvr.training import batch` imports rlvr.training.batch
            known = sources()
            yield from (
                (f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base, node.lineno)
                for alias in node.names
            )
        pending += ast.iter_child_nodes(node)


def place(module: str) -> tuple[float, str]:
    """The floor and room of a module of the package."""
    prefix = module
    while prefix and prefix not in FLOORS:
        prefix = prefix.rpartition(".")[0]
    # `rlvr` stands for the package's own file, not for everything that was forgotten in the table.
    if not prefix or (prefix == "rlvr" and module != "rlvr"):
        raise AssertionError(f"{module} stands on no floor: give it one in FLOORS, and in the README's tree")
    return FLOORS[prefix]


SOURCES = sources()


@pytest.mark.parametrize("module", SOURCES)
def test_imports_go_down(module: str) -> None:
    floor, room = place(module)
    for target, line in imports(module, SOURCES[module]):
        if target.partition(".")[0] != "rlvr":
            continue
        if target == "rlvr" and module.startswith("rlvr."):
            continue  # `from rlvr import __version__`; submodules were resolved above
        other_floor, other_room = place(target)
        assert other_room == room or other_floor < floor, (
            f"{SOURCES[module]}:{line}: {module} (floor {floor}, {room}) imports {target} "
            f"(floor {other_floor}, {other_room}). Imports go down only, and rooms on one floor do not meet."
        )


def test_the_floor_test_can_fail(tmp_path: Path) -> None:
    """The reader of imports sees relative, nested and aliased ones, and does not see those for type checkers."""
    file = tmp_path / "loading.py"
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import rlvr.cli\n"
        "from . import gsm8k\n"
        "from .sources import Row\n"
        "def f():\n    from rlvr.training import batch\n    import rlvr.eval.harness as h\n"
    )
    found = {target for target, _ in imports("rlvr.data.loading", file)}
    assert {"rlvr.data.gsm8k", "rlvr.data.sources", "rlvr.training.batch", "rlvr.eval.harness"} <= found
    assert "rlvr.cli" not in found
    with pytest.raises(AssertionError, match="stands on no floor"):
        place("rlvr.novelty")


def test_core_needs_the_standard_library_only() -> None:
    outside = {t.partition(".")[0] for t, _ in imports("rlvr.core", SOURCES["rlvr.core"])} - set(
        sys.stdlib_module_names
    )
    assert not outside


@pytest.mark.parametrize(
    "folder", ["rlvr.rewards", "rlvr.data", "rlvr.cli", "rlvr.config", "rlvr.schema", "rlvr.rules"]
)
def test_no_torch_where_validation_and_help_happen(folder: str) -> None:
    """Not at module level; `rlvr doctor` asks torch for devices inside a function."""
    for module, file in SOURCES.items():
        if module == folder or module.startswith(f"{folder}."):
            top = [n for n in tree(file).body if isinstance(n, ast.Import | ast.ImportFrom)]
            names = {a.name for n in top if isinstance(n, ast.Import) for a in n.names}
            names |= {n.module or "" for n in top if isinstance(n, ast.ImportFrom) and not n.level}
            heavy = {
                n for n in names if n.partition(".")[0] in ("torch", "transformers", "datasets", "vllm", "deepspeed")
            }
            assert not heavy, f"{file} imports {heavy} at its top"


def test_rewards_and_data_know_no_torch() -> None:
    for module, file in SOURCES.items():
        if module.startswith(("rlvr.rewards", "rlvr.data")):
            assert "torch" not in {target.partition(".")[0] for target, _ in imports(module, file)}, file


@pytest.mark.parametrize("library", ["vllm", "deepspeed"])
def test_an_engine_or_backend_library_lives_in_one_file(library: str) -> None:
    users = [m for m, f in SOURCES.items() if library in {t.partition(".")[0] for t, _ in imports(m, f)}]
    assert len(users) <= 1, users


SHOW = "import rlvr.cli\ntry: rlvr.cli.main(['show'{}])\nexcept SystemExit as e: assert not e.code"
LIGHT = {
    "import rlvr": "import rlvr; rlvr.__version__",
    "help": "import rlvr.cli\ntry: rlvr.cli.main(['--help'])\nexcept SystemExit as e: assert not e.code",
    "show": SHOW.format(""),
    "show grpo": SHOW.format(", 'grpo'"),
    "show engines": SHOW.format(", 'engines'"),
    "a recipe is checked": (
        "from rlvr.config import load_recipe\n"
        "load_recipe({'model': 'm', 'data': {'train': 'gsm8k'}, 'algorithm': {'name': 'grpo', 'clip_high': 0.28}})"
    ),
}


@pytest.mark.parametrize("what", LIGHT)
def test_loads_no_torch(what: str) -> None:
    heavy = {"torch", "transformers", "datasets", "vllm", "deepspeed"}
    heavy |= {"numpy", "pydantic", "rich", "sympy"} if what == "help" else set()  # it answers at once
    check = f"\nimport sys\nheavy = {heavy} & set(sys.modules)"
    code = LIGHT[what] + check + "\nif heavy: sys.exit(f'loaded: {heavy}')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_files_fit_their_budget() -> None:
    long = {}
    for file in SOURCES.values():
        lines = len(file.read_text(encoding="utf-8").splitlines())
        if lines > 300:
            long[str(file.relative_to(ROOT))] = lines
    new = {name: lines for name, lines in long.items() if name not in LONG_FILES}
    assert not new, f"over 300 lines: {new}. Split them, or give the reason in LONG_FILES."
    assert set(LONG_FILES) <= set(long), "an entry of LONG_FILES fits the budget again: delete it"


def test_functions_fit_their_budget() -> None:
    long = {}
    for module, file in SOURCES.items():
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 60:
                    long[f"{module}:{node.name}"] = lines
    new = {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS}
    assert not new, f"over 60 lines: {new}. Split them, or give the reason in LONG_FUNCTIONS."
    assert set(LONG_FUNCTIONS) <= set(long), "an entry of LONG_FUNCTIONS fits the budget again: delete it"


def test_one_level_of_inheritance() -> None:
    """A class of the package may extend one of the package, which then extends none of it."""
    bases: dict[str, list[str]] = {}
    for file in SOURCES.values():
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, []).extend(ast.unparse(base).rpartition(".")[2] for base in node.bases)
    allowed = {"UserError", "Section"}  # errors form one small tree; sections share pydantic's strictness
    for name, parents in bases.items():
        for parent in set(parents) & set(bases) - allowed:
            grand = set(bases[parent]) & set(bases) - allowed
            assert not grand, f"{name} extends {parent}, which extends {grand}"


def test_names_say_what_is_inside() -> None:
    for file in [*SOURCES.values(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "scripts").glob("*.py")]:
        assert file.stem.removeprefix("test_") not in ("utils", "util", "helpers", "helper", "common", "misc"), file


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_hides_a_standard_module(folder: str) -> None:
    """Python puts a script's folder first on its path, so `rewards/math.py` would replace `math` there."""
    for file in (ROOT / folder).rglob("*.py"):
        name = file.parent.name if file.stem == "__init__" else file.stem
        assert name not in sys.stdlib_module_names, file
