"""`metrics.jsonl`, `rollouts.jsonl` and `events.jsonl` of a run folder.

A full disk must not end a run at night: a line that cannot be written is counted and reported, and
what was written before stays.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from rlvr.records import record_line


class JsonlTracker:
    """Appends one JSON object a line. `failed` counts the lines that could not be written.

    With `writes` False it does nothing: of several ranks one writes.
    """

    def __init__(self, folder: Path, writes: bool = True) -> None:
        self.folder = folder
        self.writes = writes
        self.failed = 0
        self._files: dict[str, IO[str]] = {}

    def metrics(self, iteration: int, values: Mapping[str, float]) -> None:
        self._write("metrics.jsonl", [_line({"iteration": iteration, **values})])

    def rollouts(self, records: Iterable[Mapping[str, Any]]) -> None:
        self._write("rollouts.jsonl", map(record_line, records))

    def event(self, kind: str, **details: Any) -> None:
        """Something that a person should hear of: a failed checkpoint, an empty update, a resumption."""
        self._write("events.jsonl", [_line({"time": round(time.time(), 3), "event": kind, **details})])

    def truncate(self, iteration: int) -> int:
        """Drops the lines of iterations after `iteration`: a resumed run writes them again, the same.

        Returns the last iteration whose metrics remain, -1 where none do.
        """
        last = -1
        for name in ("rollouts.jsonl", "metrics.jsonl"):
            path, last = self.folder / name, -1
            if not path.exists():
                continue
            kept = path.with_suffix(".resumed")
            with path.open(encoding="utf-8") as old, kept.open("w", encoding="utf-8") as new:
                for line in old:
                    if (number := _iteration(line)) <= iteration:
                        new.write(line)
                        last = int(number)
            kept.replace(path)
        return last

    def close(self) -> None:
        for file in self._files.values():
            try:
                file.close()
            except OSError:
                self.failed += 1
        self._files.clear()

    def _write(self, name: str, lines: Iterable[str]) -> None:
        if not self.writes:
            return
        lines = list(lines)
        # Its own handle per file and a flush per call: a kill loses at most what one call was writing.
        try:
            if name not in self._files:
                self._files[name] = (self.folder / name).open("a", encoding="utf-8")
            self._files[name].write("".join(lines))
            self._files[name].flush()
        except OSError:
            self.failed += len(lines)


def _line(row: Mapping[str, Any]) -> str:
    """Numbers or an event as a line; NaN stays NaN."""
    return json.dumps(row, default=str) + "\n"


def _iteration(line: str) -> float:
    """The iteration of a line; a line that a kill cut short counts as later than all."""
    try:
        return float(json.loads(line)["iteration"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
