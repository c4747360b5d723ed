"""What a terminal shows while a run trains: how far it is, the numbers that matter, and where the time goes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text


class Figure(NamedTuple):
    """A number of the display: its label, its metric and its format."""

    label: str
    metric: str
    form: str


FIGURES = (
    Figure("reward", "reward/mean", "{:.3f}"),
    Figure("dead groups", "group/zero_std_rate", "{:.0%}"),
    Figure("length", "tokens/completion_mean", "{:.1f}"),
    Figure("truncated", "tokens/truncated_rate", "{:.1%}"),
    Figure("entropy", "policy/entropy", "{:.3f}"),
    Figure("KL", "policy/kl", "{:.1e}"),
    Figure("KL to reference", "policy/kl_reference", "{:.1e}"),
    Figure("engine mismatch", "mismatch/kl", "{:.1e}"),
    Figure("verifier errors", "verifier/error_rate", "{:.1%}"),
    Figure("gradient norm", "train/grad_norm", "{:.3f}"),
    Figure("right pairs", "pairs/accuracy", "{:.1%}"),
    Figure("loss", "train/loss", "{:.4f}"),
    Figure("tokens/s", "rollout/tokens_per_second", "{:,.0f}"),
    Figure("seconds", "time/iteration", "{:.1f}"),
)
#: What the seconds of an iteration are spent on.
TIMES = ("rollout", "judge_wait", "scoring", "inputs", "train", "eval", "checkpoint", "recording")
#: Iterations of which a figure's small curve is made.
WIDTH = 24
_BARS = "▁▂▃▄▅▆▇█"
_TONES = ("cyan", "magenta", "yellow", "blue", "green", "red", "white", "bright_black")


def small_curve(values: list[float]) -> str:
    """Numbers as a line of blocks, the lowest and the highest of them as its ends."""
    known = [v / 2 for v in values if math.isfinite(v)]  # halved, the distance of any two is a number
    if not known:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1.0
    return "".join(_BARS[int((v - low) / span * (len(_BARS) - 1))] for v in known)


class Dashboard:
    """Redraws in place. `say` and tables that the console prints meanwhile stand above it."""

    def __init__(self, console: Console, iterations: int, title: str) -> None:
        self._progress = Progress(
            TextColumn("[bold]{task.description}", table_column=Column(no_wrap=True, min_width=len(title))),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=2 * len(str(iterations)) + 1)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True, min_width=5)),
            TextColumn("left", table_column=Column(no_wrap=True, min_width=4)),
            console=console,
            expand=True,
        )
        self._title = title
        self._task = self._progress.add_task(title, total=iterations)
        self._history: dict[str, deque[float]] = {f.metric: deque(maxlen=WIDTH) for f in FIGURES}
        self._live = Live(self._progress, console=console, refresh_per_second=4)
        self._live.start()

    def metrics(self, iteration: int, values: Mapping[str, float]) -> None:
        for figure in FIGURES:
            if figure.metric in values:
                self._history[figure.metric].append(values[figure.metric])
        self._progress.update(self._task, completed=iteration)
        self._live.update(Group(self._progress, self._figures(), self._times(values)))

    def doing(self, what: str | None) -> None:
        """Says what takes its time between two iterations; None: training again."""
        self._progress.update(self._task, description=what or self._title)

    def close(self) -> None:
        self._live.stop()

    def _figures(self) -> Table:
        """Figures in two columns, each with its latest value and its small curve."""
        cells = [
            (f.label, f.form.format(h[-1]), small_curve(list(h))) for f in FIGURES if (h := self._history[f.metric])
        ]
        grid = Table.grid(padding=(0, 1))
        for _ in range(2):
            grid.add_column(style="dim", no_wrap=True)
            grid.add_column(justify="right", no_wrap=True)
            grid.add_column(style="cyan", no_wrap=True, max_width=WIDTH)
        half = (len(cells) + 1) // 2
        for row in range(half):
            right = cells[half + row] if half + row < len(cells) else ("", "", "")
            grid.add_row(*cells[row], *right)
        return grid

    def _times(self, values: Mapping[str, float]) -> Text:
        """Where the seconds of the latest iteration went."""
        spent = {name: values.get(f"time/{name}", 0.0) for name in TIMES}
        total = sum(spent.values()) or 1.0
        line = Text("time  ", style="dim")
        for tone, (name, seconds) in zip(_TONES, spent.items(), strict=True):
            if seconds / total >= 0.01:
                line.append("█" * max(1, round(seconds / total * 30)), style=tone)
                line.append(f" {name.replace('_', ' ')} {seconds / total:.0%}  ", style="default")
        return line
