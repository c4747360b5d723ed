"""Flags that several verbs share, so that they are spelled and explained in one way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rlvr.errors import UserError

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE", help="A Python file whose decorators register names. Repeatable."),
]
Options = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A verifier's option.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings that override the recipe's.")
]


def load_plugins(files: Sequence[Path] | None) -> None:
    """Runs each plug-in file. Raises `UserError` where one is missing or fails to import."""
    from rlvr.registry import load_plugin

    for file in files or ():
        load_plugin(file)


def read_options(pairs: Sequence[str]) -> dict[str, Any]:
    """`key=value` pairs; values are read as YAML, as in a recipe. Raises `UserError`."""
    import yaml

    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"--option {pair!r} is not KEY=VALUE. Write, for example, --option strict=true.")
        try:
            options[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(f"--option {pair!r}: {value!r} is not a YAML value: {error}") from error
    return options
