"""Everything that a run reports goes through here: files, display, trackers, warnings; and the time that it takes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rlvr.core import Group, Tracker
from rlvr.schema import TrackingSection
from rlvr.tracking.console import ConsoleTracker
from rlvr.tracking.jsonl import JsonlTracker
from rlvr.tracking.symptoms import Watch
from rlvr.tracking.trackers import open_trackers

#: Iterations between completions on a terminal, where the recipe does not say.
EXAMPLES_EVERY = 10


class Recorder:
    """Writes what happens to the run folder, shows it, tells the trackers, and warns of what looks ill.

    No tracker ends a run: one that fails is named once and dropped. `events` are the sentences for the run's end.
    """

    def __init__(
        self,
        folder: Path,
        section: TrackingSection,
        iterations: int,
        title: str,
        recipe: Mapping[str, Any],
        speaks: bool = True,
    ) -> None:
        """`speaks` False is for a rank that leaves writing and showing to the first one."""
        section = section if speaks else TrackingSection(display="none")
        self.section = section
        self.events: list[str] = []
        self.jsonl = JsonlTracker(folder, speaks)
        self.console = ConsoleTracker(iterations, section.display, title)
        self.watch = Watch()
        self.seconds = 0.0
        self.trackers: dict[str, Tracker] = {}
        for name, opened in open_trackers(section.trackers, folder, recipe):
            if isinstance(opened, str):
                self.event("tracker_failed", f"tracker {name} could not start and is left out: {opened}")
            else:
                self.trackers[name] = opened

    def metrics(self, iteration: int, values: dict[str, float]) -> None:
        """An iteration's numbers, `time/recording` among them: what recording took since the line before."""
        with self._timed():
            values["time/recording"] = self.seconds
            self.seconds = 0.0
            self.jsonl.metrics(iteration, values)
            self.console.metrics(iteration, values)
            for name in list(self.trackers):
                self._tell(name, iteration, values)
            for warning in self.watch.see(iteration, values):
                self.jsonl.event("warning", iteration=iteration, rule=warning.rule, text=warning.text)
                self.console.say(f"warning at iteration {iteration}: {warning.text}")

    def rollouts(self, records: Iterable[Mapping[str, Any]]) -> None:
        with self._timed():
            self.jsonl.rollouts(records)

    def examples(self, groups: Sequence[Group], iteration: int) -> None:
        """The best, median and worst completion of one group, every so often."""
        every = self.section.examples_every
        if every is None:
            every = EXAMPLES_EVERY if self.console.display == "rich" else 0
        if every and iteration % every == 0 and groups:
            with self._timed():
                self.console.examples(groups[iteration % len(groups)])

    def event(self, kind: str, text: str) -> None:
        """Written, kept for the report, and said at the end."""
        self.events.append(text)
        self.jsonl.event(kind, text=text)

    def note(self, kind: str, text: str) -> None:
        """Written, and said at once."""
        self.jsonl.event(kind, text=text)
        self.console.say(text)

    def resumed(self, rows: Iterable[Mapping[str, float]]) -> None:
        """The lines of the run so far, so that a resumed run warns as one that was never stopped."""
        for row in rows:
            self.watch.see(int(row["iteration"]), row)

    def close(self) -> None:
        for name in list(self.trackers):
            try:
                self.trackers.pop(name).close()
            except Exception as error:  # a tracker's own code, at the very end: nothing is lost with it
                self.console.say(f"tracker {name} could not be closed: {type(error).__name__}: {error}")
        self.console.close()
        self.jsonl.close()

    def _tell(self, name: str, iteration: int, values: Mapping[str, float]) -> None:
        try:
            self.trackers[name].metrics(iteration, values)
        except Exception as error:  # a service that is down, a full disk, a defect: none of them is the run's
            del self.trackers[name]
            text = f"tracker {name} failed at iteration {iteration} and was dropped: {type(error).__name__}: {error}"
            self.event("tracker_failed", text)
            self.console.say(text)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began
