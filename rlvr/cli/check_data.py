"""`rlvr check data`: reference answers against their own verifiers."""

from __future__ import annotations

from typing import Annotated

import typer

from rlvr.cli.options import Json, Overrides, Plugins
from rlvr.cli.proved import report


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of one that ships with rlvr.")],
    overrides: Overrides = None,
    limit: Annotated[int | None, typer.Option("-n", "--limit", min=1, help="Prompts of each set.")] = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Hold each reference answer of the recipe's training data against its own verifier, and wrong answers beside it.

    No model is needed. Exit code 1 where fewer than 99.5 % of a set's answers are accepted, or a wrong one is paid.

    rlvr check data my.yaml data.train=gsm8k data.data_dir=~/evaldata
    """
    from rlvr.checks.data import check_data
    from rlvr.config import load_recipe

    report(check_data(load_recipe(recipe, overrides or [], [str(p) for p in plugin or ()]).recipe, limit), as_json)
