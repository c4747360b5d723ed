"""What counts as the same answer, and what cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts as the same answer where mathematics leaves it open.

    `units`: `optional` lets a bare number match the same number with any one unit, `required` does not.
    `percent`: whether 0.5 is 50 % (50 is 50 % as with any unit). `ordered_lists`: whether `1, 2` without
    brackets differs from `2, 1`. `tolerance`: how far, relatively, a decimal may be from the reference.
    """

    units: Literal["optional", "required"] = "optional"
    percent: bool = True
    ordered_lists: bool = False
    tolerance: float = 0.0


class Undecided(Exception):
    """Neither equal nor unequal could be shown."""
