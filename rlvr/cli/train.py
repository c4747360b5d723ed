"""`rlvr train`: trains a model by a recipe."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

from rlvr.cli.options import Json, Overrides, Plugins


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of one that ships with rlvr.")],
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run from its newest checkpoint.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and print the plan; train nothing.")] = False,
    stop_after: Annotated[int | None, typer.Option(min=1, help="End after so many iterations, to be resumed.")] = None,
    display: Annotated[
        Literal["rich", "plain", "none"] | None, typer.Option(help="What is shown; default: rich on a terminal.")
    ] = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Train by a recipe; settings are changed with key=value.

    rlvr train gsm8k_grpo_qwen2.5_0.5b train.iterations=20 run=runs/short
    """
    from rlvr.config import load_recipe

    given = [*(overrides or []), *([f"tracking.display={display}"] if display else [])]
    given += ["tracking.display=none"] if as_json else []
    resolved = load_recipe(recipe, given, [str(p) for p in plugin or ()])
    if dry_run:
        from rlvr.cli.dry_run import show_plan

        return show_plan(resolved, as_json)
    from rlvr.launch import run_ranks, wants_launch

    if wants_launch(resolved.recipe):
        words = ["--resume"] * resume + ["--json"] * as_json
        words += [f"--stop-after={stop_after}"] if stop_after else []
        words += [f"--plugin={path}" for path in plugin or ()]
        raise typer.Exit(run_ranks(resolved.recipe.launch, ["train", recipe, *given, *words]))
    from rlvr.cli.reports import show_training
    from rlvr.run import train_recipe
    from rlvr.training.ranks import placed_by

    report = train_recipe(resolved, resume=resume, stop_after=stop_after)
    if placed_by(os.environ).first:
        show_training(report, as_json)
    if report.metrics.get("checkpoint/failed"):  # what was learned since the one before is not on disk
        raise typer.Exit(1)
