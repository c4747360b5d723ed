"""What `rlvr check` prints: the figures, and what failed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rlvr.cli.output import print_json, print_table
from rlvr.training.ranks import placed_by

if TYPE_CHECKING:
    from rlvr.checks import Outcome


#: Failures that a terminal is told.
_SHOWN = 10


def report(outcome: Outcome, as_json: bool) -> None:
    """Prints the figures, of several ranks the first one's; leaves with exit code 1 where the check failed."""
    if not placed_by(os.environ).first:
        return
    if as_json:
        print_json({"check": outcome.name, "passed": outcome.passed, **outcome.figures, "failures": outcome.failures})
    else:
        rows = [(name, _told(value)) for name, value in outcome.figures.items()]
        print_table((f"check {outcome.name}", "passed" if outcome.passed else "FAILED"), rows)
        for failure in outcome.failures[:_SHOWN]:
            print(f"  {failure}")
        if (more := len(outcome.failures) - _SHOWN) > 0:
            print(f"  and {more:,} more; --json lists all")
    if not outcome.passed:
        sys.exit(1)


def _told(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
