"""`rlvr check resume`: a run with a stop against one without."""

from __future__ import annotations

from typing import Annotated

import typer

from rlvr.cli.options import Json, Overrides, Plugins
from rlvr.cli.proved import report


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of one that ships with rlvr.")],
    overrides: Overrides = None,
    iterations: Annotated[int, typer.Option("-n", min=2, help="Iterations of each run.")] = 4,
    stop: Annotated[int, typer.Option(min=1, help="The iteration after which the second run stops.")] = 2,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Prove that a run that is stopped and resumed is the run that was never stopped, bit for bit.

    Trains the recipe twice, in folders that are deleted again. Exit code 1 where weights, optimizer, metrics or records
    differ.

    rlvr check resume quickstart -n 4 --stop 2 train.prompts_per_iteration=8
    """
    from rlvr.checks.resume import check_resume

    report(check_resume(recipe, overrides or [], [str(p) for p in plugin or ()], iterations, stop), as_json)
