"""`rlvr check loss`: the gradient of a recipe's loss under many splits."""

from __future__ import annotations

from typing import Annotated

import typer

from rlvr.cli.options import Json, Overrides, Plugins
from rlvr.cli.proved import report


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of one that ships with rlvr.")],
    overrides: Overrides = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Prove that no split of a batch changes the gradient of the recipe's loss, with its own model and algorithm.

    In fp64 on the CPU (twice the model's fp32 size in memory, and its gradient), on made-up completions with every hard
    case. Exit code 1 where a gradient differs by more than 1e-6 of its largest entry.

    rlvr check loss quickstart model.path=MODEL algorithm=dapo
    """
    from rlvr.checks.loss import check_loss
    from rlvr.config import load_recipe

    report(check_loss(load_recipe(recipe, overrides or [], [str(p) for p in plugin or ()]).recipe), as_json)
