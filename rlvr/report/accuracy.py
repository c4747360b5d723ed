"""`rlvr eval CHECKPOINTS... --plot`: accuracy with its intervals over checkpoints, as one HTML file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .blocks import squeeze
from .page import render

_SCRIPTS = ("vendor/uplot.js", "page/data.js", "page/text.js", "page/accuracy.js")
_ITERATION = re.compile(r"iteration_(\d+)")


@dataclass(frozen=True, slots=True)
class Point:
    """One checkpoint's score on one suite, with the ends of its 95 % interval. None: nothing was judged."""

    accuracy: float | None
    low: float
    high: float
    problems: int
    samples: int


def iteration_of(model: str) -> int | None:
    """The iteration of a checkpoint's path, such as 20 of `runs/a/checkpoints/iteration_000020`."""
    found = _ITERATION.findall(model)
    return int(found[-1]) if found else None


def write_accuracy_page(models: Sequence[str], suites: Mapping[str, Sequence[Point | None]], out: Path) -> None:
    """One chart a suite, `models` from left to right: at their iterations, or one after the other.

    A suite has one point a model, None where the model was not evaluated on it.
    """
    iterations = [iteration_of(model) for model in models]
    numbered = all(x is not None for x in iterations) and len(set(iterations)) == len(models)
    places: list[Any] = list(iterations) if numbered else list(range(len(models)))
    order = sorted(range(len(models)), key=places.__getitem__)
    data = {
        "models": [models[i] for i in order],
        "x": [places[i] for i in order],
        "axis": "iteration" if numbered else "model",
        "suites": {name: [_plain(points[i]) for i in order] for name, points in suites.items()},
    }
    page = render(["accuracy"], [{"id": "accuracy", "data": squeeze(data)}], "accuracy.html", _SCRIPTS)
    out.write_text(page, encoding="utf-8")


def _plain(point: Point | None) -> dict[str, Any] | None:
    return None if point is None else asdict(point)
