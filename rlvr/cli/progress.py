"""A bar for what takes more than a moment; where the output is not a terminal a plain line every half minute."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

#: Seconds between the lines where there is no terminal.
LOG_SECONDS = 30.0


class Progress:
    """One line a named task, on stderr, so that `--json` on stdout stays clean."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}
        self._told = time.monotonic()

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            counts = (MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[shown]}"))
            self._bar = Bar(TextColumn("{task.description}"), BarColumn(), *counts, console=Console(stderr=True))
            self._bar.start()
        return self

    def update(self, name: str, done: int, total: int, mean: float | None = None) -> None:
        """So many of `total` are done; `mean` is the running mean of their rewards."""
        shown = "" if mean is None else f"mean {mean:.3f}"
        if self._bar is None:
            if time.monotonic() - self._told > LOG_SECONDS:  # a log file's reader wants to know, too, now and then
                self._told = time.monotonic()
                print(f"{self.title} {name} {done:,} of {total:,} {shown}".rstrip(), file=sys.stderr, flush=True)
            return
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(f"{self.title} {name}", total=total, shown=shown)
        self._bar.update(self._tasks[name], completed=done, total=total, shown=shown)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
