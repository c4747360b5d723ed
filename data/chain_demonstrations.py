"""Demonstrations of the chain task in teaching order: what a cold start learns from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from rlvr.core import Prompt
from rlvr.errors import UserError
from rlvr.registry import dataset

from .chain import check_lengths, demonstrations
from .sources import Generated

#: The share of the rows that come before the mixture: chains of 1 to `max_ops` steps, every one worked out.
LESSONS = 0.55


@dataset("chain_demonstrations", source=Generated(splits=("train",)))
def chain_demonstrations(
    split: str,
    *,
    count: int = 32_000,
    worked_share: float = 0.35,
    min_ops: int = 5,
    max_ops: int = 7,
    definitions: int = 12,
    lessons: bool = True,
    block: int = 32,
    seed: int = 0,
) -> Iterator[Prompt]:
    """Worked and direct answers to chains: short chains first, then a mixture of both on `min_ops` to `max_ops` steps.

    The lessons show worked answers only; in the mixture `worked_share` of the rows are worked out, which
    sets how often the policy works before reinforcement learning. `lessons=False` gives the mixture
    alone. Rows are meant to be read in order; `block` rows in a row have one length, so that a batch
    of that many needs no padding.
    """
    check_lengths("chain_demonstrations", min_ops, max_ops, definitions, count)
    if block < 1:
        raise UserError(f"data set 'chain_demonstrations': block={block} must be at least 1.")
    rng = random.Random(f"chain_demonstrations/{seed}/{lessons}")
    number = 0
    for index in range(0, count, block):
        shortest, longest, share = _lesson(index / count, min_ops, max_ops, worked_share) if lessons else (
            min_ops, max_ops, worked_share)  # fmt: skip
        length = rng.randint(shortest, longest)
        for prompt in demonstrations(
            min(block, count - index),
            worked_share=share,
            min_ops=length,
            max_ops=length,
            definitions=definitions,
            seed=rng.randrange(1 << 30),
            split=split,
        ):
            yield replace(prompt, id=f"{seed}-{number}")
            number += 1


def _lesson(progress: float, min_ops: int, max_ops: int, worked_share: float) -> tuple[int, int, float]:
    """Shortest and longest chain and share of worked answers after `progress` (0 to 1) of the rows."""
    if progress < LESSONS:
        return 1, max_ops, 1.0
    return min_ops, max_ops, worked_share
