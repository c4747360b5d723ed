"""Two runs, or the seeds of two recipes, side by side: where they ended, how sure that is, and their curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rlvr.errors import UserError
from rlvr.records import read_lines

#: Iterations whose mean is a training metric's end; an evaluation's end is its last.
END = 3
CONFIDENCE = 0.95
#: Shown first, in this order; other metrics follow by name.
FIRST = ("reward/mean", "group/zero_std_rate", "group/solved_rate", "tokens/completion_mean", "tokens/truncated_rate",
         "policy/entropy", "policy/kl", "policy/kl_reference", "train/loss", "time/iteration")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: the runs of one recipe, which differ in their seeds."""

    name: str
    folders: tuple[Path, ...]
    rows: tuple[tuple[Mapping[str, Any], ...], ...]  # the lines of metrics.jsonl of each run

    @classmethod
    def read(cls, text: str) -> Side:
        """`text` names a run, several with commas between, or a pattern. Raises `UserError` where none is a run."""
        folders = [found for part in text.split(",") for found in _folders(part.strip())]
        if not folders:
            raise UserError(
                f"no run matches {text!r}. Give the folder of a run, several with commas, or 'runs/name_*'."
            )
        for folder in folders:
            if not (folder / "metrics.jsonl").is_file():
                raise UserError(f"{folder} is no run's folder: there is no metrics.jsonl in it.")
        rows = tuple(tuple(read_lines(folder / "metrics.jsonl")) for folder in folders)
        return cls(text if len(text) <= 60 else f"{folders[0].name}, ...", tuple(folders), rows)

    def ends(self, metric: str) -> list[float]:
        """Where each run that has the metric ended."""
        found = []
        for rows in self.rows:
            values = [row[metric] for row in rows if _is_number(row.get(metric))]
            if values:
                found.append(values[-1] if metric.startswith("eval/") else fmean(values[-END:]))
        return found

    def curve(self, metric: str) -> dict[str, list[float | None]]:
        """Mean and interval over the runs at each iteration that any of them has."""
        by_iteration: dict[int, list[float]] = {}
        for rows in self.rows:
            for row in rows:
                if _is_number(row.get(metric)) and isinstance(row.get("iteration"), int):
                    by_iteration.setdefault(row["iteration"], []).append(row[metric])
        curve: dict[str, list[float | None]] = {"x": [], "mean": [], "low": [], "high": []}
        for iteration in sorted(by_iteration):
            middle = interval(by_iteration[iteration])
            for name, value in zip(curve, (iteration, middle.mean, middle.low, middle.high), strict=True):
                curve[name].append(value)
        return curve


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over seeds with the ends of its 95 % interval; None where one seed says nothing about others."""

    mean: float
    low: float | None = None
    high: float | None = None

    def text(self) -> str:
        return _number(self.mean) + ("" if self.low is None else f" ({_number(self.low)} to {_number(self.high)})")


def interval(values: Sequence[float]) -> Interval:
    """Student's interval of a mean."""
    if len(values) < 2:
        return Interval(values[0])
    half = t_quantile(0.5 + CONFIDENCE / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Interval(fmean(values), fmean(values) - half, fmean(values) + half)


def difference(a: Sequence[float], b: Sequence[float]) -> Interval:
    """Welch's interval of mean(b) - mean(a): seeds of two recipes are not paired. Welch 1947."""
    gap = fmean(b) - fmean(a)
    if len(a) < 2 or len(b) < 2:
        return Interval(gap)
    va, vb = stdev(a) ** 2 / len(a), stdev(b) ** 2 / len(b)
    if va + vb == 0:
        return Interval(gap, gap, gap)
    freedom = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    half = t_quantile(0.5 + CONFIDENCE / 2, freedom) * math.sqrt(va + vb)
    return Interval(gap, gap - half, gap + half)


def t_quantile(share: float, freedom: float) -> float:
    """The value below which Student's t with `freedom` degrees of freedom falls with probability `share` above 0.5."""
    import mpmath

    def below(t: float) -> float:
        x = freedom / (freedom + t * t)
        return float(1 - mpmath.betainc(freedom / 2, 0.5, 0, x, regularized=True) / 2)

    low, high = 0.0, 1.0
    while below(high) < share:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < share else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of both sides. `clear` says whether the interval of the difference leaves out 0."""

    metric: str
    a: Interval | None
    b: Interval | None
    difference: Interval | None

    @property
    def clear(self) -> bool:
        gap = self.difference
        return gap is not None and gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0)


def compare(a: Side, b: Side) -> list[Line]:
    """The end of every metric that either side has, evaluations and the most telling ones first."""
    names = {name for side in (a, b) for rows in side.rows for row in rows for name in row} - {"iteration"}
    evals = sorted(n for n in names if n.startswith("eval/") and n.endswith("accuracy"))
    first = [*evals, *(n for n in FIRST if n in names)]
    lines = []
    for name in [*first, *sorted(names - set(first))]:
        ends_a, ends_b = a.ends(name), b.ends(name)
        if ends_a or ends_b:
            both = difference(ends_a, ends_b) if ends_a and ends_b else None
            lines.append(Line(name, _interval(ends_a), _interval(ends_b), both))
    return lines


def markdown(a: Side, b: Side, lines: Sequence[Line]) -> str:
    """The comparison as a table that a pull request shows."""
    rows = [f"| metric at the end | {_cell(a.name)} | {_cell(b.name)} | difference |", "|---|---|---|---|"]
    for line in lines:
        gap = "-" if line.difference is None else line.difference.text() + (" *" if line.clear else "")
        cells = [line.metric, *("-" if x is None else x.text() for x in (line.a, line.b)), gap]
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([*rows, "", note(a, b), ""])


def note(a: Side, b: Side) -> str:
    """What the figures are."""
    seeds = f"{len(a.folders)} and {len(b.folders)} runs"
    if min(len(a.folders), len(b.folders)) < 2:
        return f"{seeds}: one seed has no interval, and says little about the next one. Give several runs a side."
    return f"{seeds}; in brackets {CONFIDENCE:.0%} intervals over seeds (Student's, Welch's); * where 0 is outside."


def as_json(a: Side, b: Side, lines: Sequence[Line], curves: int = 0) -> dict[str, Any]:
    """The comparison for a program and for the page; with the `curves` of so many metrics."""
    shown = [line for line in lines if line.a is not None and line.b is not None][:curves]
    return {
        "sides": [{"name": side.name, "runs": [str(f) for f in side.folders]} for side in (a, b)],
        "note": note(a, b),
        "lines": [
            {
                "metric": x.metric,
                "clear": x.clear,
                "a": _plain(x.a),
                "b": _plain(x.b),
                "difference": _plain(x.difference),
            }
            for x in lines
        ],
        **({"curves": {x.metric: [a.curve(x.metric), b.curve(x.metric)] for x in shown}} if curves else {}),
    }


def _folders(text: str) -> list[Path]:
    path = Path(text).expanduser()
    if any(sign in text for sign in "*?["):
        anchor = Path(path.anchor) if path.is_absolute() else Path()
        found = sorted(anchor.glob(str(path.relative_to(path.anchor) if path.is_absolute() else path)))
        return [f for f in found if (f / "metrics.jsonl").is_file()]
    return [path] if text else []


def _interval(values: Sequence[float]) -> Interval | None:
    return interval(values) if values else None


def _plain(found: Interval | None) -> dict[str, float | None] | None:
    return None if found is None else {"mean": found.mean, "low": found.low, "high": found.high}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
