"""`rlvr view`: runs as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlvr.cli.options import Json


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs; several are overlaid.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; by default RUN/report.html.")] = None,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it where there is a browser.")] = True,
    as_json: Json = False,
) -> None:
    """Write (and open) a page about runs: curves, completions with their verdicts, flips, events, the verifier's times.

    It is one file that needs no network and no server. Click an iteration to see its groups, a group to see its
    completions; `?` in the page lists its keys.

    rlvr view runs/first runs/second --out both.html
    """
    from rlvr.cli.output import print_json, print_table
    from rlvr.cli.progress import Progress
    from rlvr.errors import UserError
    from rlvr.records import read_lines
    from rlvr.report.page import write_page
    from rlvr.tracking.glossary import described
    from rlvr.tracking.symptoms import diagnose

    target = out or runs[0] / "report.html"
    if out is not None and not target.parent.is_dir():
        raise UserError(f"--out {target} cannot be written: {target.parent} is no folder. Give the path of a file.")
    warnings = {
        run: [{"iteration": i, "rule": w.rule, "text": w.text} for i, w in diagnose(read_lines(run / "metrics.jsonl"))]
        for run in runs
    }
    with Progress("") as progress:
        done = iter(range(1, 1 << 62))
        report = write_page(
            runs,
            target,
            glossary=described(),
            warnings=warnings,
            progress=lambda: progress.update("packing completions", next(done), 0),
        )
    if as_json:
        return print_json(report)
    rows = [(name, f"{counts['rollouts']:,} completions") for name, counts in report["runs"].items()]
    print_table(("page", str(target)), [*rows, ("size", f"{report['bytes'] / 2**20:.1f} MiB")])
    if show and _has_browser():
        import webbrowser

        webbrowser.open(target.resolve().as_uri())


def _has_browser() -> bool:
    """Whether a window can be shown at all: a text browser in a terminal would take it over."""
    import os
    import sys

    return sys.stdout.isatty() and (sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY")))
