"""Several sets as one sequence of prompts: how many of each, which of them, and in what order of difficulty."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from rlvr.core import Prompt
from rlvr.errors import UserError


@dataclass(frozen=True, slots=True)
class Part:
    """One set of a mix, and how much of it: `count` prompts, drawn by the seed; or a share `weight` among the sets that
    have one, repeated where it is too small for that; or all of it. `epochs`: how often they occur in one pass."""

    name: str
    prompts: Sequence[Prompt]
    count: int | None = None
    weight: float | None = None
    epochs: int = 1


class Mixed(Sequence[Prompt]):
    """A view of several sequences: entry i is prompt `places[i]` of part `parts[i]`, for the `repeats[i]`-th time.

    Ids stay unique, because they key the noise of sampling: a repeated prompt's ends in `#2`, `#3`, ....
    """

    def __init__(self, sequences: Sequence[Sequence[Prompt]], parts: Any, places: Any, repeats: Any) -> None:
        self.sequences, self.parts, self.places, self.repeats = sequences, parts, places, repeats

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> Prompt: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Prompt]: ...
    def __getitem__(self, index: int | slice) -> Prompt | Sequence[Prompt]:
        if isinstance(index, slice):
            return Mixed(self.sequences, self.parts[index], self.places[index], self.repeats[index])
        part, place, repeat = int(self.parts[index]), int(self.places[index]), int(self.repeats[index])
        prompt = self.sequences[part][place]
        return prompt if repeat == 0 else dataclasses.replace(prompt, id=f"{prompt.id}#{repeat + 1}")


def mixed_prompts(parts: Sequence[Part], seed: int) -> tuple[Mixed, dict[str, dict[str, int]]]:
    """The mix, and for each set how many prompts were wanted, taken and there. Which are drawn follows from the seed
    and the set's name."""
    import numpy as np

    report: dict[str, dict[str, int]] = {}
    numbers, places, repeats = [], [], []
    for number, (part, wanted) in enumerate(zip(parts, _wanted(parts), strict=True)):
        there = len(part.prompts)
        # A count is what it says: prompts that are not there are missed and reported, and none is taken twice for them.
        taken = min(wanted, there) if part.count is not None else wanted
        order = np.random.default_rng([seed, zlib.crc32(part.name.encode())]).permutation(there)
        whole, rest = divmod(taken, there)
        counts = np.full(there, whole, np.int64)
        counts[order[:rest]] += 1
        counts *= part.epochs
        picked = np.repeat(np.arange(there), counts)
        numbers.append(np.full(len(picked), number, np.int32))
        places.append(picked)
        repeats.append(np.arange(len(picked)) - np.repeat(np.cumsum(counts) - counts, counts))
        report[part.name] = {"there": there, "wanted": wanted, "taken": taken, "epochs": part.epochs}
    view = Mixed([p.prompts for p in parts], *(np.concatenate(some) for some in (numbers, places, repeats)))
    return view, report


def _wanted(parts: Sequence[Part]) -> list[int]:
    """Prompts of each part. Weights share out as many as the sets that have one hold, by largest remainders."""
    weighted = [i for i, part in enumerate(parts) if part.weight is not None and part.count is None]
    total, weights = sum(len(parts[i].prompts) for i in weighted), sum(parts[i].weight or 0.0 for i in weighted)
    exact = {i: total * (parts[i].weight or 0.0) / weights for i in weighted}
    whole = {i: int(value) for i, value in exact.items()}
    left = total - sum(whole.values())
    for i in sorted(weighted, key=lambda i: (whole[i] - exact[i], i))[:left]:
        whole[i] += 1
    return [part.count if part.count is not None else whole.get(i, len(part.prompts)) for i, part in enumerate(parts)]


def difficulties(prompts: Sequence[Prompt], column: str) -> list[float]:
    """Each prompt's number in a column of its `meta`: a number, "7/8", or a text that ends in one ("Level 3").

    A prompt without one comes last, as infinity. Raises `UserError` where none has one.
    """
    found = [_difficulty(prompt.meta.get(column)) for prompt in prompts]
    if prompts and all(value == float("inf") for value in found):
        columns = ", ".join(sorted(map(str, prompts[0].meta))) or "none"
        raise UserError(
            f"data.curriculum.column={column!r}: no prompt has a number there (the first one's columns: {columns})."
        )
    return found


def _difficulty(value: Any) -> float:
    if isinstance(value, bool) or value is None:
        return float("inf")
    last = str(value).split()[-1:] or [""]
    above, slash, below = last[0].partition("/")
    try:
        number = float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError):
        return float("inf")
    return number if math.isfinite(number) else float("inf")  # among NaN there is no order
