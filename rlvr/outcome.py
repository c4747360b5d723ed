"""What a run, or an evaluation, came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlvr.eval import SuiteResult


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What a run came to. `metrics` are the last iteration's; `evals` every evaluation, by iteration."""

    folder: Path
    iterations: int
    seconds: float
    metrics: Mapping[str, float]
    evals: Mapping[int, Mapping[str, float]]
    checkpoint: Path | None
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvalReport:
    """The results of an evaluation, one a suite, and what a reader of them should know."""

    model: str
    results: tuple[SuiteResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, float]:
        return {name: value for result in self.results for name, value in result.metrics().items()}
