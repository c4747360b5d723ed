"""Which prompts an iteration takes.

Without a filter that follows from (seed, iteration) alone. A `Filter` leaves out prompts that teach nothing for now, so
that it follows from what was seen, too: this is the state that checkpoints hold. All ranks see and take the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlvr.core import Group
from rlvr.training.sources import epoch_order


@dataclass(frozen=True, slots=True)
class Filter:
    """A prompt whose completions were all right `solved_after` times in a row, or all wrong `failed_after` times, is
    left out for `revisit_after` iterations. When it is back, the same outcome leaves it out again at once."""

    solved_after: int | None = None
    failed_after: int | None = None
    revisit_after: int = 100


class Selection:
    """The places of the prompts that each iteration takes, out of `count`."""

    def __init__(
        self,
        count: int,
        seed: int,
        shuffle: bool = True,
        *,
        difficulty: Sequence[float] | None = None,
        filter: Filter | None = None,
    ) -> None:
        self.count, self.seed, self.shuffle, self.difficulty, self.filter = count, seed, shuffle, difficulty, filter
        self._cursor = 0  # items of the endless stream of epochs that were taken or passed over
        self._streaks: dict[int, int] = {}  # place -> times in a row that it was solved (above 0) or failed (below)
        self._until: dict[int, int] = {}  # place -> the iteration at which it may be taken again
        self._epoch: tuple[int, list[int]] = (-1, [])

    def take(self, iteration: int, size: int) -> list[int]:
        """The places for an iteration; with a filter the iterations must be asked for in order."""
        if self.filter is None:
            return epoch_order(self.count, self.seed, iteration * size, size, self.shuffle, self.difficulty)
        picked: list[int] = []
        passed: list[int] = []
        for _ in range(max(self.count, size)):
            if len(picked) == size:
                return picked
            place = self._next()
            (passed if self._until.get(place, 0) > iteration else picked).append(place)
        # One whole epoch has too few: those that would have come back first come back now.
        rest = sorted(passed, key=lambda place: self._until[place])
        while len(picked) < size:
            picked += rest[: size - len(picked)] or [self._next()]
            rest = []
        return picked

    def observe(self, iteration: int, outcomes: Sequence[tuple[int, int]]) -> None:
        """Hears of each prompt that was taken whether it was solved (1), failed (-1) or neither (0)."""
        if self.filter is None:
            return
        limits = {1: self.filter.solved_after, -1: self.filter.failed_after}
        for place, sign in outcomes:
            self._until.pop(place, None)
            if sign == 0:
                self._streaks.pop(place, None)
                continue
            before = self._streaks.get(place, 0)
            streak = before + sign if before * sign > 0 else sign
            self._streaks[place] = streak
            limit = limits[sign]
            if limit is not None and abs(streak) >= limit:
                self._until[place] = iteration + 1 + self.filter.revisit_after

    def left_out(self, iteration: int) -> int:
        """How many prompts an iteration would pass over."""
        return sum(until > iteration for until in self._until.values())

    def state(self) -> dict[str, Any] | None:
        """What `restore` needs, in plain numbers; None where nothing is remembered."""
        if self.filter is None:
            return None
        return {"cursor": self._cursor, "streaks": list(self._streaks.items()), "until": list(self._until.items())}

    def restore(self, state: Mapping[str, Any] | None) -> None:
        if state is not None:
            self._cursor = state["cursor"]
            self._streaks = {int(place): int(streak) for place, streak in state["streaks"]}
            self._until = {int(place): int(until) for place, until in state["until"]}

    def _next(self) -> int:
        epoch, offset = divmod(self._cursor, self.count)
        if self._epoch[0] != epoch:
            order = epoch_order(self.count, self.seed, epoch * self.count, self.count, self.shuffle, self.difficulty)
            self._epoch = (epoch, order)
        self._cursor += 1
        return self._epoch[1][offset]


def outcome(group: Group) -> int:
    """1 where every completion that could be judged was right, -1 where every one was wrong, otherwise 0."""
    rewards = [r.verdict.reward for r in group.rollouts if r.verdict.reward is not None]
    if not rewards:
        return 0
    return 1 if min(rewards) == 1.0 else -1 if max(rewards) == 0.0 else 0
