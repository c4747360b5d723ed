"""What `rlvr check` prints: the figures, and what failed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rlvr.cli.output import print_json, print_table

if TYPE_CHECKING:
    from rlvr.checks import Outcome


def report(outcome: Outcome, as_json: bool) -> None:
    """Prints the figures; leaves with exit code 1 where the check failed."""
    if as_json:
        print_json({"check": outcome.name, "passed": outcome.passed, **outcome.figures, "failures": outcome.failures})
    else:
        rows = [(name, _told(value)) for name, value in outcome.figures.items()]
        print_table((f"check {outcome.name}", "passed" if outcome.passed else "FAILED"), rows)
        for failure in outcome.failures[:10]:
            print(f"  {failure}")
    if not outcome.passed:
        sys.exit(1)


def _told(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
