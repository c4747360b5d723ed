"""`metrics.jsonl`, `rollouts.jsonl` and `events.jsonl` of a run folder.

A full disk must not end a run at night: a line that cannot be written is counted and reported, and
what was written before stays.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from rlvr.records import record_line


class JsonlTracker:
    """Appends one JSON object a line. `failed` counts the lines that could not be written.

    With `writes` False it does nothing: of several ranks one writes.
    """

    def __init__(self, folder: Path, writes: bool = True) -> None:
        self.folder = folder
        self.writes = writes
        self.failed = 0
        self._files: dict[str, FileIO] = {}
        self._torn: set[str] = set()  # files whose last line could not be written to its end

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
            with path.open("rb") as old, kept.open("wb") as new:  # a kill may have cut a letter in two
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
        data = "".join(lines).encode()
        written = 0
        # Its own handle per file and no buffer: a kill loses at most what one call was writing, and what a full disk
        # refuses is not kept in memory until there is room.
        try:
            if name not in self._files:
                self._files[name] = FileIO(self.folder / name, "a")
            if name in self._torn:
                self._files[name].write(b"\n")
                self._torn.discard(name)
            while written < len(data):
                written += self._files[name].write(memoryview(data)[written:])
        except OSError:
            self.failed += data.count(b"\n", written)
            if written and data[written - 1 : written] != b"\n":
                self._torn.add(name)


def _line(row: Mapping[str, Any]) -> str:
    """Numbers or an event as a line; NaN stays NaN."""
    return json.dumps(row, default=str) + "\n"


def _iteration(line: bytes) -> float:
    """The iteration of a line; a line that a kill cut short counts as later than all."""
    try:
        return float(json.loads(line)["iteration"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
