"""`rlvr compare`: two runs, or two evaluations, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlvr.cli.options import Json

#: Metrics whose curves stand in the page, and lines of a table that is not asked for whole.
_CURVES = 24
_LINES = 12


def command(
    a: Annotated[
        str,
        typer.Argument(
            help="A run's or an evaluation's folder; several seeds of a run with commas between, or a pattern."
        ),
    ],
    b: Annotated[str, typer.Argument(help="The same for the other side.")],
    out: Annotated[
        Path | None, typer.Option(help="A file: .md for the table, .html for the table and a run's curves.")
    ] = None,
    all_metrics: Annotated[
        bool, typer.Option("--all", help="Print every metric and every flip, not the first dozen.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare two runs, or the seeds of two recipes: their ends, with intervals over seeds, and their curves.

    Two folders of `rlvr eval` are compared problem by problem: difference, interval, p-value, flips.

    rlvr compare 'runs/grpo_seed*' 'runs/dapo_seed*' --out both.html

    rlvr compare runs/eval/before runs/eval/after
    """
    from rlvr.cli.output import print_json, print_table
    from rlvr.errors import UserError
    from rlvr.eval.comparing import is_evaluation
    from rlvr.report import comparing

    if out is not None and (out.suffix not in (".md", ".html") or not out.parent.is_dir()):
        raise UserError(f"--out {out}: give a file that ends in .md or .html, in a folder that exists.")
    if any(map(is_evaluation, (a, b))):
        return _compare_two_evaluations(a, b, out, all_metrics, as_json)
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
    shown = lines if all_metrics else lines[:_LINES]
    rows = []
    for line in shown:
        gap = "-" if line.difference is None else line.difference.text() + (" *" if line.clear else "")
        rows.append((line.metric, *("-" if x is None else x.text() for x in (line.a, line.b)), gap))
    print_table(("metric at the end", sides[0].name, sides[1].name, "difference"), rows)
    print(comparing.note(*sides))
    if out is not None:
        print(f"written to {out}")


def _compare_two_evaluations(a: str, b: str, out: Path | None, everything: bool, as_json: bool) -> None:
    """Prints the suites that two evaluations share, and what flipped."""
    from rlvr.cli.output import print_json, print_table
    from rlvr.errors import UserError
    from rlvr.eval import comparing
    from rlvr.eval.report import percent

    if out is not None and out.suffix != ".md":
        raise UserError(f"--out {out}: evaluations are compared in a table; give a file that ends in .md.")
    sides = comparing.Evaluation.read(a), comparing.Evaluation.read(b)
    found = comparing.compare_evaluations(*sides)
    if out is not None:
        out.write_text(comparing.comparison_markdown(*sides, found), encoding="utf-8")
    if as_json:
        return print_json(comparing.comparison_json(*sides, found))
    print(f"A: {a}\nB: {b}")
    print_table(comparing.HEAD, comparing.rows_of(found, comparing.compare_means(sides[0], found)))
    print(comparing.NOTE)
    for one in found:
        for text in one.warnings:
            print(f"warning: {text}")
        if one.flips:
            shown = one.flips if everything else one.flips[:_LINES]
            flips = [(flip.problem, percent(flip.a), percent(flip.b)) for flip in shown]
            print(f"\n{one.suite}: {comparing.flips_note(one, len(shown))}")
            print_table(("problem", "A", "B"), flips)
    if out is not None:
        print(f"written to {out}")
