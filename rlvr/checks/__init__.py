"""The project's own proofs as commands, on a user's recipe, model and run: `rlvr check NAME`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found: the figures in the order in which they are printed, and what failed, if anything did."""

    name: str
    figures: Mapping[str, object] = field(default_factory=dict)
    failures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures
