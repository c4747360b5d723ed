"""`rlvr check replay`: stored iterations computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlvr.cli.options import Json
from rlvr.cli.proved import report


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    iteration: Annotated[
        int | None, typer.Option(min=1, help="One iteration; by default all that are recorded.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute advantages and loss of a run's iterations again from its records, on the CPU, and compare with its log.

    Nothing but the records is needed: no model, no GPU. Exit code 1 where anything differs by more than 1e-6.

    rlvr check replay runs/first --iteration 7
    """
    from rlvr.checks.replay import outcome, replay

    report(outcome(replay(run, iteration)), as_json)
