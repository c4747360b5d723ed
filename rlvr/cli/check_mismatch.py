"""`rlvr check mismatch`: engine against trainer."""

from __future__ import annotations

from typing import Annotated

import typer

from rlvr.cli.options import Json, Overrides, Plugins
from rlvr.cli.proved import report


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of one that ships with rlvr.")],
    overrides: Overrides = None,
    prompts: Annotated[int, typer.Option("-n", min=1, help="Prompts to sample a group of.")] = 8,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Compare the log-probs of engine and trainer on tokens that the engine samples, before any update.

    Exit code 1 where they are further apart than a run would start with.

    rlvr check mismatch quickstart engine.name=vllm
    """
    from rlvr.checks.mismatch import check_mismatch
    from rlvr.config import load_recipe
    from rlvr.launch import run_ranks, wants_launch

    given = load_recipe(recipe, overrides or [], [str(p) for p in plugin or ()]).recipe
    if wants_launch(given):
        words = [f"-n={prompts}", *["--json"] * as_json, *(f"--plugin={path}" for path in plugin or ())]
        raise typer.Exit(run_ranks(given.launch, ["check", "mismatch", recipe, *(overrides or []), *words]))
    report(check_mismatch(given, prompts), as_json)
