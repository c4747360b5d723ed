"""Flags that several verbs share, so that they are spelled and explained in one way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE", help="A Python file whose decorators register names. Repeatable."),
]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings that override the recipe's.")
]


def load_plugins(files: Sequence[Path] | None) -> None:
    """Runs each plug-in file. Raises `UserError` where one is missing or fails to import."""
    from rlvr.registry import load_plugin

    for file in files or ():
        load_plugin(file)
