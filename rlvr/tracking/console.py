"""What a person sees while a run trains: a display on a terminal, one greppable line an iteration elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rlvr.core import Group
from rlvr.tracking.dashboard import Dashboard

#: label, metric, format: the few numbers that say how a run is doing.
_LINE = (
    ("reward", "reward/mean", "{:.3f}"),
    ("zero-std", "group/zero_std_rate", "{:.0%}"),
    ("length", "tokens/completion_mean", "{:.1f}"),
    ("truncated", "tokens/truncated_rate", "{:.0%}"),
    ("entropy", "policy/entropy", "{:.3f}"),
    ("kl", "policy/kl", "{:.1e}"),
    ("grad", "train/grad_norm", "{:.2f}"),
    ("unjudged", "verifier/error_rate", "{:.1%}"),
    ("right", "pairs/accuracy", "{:.1%}"),
    ("loss", "train/loss", "{:.4f}"),
    ("tokens_per_second", "rollout/tokens_per_second", "{:.0f}"),
    ("seconds", "time/iteration", "{:.1f}"),
)


class ConsoleTracker:
    """`rich` animates, `plain` prints `key=value` lines, `none` is silent; `auto` looks at the terminal."""

    def __init__(
        self,
        iterations: int,
        display: Literal["auto", "rich", "plain", "none"] = "auto",
        title: str = "training",
        console: Console | None = None,
    ) -> None:
        self.console = console or Console()
        if display == "auto":
            display = "rich" if self.console.is_terminal else "plain"
        self.display = display
        self.iterations = iterations
        self.title = title
        self._dashboard = Dashboard(self.console, iterations, title) if display == "rich" else None

    def metrics(self, iteration: int, values: Mapping[str, float]) -> None:
        if self._dashboard is not None:
            self._dashboard.metrics(iteration, values)
        elif self.display == "plain":
            pairs = [f"{k}={f.format(values[m])}" for k, m, f in _LINE if m in values]
            pairs += [
                f"{k}={v:.4f}"
                for k, v in values.items()
                if k.startswith("eval/") and k.endswith(("/accuracy", "/pair_accuracy"))
            ]
            print(f"{self.title} iteration={iteration}/{self.iterations} {' '.join(pairs)}", flush=True)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Says on a terminal what takes its time meanwhile: an evaluation, a checkpoint."""
        if self._dashboard is not None:
            self._dashboard.doing(what)
        try:
            yield
        finally:
            if self._dashboard is not None:
                self._dashboard.doing(None)

    def say(self, text: str) -> None:
        """A sentence of its own, above the bar."""
        if self.display != "none":
            self.console.print(harmless(text))

    def examples(self, group: Group) -> None:
        """The best, the median and the worst completion of a group."""
        if self.display == "none":
            return
        ranked = sorted(group.rollouts, key=lambda r: -math.inf if r.shaped is None else r.shaped, reverse=True)
        chosen = {len(ranked) - 1: "worst", len(ranked) // 2: "median", 0: "best"}  # of one or two: the best name
        table = Table(title=harmless(_clip(group.prompt.text, 200)), title_justify="left", show_lines=True)
        for column in ("", "reward", "shaped", "status", "completion"):
            table.add_column(column)
        for index, label in sorted(chosen.items()):
            shown, verdict = ranked[index], ranked[index].verdict
            row = [label, _number(verdict.reward), _number(shown.shaped), verdict.status]
            table.add_row(*row, harmless(_clip(shown.completion.text, 600)))
        self.console.print(table)

    def close(self) -> None:
        if self._dashboard is not None:
            self._dashboard.close()
            self._dashboard = None


def harmless(text: str) -> Text:
    """Foreign text as it is: no brackets that Rich reads as markup, no control characters that a terminal obeys."""
    return Text("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _clip(text: str, limit: int) -> str:
    """The text, shortened in its middle: the beginning and the answer are what one looks at."""
    return text if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 2 :]}"


def plan_table(rows: Sequence[tuple[str, str]], title: str) -> Table:
    table = Table(title=title, show_header=False, title_justify="left")
    for row in rows:
        table.add_row(*map(harmless, row))
    return table
