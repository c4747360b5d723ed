"""`rlvr compare`: two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlvr.cli.options import Json

#: Metrics whose curves stand in the page.
_CURVES = 24


def command(
    a: Annotated[str, typer.Argument(help="A run's folder; several seeds with commas between them, or a pattern.")],
    b: Annotated[str, typer.Argument(help="The same for the other side.")],
    out: Annotated[Path | None, typer.Option(help="A file: .md for the table, .html for the table and curves.")] = None,
    all_metrics: Annotated[bool, typer.Option("--all", help="Print every metric, not the first dozen.")] = False,
    as_json: Json = False,
) -> None:
    """Compare two runs, or the seeds of two recipes: their ends, with intervals over seeds, and their curves.

    rlvr compare 'runs/grpo_seed*' 'runs/dapo_seed*' --out both.html
    """
    from rlvr.cli.output import print_json, print_table
    from rlvr.errors import UserError
    from rlvr.report import comparing

    if out is not None and (out.suffix not in (".md", ".html") or not out.parent.is_dir()):
        raise UserError(f"--out {out}: give a file that ends in .md or .html, in a folder that exists.")
    sides = comparing.Side.read(a), comparing.Side.read(b)
    lines = comparing.compare(*sides)
    if out is not None and out.suffix == ".md":
        out.write_text(comparing.markdown(*sides, lines), encoding="utf-8")
    elif out is not None:
        from rlvr.report.page import write_page
        from rlvr.tracking.glossary import described

        runs = list(dict.fromkeys([*sides[0].folders, *sides[1].folders]))
        comparison = comparing.as_json(*sides, lines, _CURVES)
        write_page(runs, out, glossary=described(), comparison=comparison)
    if as_json:
        return print_json(comparing.as_json(*sides, lines))
    shown = lines if all_metrics else lines[:12]
    rows = []
    for line in shown:
        gap = "-" if line.difference is None else line.difference.text() + (" *" if line.clear else "")
        rows.append((line.metric, *("-" if x is None else x.text() for x in (line.a, line.b)), gap))
    print_table(("metric at the end", sides[0].name, sides[1].name, "difference"), rows)
    print(comparing.note(*sides))
    if out is not None:
        print(f"written to {out}")
