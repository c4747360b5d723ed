"""What a finished run and a finished evaluation print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rlvr.cli.output import print_json, print_table

if TYPE_CHECKING:
    from rlvr.outcome import EvalReport, TrainReport


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


def show_evaluations(reports: Sequence[EvalReport], as_json: bool) -> None:
    """The table of suites with 95 % intervals of each model; of several, one table of all at the end."""
    from rich.console import Console

    from rlvr.eval import results_json, results_table
    from rlvr.eval.across import mean_over_suites
    from rlvr.eval.report import remarks

    if as_json:
        return print_json(list(map(_as_json, reports)) if len(reports) > 1 else _as_json(reports[0]))
    # Numbers that are cut to fit are wrong numbers: a narrow terminal wraps the lines, a pipe gets them whole.
    for report in reports:
        table = results_table(report.results, report.model if len(reports) > 1 else "")
        needed = Console(width=10_000).measure(table).maximum
        Console(width=max(Console().width, needed)).print(table)
        suites = results_json(report.results)
        _, why_no_mean = mean_over_suites(suites)
        below = [line for fields in suites for line in remarks(fields)] + [why_no_mean] * (why_no_mean is not None)
        for text in (*below, *report.notes):
            print(text)
    if len(reports) > 1:
        names = list(dict.fromkeys(result.suite for report in reports for result in report.results))
        rows = [(report.model, *(_accuracy(report, name) for name in names), _mean(report)) for report in reports]
        means = any(row[-1] != "-" for row in rows)
        print_table(("accuracy", *names, *["mean"] * means), rows if means else [row[:-1] for row in rows])


def _as_json(report: EvalReport) -> dict[str, Any]:
    from rlvr.eval import results_json
    from rlvr.eval.across import mean_over_suites

    suites = results_json(report.results)
    mean, _ = mean_over_suites(suites)
    return {
        "model": report.model,
        "notes": list(report.notes),
        "results": [{k: v for k, v in fields.items() if k != "rewards"} for fields in suites],
        "mean": None if mean is None else asdict(mean),
        "seconds": {result.suite: result.seconds for result in report.results},
    }


def _accuracy(report: EvalReport, suite: str) -> str:
    from rlvr.eval.report import percent, span

    found = [result for result in report.results if result.suite == suite]
    return f"{percent(found[0].accuracy)} ({span(found[0].interval)})" if found else "-"


def _mean(report: EvalReport) -> str:
    from rlvr.eval import results_json
    from rlvr.eval.across import mean_over_suites
    from rlvr.eval.report import percent, span

    mean, _ = mean_over_suites(results_json(report.results))
    return "-" if mean is None else f"{percent(mean.accuracy)} ({span(mean.interval)})"
