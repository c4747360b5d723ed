"""Results for people (a Rich table) and for programs (JSON)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .results import SuiteResult

#: The scores of an evaluation's suites in its folder, for a program and as a table to paste.
RESULTS, MARKDOWN = "results.json", "results.md"

if TYPE_CHECKING:
    from rich.table import Table


def results_table(results: Sequence[SuiteResult], model: str = "") -> Table:
    """One row a suite: accuracy with its 95 % interval, pass@k, and what to distrust."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        title=f"Evaluation of {escape(model)}" if model else "Evaluation", title_justify="left", box=SIMPLE_HEAD
    )
    table.add_column("suite", no_wrap=True)
    for heading in (
        "problems",
        "k",
        "accuracy",
        "95 % interval",
        "pass@k",
        "maj@k",
        "truncated",
        "no answer",
        "unjudged",
        "tokens",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        table.add_row(
            f"{result.suite} v{result.version}" if result.version else result.suite,
            f"{result.problems:,}",
            str(result.samples),
            percent(result.accuracy),
            f"{percent(result.interval[0])} to {percent(result.interval[1])}",
            percent(result.pass_at_k[result.samples]),
            percent(result.maj_at_k[result.samples]),
            percent(result.truncated / result.total),
            percent(result.no_answer / result.total),
            str(result.unjudged),
            f"{result.mean_tokens:,.0f}",
        )
    return table


def results_json(results: Sequence[SuiteResult]) -> list[dict[str, Any]]:
    """The results as JSON values: NaN becomes null, the derived counts are included, and nothing that took time."""
    out = []
    for result in results:
        fields = dataclasses.asdict(result)
        del fields["seconds"]
        out.append(_clean({**fields, "unjudged": result.unjudged, "shares": result.shares, "notes": notes(result)}))
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
    told = [f"{name} {percent(s['value'])} ({' to '.join(map(percent, s['interval']))})" for name, s in scores.items()]
    return ([f"{fields['suite']}: {', '.join(told)}."] if told else []) + list(fields["notes"])


def percent(share: float | None) -> str:
    """`36.7 %`; `-` for NaN and for null."""
    return "-" if share is None or math.isnan(share) else f"{100 * share:.1f} %"


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def results_markdown(suites: Iterable[Mapping[str, Any]], model: str = "") -> str:
    """A table to paste, from the suites of `results.json`; what weakens the scores stands below it."""
    head = ("suite", "problems", "k", "accuracy", "95 % interval", "pass@k", "maj@k", "truncated", "no answer",
            "unjudged")  # fmt: skip
    lines = [markdown_row(head), "|" + "---|" * len(head)]
    notes_below = []
    for r in suites:
        total, k = max(r["problems"] * r["samples"], 1), str(r["samples"])
        cells = (
            f"{r['suite']} v{r['version']}" if r["version"] else r["suite"],
            f"{r['problems']:,}",
            k,
            percent(r["accuracy"]),
            f"{percent(r['interval'][0])} to {percent(r['interval'][1])}",
            percent(r["pass_at_k"][k]),
            percent(r["maj_at_k"][k]),
            percent(r["truncated"] / total),
            percent(r["no_answer"] / total),
            str(r["unjudged"]),
        )
        lines.append(markdown_row(cells))
        notes_below += [f"\n{text}" for text in remarks(r)]
    return "\n".join([*([f"`{model}`\n"] if model else []), *lines, *notes_below]) + "\n"


def markdown_row(cells: Sequence[str]) -> str:
    """Cells as a row of a Markdown table."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
