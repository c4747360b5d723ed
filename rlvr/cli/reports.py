"""What a finished run and a finished evaluation print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlvr.cli.output import print_json, print_table

if TYPE_CHECKING:
    from rlvr.outcome import EvalReport, TrainReport

#: Characters that the table of an evaluation needs.
WIDTH = 122


def show_training(report: TrainReport, as_json: bool) -> None:
    """The first and the last evaluation side by side, and where everything lies."""
    first, last = (report.evals.get(i, {}) for i in (min(report.evals, default=0), max(report.evals, default=0)))
    if as_json:
        return print_json(
            {
                "folder": str(report.folder),
                "iterations": report.iterations,
                "seconds": report.seconds,
                "checkpoint": str(report.checkpoint) if report.checkpoint else None,
                "metrics": dict(report.metrics),
                "evals": {str(k): dict(v) for k, v in report.evals.items()},
                "events": list(report.events),
            }
        )
    rows = [("iterations", str(report.iterations)), ("seconds", f"{report.seconds:.1f}")]
    rows += [
        (name, f"{first[name]:.3f} -> {last[name]:.3f}")
        for name in last
        if name.endswith(("/accuracy", "/pair_accuracy", "/tokens_mean"))
    ]
    rows += [(name, f"{report.metrics[name]:.4g}") for name in ("reward/mean", "train/loss") if name in report.metrics]
    rows += [("checkpoint", str(report.checkpoint or "none")), ("run folder", str(report.folder))]
    print_table(("done", ""), rows)


def show_evaluation(report: EvalReport, as_json: bool) -> None:
    """The table of suites with 95 % intervals."""
    from rich.console import Console

    from rlvr.eval import notes, results_json, results_table

    if as_json:
        results = [{k: v for k, v in fields.items() if k != "rewards"} for fields in results_json(report.results)]
        seconds = {result.suite: result.seconds for result in report.results}
        return print_json({"model": report.model, "results": results, "seconds": seconds})
    # Numbers that are cut to fit are wrong numbers: a narrow terminal wraps the lines, a pipe gets them whole.
    console = Console(width=max(Console().width, WIDTH))
    console.print(results_table(report.results))
    for result in report.results:
        for note in notes(result):
            print(note)
