"""`rlvr eval`: evaluates a model on suites of problems."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rlvr.cli.options import Json, Plugins

if TYPE_CHECKING:
    from rlvr.outcome import EvalReport


def command(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL|KEY=VALUE",
            help="Runs, their checkpoints, Hugging Face folders, or hub ids; and settings that override the defaults.",
        ),
    ],
    suite: Annotated[str, typer.Option(help="Suites (`rlvr show suites`), data sets, YAML files: a,b")] = "gsm8k",
    samples: Annotated[int | None, typer.Option("-k", min=1, help="Samples a problem; by default the suite's.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many problems of each suite.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of files such as gsm8k_test.jsonl.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for records and results; by default runs/eval/MODEL.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep the samples that are recorded already.")] = False,
    wanted_return: Annotated[float | None, typer.Option(help="What to ask a return-conditioned policy for.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all sampling noise.")] = 0,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Draw accuracy with intervals over the models.")
    ] = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Evaluate a model: one record a sample, a table with 95 % intervals.

    The folder gets records.jsonl (a line a sample), manifest.json (what was evaluated, with what, where), results.json
    and results.md, a table to paste; of several models each has its own. Settings of the sections model, sampling,
    engine, backend, judge and grader are changed with key=value.

    rlvr eval runs/quickstart --suite gsm8k,math500 -k 2 sampling.max_tokens=256

    rlvr eval runs/mine/checkpoints/* --suite gsm8k --plot accuracy.html

    rlvr eval NAME --suite math500 engine=openai engine.url=http://HOST:8000/v1
    """
    from rlvr.cli.progress import Progress
    from rlvr.cli.reports import show_evaluations
    from rlvr.errors import all_of
    from rlvr.eval import suites_for
    from rlvr.evaluation_settings import check_models, eval_recipe

    models, overrides = _checked(arguments, plot, out)
    suites = [name.strip() for name in suite.split(",") if name.strip()]
    named = [(model, eval_recipe(model, overrides, [str(p) for p in plugin or ()], seed)) for model in models]
    all_of((lambda: check_models(models, named[0][1][0]), lambda: suites_for(suites)))
    from rlvr.evaluation import evaluate_model

    reports = []
    for model, (recipe, sampling) in named:
        folder = out if out and len(models) == 1 else (out or Path("runs/eval")) / _folder_name(model)
        with Progress("evaluating" if len(models) == 1 else f"evaluating {model},") as progress:
            reports.append(
                evaluate_model(recipe, suites, samples=samples, limit=limit, data_dir=data_dir, out=folder,
                               sampling=sampling, wanted_return=wanted_return, resume=resume,
                               on_progress=progress.update)
            )  # fmt: skip
    show_evaluations(reports, as_json)
    if plot is not None:
        _draw(reports, plot)


def _folder_name(model: str) -> str:
    """`runs/mine/checkpoints/best` as one name; of `.` and `..` the folder's own."""
    return (model.strip("./") or Path(model).resolve().name).replace("/", "_")


def _checked(arguments: Sequence[str], plot: Path | None, out: Path | None) -> tuple[list[str], list[str]]:
    """The models and the settings among a command's words.

    Raises `UserError` where there is no model, or where what is asked for could not be written.
    """
    from rlvr.errors import UserError

    models = [text for text in arguments if "=" not in text or Path(text).exists()]
    if not models:
        raise UserError("no model was given, only settings. Give a run, a checkpoint or a hub id: rlvr eval MODEL.")
    if plot is not None and (plot.suffix != ".html" or not plot.parent.is_dir()):
        raise UserError(f"--plot {plot}: give a file that ends in .html, in a folder that exists.")
    if out is not None and out.exists() and not out.is_dir():
        raise UserError(f"--out {out} is a file. Give a folder, which need not exist yet.")
    if twice := [text for text, count in Counter(models).items() if count > 1]:
        raise UserError(f"{', '.join(twice)} was given twice. Give each model once.")
    return models, [text for text in arguments if text not in models]


def _draw(reports: Sequence[EvalReport], file: Path) -> None:
    """Writes the plot of several models' accuracies."""
    from math import isnan

    from rlvr.report.accuracy import Point, write_accuracy_page

    names = list(dict.fromkeys(result.suite for report in reports for result in report.results))
    points: dict[str, list[Point | None]] = {name: [] for name in names}
    for report in reports:
        of = {result.suite: result for result in report.results}
        for name, row in points.items():
            r = of.get(name)
            row.append(
                None
                if r is None
                else Point(None if isnan(r.accuracy) else r.accuracy, *r.interval, r.problems, r.samples)
            )
    write_accuracy_page([report.model for report in reports], points, file)
    print(f"written to {file}", file=sys.stderr)
