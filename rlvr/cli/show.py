"""`rlvr show`: what can be named, what a name means, what a recipe comes to."""

from __future__ import annotations

import dataclasses
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rlvr.cli.options import Json, Overrides, Plugins, load_plugins
from rlvr.cli.output import print_json, print_table

if TYPE_CHECKING:
    from rlvr.cli.catalog import Entry


def command(
    target: Annotated[
        str | None, typer.Argument(metavar="[KIND|NAME|RECIPE]", help="A kind, a registered name, or a recipe's path.")
    ] = None,
    overrides: Overrides = None,
    plugin: Plugins = None,
    data_dir: Annotated[
        str | None,
        typer.Option("--data-dir", help="Folder of data files; the example prompt of a data set is from it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List what can be named, explain a name, or resolve a recipe.

    `rlvr show` lists the kinds, `rlvr show verifiers` the verifiers, `rlvr show math` explains one, and
    `rlvr show my.yaml train.lr=1e-5` prints the resolved recipe with the origin of each value.
    """
    from rlvr.cli.catalog import entries, find, kind_of

    load_plugins(plugin)
    if target is None:
        _kinds(as_json)
    elif target in ("recipe", "recipes"):
        _recipes(as_json)
    elif kind := kind_of(target):
        _listing(kind, list(entries(kind)), as_json)
    elif target.endswith((".yaml", ".yml")) or overrides or target in _shipped():
        _recipe(target, overrides or [], as_json)
    else:
        _explain(find(target), as_json, data_dir)


def _kinds(as_json: bool) -> None:
    from rlvr.registry import REGISTRIES

    kinds = {kind: registry.names() for kind, registry in REGISTRIES.items()}
    if as_json:
        return print_json(kinds)
    print_table(("kind", "names"), ((kind, ", ".join(names)) for kind, names in kinds.items()))
    print("`rlvr show KIND` lists a kind, `rlvr show NAME` explains a name, `rlvr show recipes` lists recipes.")


def _listing(kind: str, found: list[Entry], as_json: bool) -> None:
    if as_json:
        return print_json([dataclasses.asdict(entry) for entry in found])
    if kind in ("dataset", "suite"):
        columns = ("rows", "licence", "verifier", "hub") if kind == "dataset" else ("samples", "groups", "data set")
        rows = ((e.name, *(e.declared.get(column, "") for column in columns)) for e in found)
        print_table(("name", *columns), rows, title=f"{kind}s")
        told = "data set and shows a prompt of it" if kind == "dataset" else "suite or a group of them"
        return print(f"`rlvr show NAME` explains a {told}.")
    print_table(("name", "what", "where"), ((e.name, e.summary, e.location) for e in found), title=f"{kind}s")


def _explain(found: list[Entry], as_json: bool, data_dir: str | None) -> None:
    from rlvr.cli.catalog import example_prompt
    from rlvr.tracking.console import harmless

    if as_json:
        return print_json([dataclasses.asdict(entry) for entry in found])
    for number, entry in enumerate(found):
        print(f"{'' if not number else chr(10)}{entry.kind} {entry.name}    {entry.location}\n")
        print(textwrap.indent(entry.doc or "(no docstring)", "  "))
        for name, value in entry.declared.items():
            print(f"\n  {name}: {value}", end="")
        print("\n" if entry.declared else "")
        if entry.options:
            print_table(("option", "type", "default"), ((o.name, o.type, o.default) for o in entry.options))
        if entry.kind == "dataset" and (example := example_prompt(entry.name, data_dir)):
            origin, turns, answer = example
            shown = f"  a prompt ({origin}):\n\n{textwrap.indent(turns, '    ')}\n\n  its answer: {answer[:500]}"
            print(harmless(shown).plain)


def _recipes(as_json: bool) -> None:
    rows = [{"name": path.stem, "path": str(path), "what": _first_comment(path)} for path in _shipped().values()]
    if as_json:
        return print_json(rows)
    print_table(("recipe", "what", "path"), ((row["name"], row["what"], row["path"]) for row in rows))


def _shipped() -> dict[str, Path]:
    """The recipes that come with rlvr, by name."""
    import rlvr.recipes

    found = (path for folder in rlvr.recipes.__path__ for path in Path(folder).glob("*.yaml"))
    return {path.stem: path for path in sorted(found)}


def _first_comment(path: Path) -> str:
    line = path.read_text(encoding="utf-8").partition("\n")[0]
    return line.lstrip("# ") if line.startswith("#") else ""


def _recipe(path: str, overrides: list[str], as_json: bool) -> None:
    from rlvr.config import load_recipe

    resolved = load_recipe(path, overrides)
    if as_json:
        return print_json({"recipe": resolved.recipe.model_dump(mode="json"), "origins": dict(resolved.origins)})
    print(f"# {resolved.source}, resolved; a value without a remark is a default")
    print(resolved.as_yaml(), end="")
