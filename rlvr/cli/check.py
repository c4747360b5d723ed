"""`rlvr check NAME`: the project's own proofs, on the user's recipe, model, data, verifier or run."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import typer

#: check -> what it proves, in one line. The function is `rlvr.cli.check_NAME:command`, imported when it is typed.
CHECKS: dict[str, str] = {
    "data": "Reference answers pass their own verifiers, wrong ones do not.",
    "loss": "No split of a batch changes the gradient of a recipe's loss.",
    "resume": "N iterations equal k, a stop, and N - k, bit for bit.",
    "mismatch": "Engine and trainer say the same of what was sampled.",
    "verifier": "It judges whatever a model may write, and pays for no non-answer.",
    "replay": "A run's advantages and losses follow from its records.",
}


def group(arguments: Sequence[str]) -> typer.Typer:
    """The checks as sub-commands; only the module of the one that was typed is imported."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Prove it on your own recipe, model or run.")
    typed = next((word for word in arguments if word in CHECKS), None)
    for name, line in CHECKS.items():
        function = importlib.import_module(f"rlvr.cli.check_{name}").command if name == typed else _unread
        app.command(name, short_help=line, help=None if name == typed else line)(function)
    return app


def _unread() -> None:
    raise AssertionError("a check that was not typed cannot be called")
