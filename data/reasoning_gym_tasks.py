"""reasoning-gym: puzzles made by a program, as many as wanted (Stojanovski et al., 2025, arXiv:2505.24760)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from rlvr.core import Prompt
from rlvr.errors import UserError, did_you_mean
from rlvr.registry import dataset

from .sources import Generated, user_turn

SPLITS = ("train", "test")
#: One problem in this many belongs to the test split.
TEST_SHARE = 5
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataset(
    "reasoning_gym",
    source=Generated(
        SPLITS, licence="Apache-2.0", url="https://github.com/open-thought/reasoning-gym", template="boxed"
    ),
)
def reasoning_gym(
    split: str,
    *,
    task: str = "basic_arithmetic",
    count: int = 4096,
    seed: int = 0,
    settings: dict[str, Any] | None = None,
) -> Iterator[Prompt]:
    """`count` different puzzles of one `task`; `settings` are the task's own (`{max_terms: 6}`).

    Needs the extra: `pip install 'rlvr[reasoning-gym]'`. Tasks with one right answer each are offered, judged as
    numbers or as short texts. For the others the package has scorers, some of which evaluate what a model wrote.
    """
    if count < 1:
        raise UserError(f"data set 'reasoning_gym': count={count} must be at least 1.")
    puzzles = _puzzles(task, seed, settings or {})
    seen: set[str] = set()
    misses = 0
    for entry in puzzles:
        question, answer = str(entry["question"]).strip(), str(entry["answer"]).strip()
        key = hashlib.blake2b(question.encode(), digest_size=8)
        misses += 1
        if misses > 20_000:
            raise UserError(
                f"data set 'reasoning_gym' found only {len(seen)} different problems of {task!r} in split {split!r}, "
                f"not count={count}. Ask for fewer, or make the task larger with options.settings."
            )
        if key.hexdigest() in seen or SPLITS[key.digest()[0] % TEST_SHARE == 0] != split or not answer:
            continue
        misses = 0
        seen.add(key.hexdigest())
        verifier = "math" if _NUMBER.fullmatch(answer) else "reference"
        yield Prompt(f"{task}-{key.hexdigest()}", user_turn(question), answer, verifier, {"task": task})
        if len(seen) == count:
            return


def _puzzles(task: str, seed: int, settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries of a task without end. Raises `UserError` where package, task or settings are missing."""
    try:
        from reasoning_gym.factory import DATASETS, ProceduralDataset, create_dataset
    except ImportError as error:
        raise UserError(
            "data set 'reasoning_gym' needs the package reasoning-gym: pip install 'rlvr[reasoning-gym]'."
        ) from error
    offered = sorted(n for n, (cls, _) in DATASETS.items() if cls.score_answer is ProceduralDataset.score_answer)
    if task not in offered:
        why = (
            "has several right answers, which its package judges by evaluating text"
            if task in DATASETS
            else "is unknown"
        )
        raise UserError(
            f"data set 'reasoning_gym': task {task!r} {why}{did_you_mean(task, offered)}. "
            f"Offered: {', '.join(offered)}."
        )
    try:
        table = create_dataset(task, seed=seed, size=1 << 30, **settings)
    except (TypeError, ValueError, AssertionError) as error:
        raise UserError(f"data set 'reasoning_gym': task {task!r} refuses its settings {settings}: {error}") from error
    return (table[index] for index in range(1 << 30))
