"""`rlvr eval`: evaluates a model on suites of problems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlvr.cli.options import Json, Overrides, Plugins


def command(
    model: Annotated[str, typer.Argument(help="A run, one of its checkpoints, a Hugging Face folder, or a hub id.")],
    overrides: Overrides = None,
    suite: Annotated[str, typer.Option(help="Suites, groups, data sets, YAML files; commas between.")] = "gsm8k",
    samples: Annotated[int | None, typer.Option("-k", min=1, help="Samples a problem; by default the suite's.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many problems of each suite.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of files such as gsm8k_test.jsonl.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for records and results; by default runs/eval/MODEL.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep the samples that are recorded already.")] = False,
    wanted_return: Annotated[float | None, typer.Option(help="What to ask a return-conditioned policy for.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all sampling noise.")] = 0,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Evaluate a model: one record a sample, a table with 95 % intervals.

    The folder gets records.jsonl (a line a sample), manifest.json (what was evaluated, with what, where) and
    results.json. Settings of the sections model, sampling, engine, backend and judge are changed with key=value.

    rlvr eval runs/quickstart --suite gsm8k,math500 -k 2 sampling.max_tokens=256

    rlvr eval NAME --suite math500 engine=openai engine.url=http://HOST:8000/v1
    """
    from rlvr.cli.reports import show_evaluation
    from rlvr.config import eval_recipe

    recipe, sampling = eval_recipe(model, overrides or [], [str(p) for p in plugin or ()], seed)
    from rlvr.cli.progress import Progress
    from rlvr.evaluation import evaluate_model

    folder = out or Path("runs") / "eval" / model.strip("./").replace("/", "_")
    with Progress("evaluating") as progress:
        report = evaluate_model(
            recipe,
            [name.strip() for name in suite.split(",") if name.strip()],
            samples=samples,
            limit=limit,
            data_dir=None if data_dir is None else str(data_dir),
            out=folder,
            sampling=sampling,
            wanted_return=wanted_return,
            resume=resume,
            on_progress=progress.update,
        )
    show_evaluation(report, as_json)
