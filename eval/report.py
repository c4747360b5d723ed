"""Results for people (a Rich table) and for programs (JSON)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlvr.records import without_nan

from .across import SuiteMean, mean_over_suites
from .results import SuiteResult

#: The scores of an evaluation's suites in its folder, for a program and as a table to paste.
RESULTS, MARKDOWN = "results.json", "results.md"
#: What a suite's row says.
HEAD = (
    "suite", "problems", "k", "accuracy", "95 % interval", "pass@k", "maj@k", "truncated", "no answer", "unjudged",
    "tokens",
)  # fmt: skip

if TYPE_CHECKING:
    from rich.table import Table


def results_table(results: Sequence[SuiteResult], model: str = "") -> Table:
    """One row a suite: accuracy with its 95 % interval, pass@k, and what to distrust; of several, their mean below."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    title = f"Evaluation of {escape(model)}" if model else "Evaluation"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in HEAD:
        table.add_column(heading, justify="left" if heading == HEAD[0] else "right", no_wrap=True)
    suites = results_json(results)
    for fields in suites:
        table.add_row(*_cells(fields))
    mean, _ = mean_over_suites(suites)
    if mean is not None:
        table.add_section()
        table.add_row(*_mean_cells(mean))
    return table


def _cells(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """A suite's row under `HEAD`, from its fields in `results.json`."""
    total, k = max(fields["problems"] * fields["samples"], 1), str(fields["samples"])
    return (
        f"{fields['suite']} v{fields['version']}" if fields["version"] else str(fields["suite"]),
        f"{fields['problems']:,}",
        k,
        percent(fields["accuracy"]),
        span(fields["interval"]),
        percent(fields["pass_at_k"][k]),
        percent(fields["maj_at_k"][k]),
        percent(fields["truncated"] / total),
        percent(fields["no_answer"] / total),
        str(fields["unjudged"]),
        f"{fields['mean_tokens']:,.0f}",
    )


def _mean_cells(mean: SuiteMean) -> tuple[str, ...]:
    """The row of the mean, as long as a suite's."""
    told = (f"mean of {len(mean.suites)} suites", "", "", percent(mean.accuracy), span(mean.interval))
    return told + ("",) * (len(HEAD) - len(told))


def results_json(results: Sequence[SuiteResult]) -> list[dict[str, Any]]:
    """The results as JSON values: NaN becomes null, the derived counts are included, and nothing that took time."""
    out = []
    for result in results:
        fields = dataclasses.asdict(result)
        del fields["seconds"]
        fields |= {"unjudged": result.unjudged, "shares": result.shares, "notes": notes(result)}
        out.append(without_nan(fields))
    return out


def notes(result: SuiteResult) -> list[str]:
    """Sentences about what weakens the scores."""
    from rlvr.rollout.chat import names_plain

    out = []
    if result.truncated / result.total >= 0.05:
        out.append(
            f"{result.suite}: {percent(result.truncated / result.total)} of the completions hit max_tokens; "
            "a truncated completion has rarely answered, so raise sampling.max_tokens."
        )
        if names_plain(result.settings.get("template")) and not (result.settings.get("sampling") or {}).get("stop"):
            out.append(
                f"{result.suite}: a base model goes on with the next question after its answer: no stop text ends it. "
                "Give the text that begins a question: sampling.stop=['Question:'], or sampling: {stop: ['Question:']} "
                "in the suite's file."
            )
    if result.unjudged:
        out.append(
            f"{result.suite}: {result.unjudged} of {result.total} samples could not be judged "
            f"({result.timeouts} timeouts, {result.errors} errors) and are in no score; "
            f"{result.unjudged_problems} problems have no judged sample."
        )
    if skipped := result.settings.get("skipped_rows"):
        out.append(f"{result.suite}: {skipped} rows of the data set were broken or had no answer and were left out.")
    return out


def remarks(fields: Mapping[str, Any]) -> list[str]:
    """What stands below the table of a suite, of its JSON: its further scores, and what weakens them.

    `ifeval: prompt_loose 61.2 % (57.0 % to 65.2 %), ...`
    """
    scores: Mapping[str, Any] = fields.get("scores") or {}
    told = [f"{name} {percent(s['value'])} ({span(s['interval'])})" for name, s in scores.items()]
    return ([f"{fields['suite']}: {', '.join(told)}."] if told else []) + list(fields["notes"])


def span(interval: Sequence[float]) -> str:
    """`30.1 % to 43.9 %`."""
    return " to ".join(map(percent, interval))


def percent(share: float | None) -> str:
    """`36.7 %`; `-` for NaN and for null."""
    return "-" if share is None or math.isnan(share) else f"{100 * share:.1f} %"


def results_markdown(suites: Sequence[Mapping[str, Any]], model: str = "", told: Sequence[str] = ()) -> str:
    """A table to paste, from the suites of `results.json`; what weakens the scores below, and what is `told`."""
    rows = [_cells(fields) for fields in suites]
    mean, why_none = mean_over_suites(suites)
    if mean is not None:
        rows.append(_mean_cells(mean))
    below = [text for fields in suites for text in remarks(fields)] + [why_none] * (why_none is not None) + [*told]
    lines = [markdown_row(HEAD), "|" + "---|" * len(HEAD), *map(markdown_row, rows)]
    return "\n".join([*([f"`{model}`\n"] if model else []), *lines, *(f"\n{text}" for text in below)]) + "\n"


def markdown_row(cells: Sequence[str]) -> str:
    """Cells as a row of a Markdown table."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
