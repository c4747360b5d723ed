"""`rlvr check verifier`: hostile and gaming completions against a registered verifier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlvr.cli.options import Json, Options, Plugins, load_plugins, read_options
from rlvr.cli.proved import report


def command(
    name: Annotated[str, typer.Argument(help="A registered verifier; with --plugin also one of your own file.")],
    rows: Annotated[
        Path | None,
        typer.Option(help="Rows with prompt, completion (a right one), answer; default: the verifier's own example."),
    ] = None,
    option: Options = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds that one verdict may take.")] = 10.0,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Prove that a verifier judges whatever a model may write, and pays for nothing that is no answer.

    Empty, huge and hostile completions, copies of the prompt, lists of all options, orders to the grader: each
    twice, in different processes and orders. Exit code 1 where one is paid, judged differently, or not judged in time.

    rlvr check verifier palindrome --plugin palindrome.py
    """
    from rlvr.checks.verifier import check_verifier

    load_plugins(plugin)
    report(check_verifier(name, read_options(option or []), rows=rows, plugins=plugin or (), timeout=timeout), as_json)
