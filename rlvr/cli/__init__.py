"""The `rlvr` command: one verb a file, imported when it is asked for.

A verb's module defines one function, `command`, with typer annotations; it parses, calls and prints. `VERBS`
is the table of contents. Only the module of the verb that was typed is imported, so that help and mistakes
answer at once and load neither torch nor pydantic.

Exit codes: 0 fine, 1 failed, 2 the user's mistake (one paragraph on stderr), 130 interrupted.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from rlvr.errors import UserError

#: verb -> what it does, in one line. The function is `rlvr.cli.VERB:command`.
VERBS: dict[str, str] = {
    "quickstart": "Watch a small language model learn to reason, on a CPU.",
    "train": "Train a model by a recipe.",
    "plan": "Estimate a recipe's memory, and how to make it fit.",
    "rollout": "Sample and judge a few prompts of a recipe.",
    "eval": "Evaluate a model on suites of problems.",
    "score": "Judge completions: one, or a file of them.",
    "view": "Write a page about runs: curves, completions, verdicts.",
    "compare": "Put two runs, or the seeds of two recipes, side by side.",
    "check": "Prove a recipe, a model, data or a run.",
    "pairs": "Make preference pairs of a run's completions.",
    "show": "List what can be named, explain a name, resolve a recipe.",
    "init": "Write a new plug-in file and its test.",
    "doctor": "Report versions, devices, and which extras are ready.",
}

_FAILED, _INTERRUPTED = 1, 130
#: Seconds that the other ranks wait with a mistake: where the first has the same one, it ends them all before.
_FIRST_RANK_SPEAKS = 30.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line `arguments` (by default the program's own) and leaves with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _answering(lambda: build(given)(given, prog_name="rlvr"))()


def build(arguments: Sequence[str]) -> typer.Typer:
    """The typer application: every verb has its line in the help, the one that was typed is real."""
    # Plain help: rich's takes 0.15 s to load and draws boxes into pipes.
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, no_args_is_help=True)
    app.callback()(_root)
    typed = next((word for word in arguments if word in VERBS), None)
    for verb, line in VERBS.items():
        if verb == typed == "check":
            app.add_typer(importlib.import_module("rlvr.cli.check").group(arguments), name=verb, short_help=line)
            continue
        function = importlib.import_module(f"rlvr.cli.{verb}").command if verb == typed else _unread
        # The real verb's full help is its docstring.
        app.command(verb, short_help=line, help=None if verb == typed else line)(_answering(function))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from rlvr import __version__

        typer.echo(__version__)
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    local_rank: Annotated[int, typer.Option("--local_rank", "--local-rank", hidden=True)] = 0,
) -> None:
    """Train language models to reason by reinforcement learning with verifiable rewards.

    `rlvr VERB --help` explains a verb.
    """
    # DeepSpeed's launcher puts --local_rank=N before the verb; the rank is read from the environment instead.


def _unread() -> None:
    raise AssertionError("a verb that was not typed cannot be called")


def _answering(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, with the user's mistakes turned into messages and exit codes; a defect keeps its traceback."""

    @functools.wraps(function)  # typer reads the parameters through it
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except UserError as error:
            if (rank := os.environ.get("RANK", "0")) != "0":
                time.sleep(_FIRST_RANK_SPEAKS)
            where = "" if rank == "0" else f"rank {rank}: "
            print(f"rlvr: {where}{error}", file=sys.stderr)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            print("rlvr: interrupted", file=sys.stderr)
            sys.exit(_INTERRUPTED)
        except BrokenPipeError:  # the reader of our output, such as `head`, has left
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(_FAILED)

    return call
