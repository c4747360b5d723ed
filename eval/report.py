"""Results for people (a Rich table) and for programs (JSON)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .results import SuiteResult

if TYPE_CHECKING:
    from rich.table import Table


def results_table(results: Sequence[SuiteResult]) -> Table:
    """One row a suite: accuracy with its 95 % interval, pass@k, and what to distrust."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title="Evaluation", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("suite")
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
    out = []
    if result.truncated / result.total >= 0.05:
        out.append(
            f"{result.suite}: {percent(result.truncated / result.total)} of the completions hit max_tokens; "
            "a truncated completion has rarely answered, so raise sampling.max_tokens."
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


def percent(share: float) -> str:
    """`36.7 %`; `-` for NaN."""
    return "-" if math.isnan(share) else f"{100 * share:.1f} %"


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def results_markdown(results: Sequence[SuiteResult], model: str = "") -> str:
    """A table to paste; what weakens the scores stands below it."""
    head = ("suite", "problems", "k", "accuracy", "95 % interval", "pass@k", "maj@k", "truncated", "no answer",
            "unjudged")  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for r in results:
        cells = (
            f"{r.suite} v{r.version}" if r.version else r.suite,
            f"{r.problems:,}",
            str(r.samples),
            percent(r.accuracy),
            f"{percent(r.interval[0])} to {percent(r.interval[1])}",
            percent(r.pass_at_k[r.samples]),
            percent(r.maj_at_k[r.samples]),
            percent(r.truncated / r.total),
            percent(r.no_answer / r.total),
            str(r.unjudged),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    below = [f"\n{text}" for r in results for text in notes(r)]
    return "\n".join([*([f"`{model}`\n"] if model else []), *lines, *below]) + "\n"
