"""Countdown: reach a target with given numbers, each exactly once, by + - * and /.

The task of TinyZero (2025) and of Gandhi et al. (2024, arXiv:2404.03683). Problems are made by
combining the numbers, so each has a solution.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator

from rlvr.core import Prompt
from rlvr.errors import UserError
from rlvr.registry import dataset

from .sources import Generated, user_turn

SPLITS = ("train", "test")
#: One problem in this many belongs to the test split.
TEST_SHARE = 5


def prompt_text(numbers: tuple[int, ...], target: int) -> str:
    """The user turn."""
    return (
        f"Using each of the numbers {', '.join(map(str, numbers))} exactly once, "
        f"write an expression that equals {target}. "
        r"You may use +, -, *, / and parentheses. Think step by step, and put the expression in \boxed{}."
    )


def owner(numbers: tuple[int, ...], target: int) -> str:
    """The split that owns this problem, whatever the order of its numbers."""
    key = f"{sorted(numbers)}={target}".encode()
    return SPLITS[hashlib.blake2b(key, digest_size=8).digest()[0] % TEST_SHARE == 0]


@dataset("countdown", source=Generated(splits=SPLITS, url="https://github.com/Jiayi-Pan/TinyZero"))
def countdown(
    split: str,
    *,
    min_numbers: int = 3,
    max_numbers: int = 4,
    max_number: int = 99,
    max_target: int = 99,
    count: int = 4096,
    seed: int = 0,
) -> Iterator[Prompt]:
    """Reach a target (10 to `max_target`) with 3 or 4 numbers; `count` different, solvable problems.

    `answer` is `{"numbers": [...], "target": n}`; `meta["solution"]` is one expression that solves it.
    """
    if not 2 <= min_numbers <= max_numbers <= 8:
        raise UserError(
            f"data set 'countdown': min_numbers={min_numbers} and max_numbers={max_numbers} must satisfy "
            "2 <= min_numbers <= max_numbers <= 8."
        )
    if count < 1 or max_number < 1 or max_target < 10:
        raise UserError(
            f"data set 'countdown': count={count} and max_number={max_number} must be at least 1, "
            f"max_target={max_target} at least 10."
        )
    rng = random.Random(f"countdown/{split}/{min_numbers}/{max_numbers}/{max_number}/{max_target}/{seed}")
    seen: set[tuple[tuple[int, ...], int]] = set()
    misses = 0
    while len(seen) < count:
        numbers = tuple(rng.randint(1, max_number) for _ in range(rng.randint(min_numbers, max_numbers)))
        target, solution = _combine(rng, numbers)
        key = (tuple(sorted(numbers)), target)
        if not 10 <= target <= max_target or key in seen or owner(numbers, target) != split:
            misses += 1
            if misses > 20_000:
                raise UserError(
                    f"data set 'countdown' found only {len(seen)} different problems of this size in split {split!r}, "
                    f"not count={count}. Ask for fewer, or raise max_number or max_target."
                )
            continue
        misses = 0
        seen.add(key)
        yield _prompt(numbers, target, solution)


def _combine(rng: random.Random, numbers: tuple[int, ...]) -> tuple[int, str]:
    """Joins random pairs by random operations until one value is left. All values stay positive integers."""
    parts = [(number, str(number)) for number in numbers]
    while len(parts) > 1:
        (a, left), (b, right) = (parts.pop(rng.randrange(len(parts))) for _ in range(2))
        if a < b:
            a, b, left, right = b, a, right, left
        choices = [(a + b, "+"), (a * b, "*")]
        if a > b:
            choices.append((a - b, "-"))
        if a % b == 0:
            choices.append((a // b, "/"))
        value, symbol = rng.choice(choices)
        parts.append((value, f"({left} {symbol} {right})"))
    value, expression = parts[0]
    return value, expression[1:-1]  # the outermost parentheses say nothing


def _prompt(numbers: tuple[int, ...], target: int, solution: str) -> Prompt:
    text = prompt_text(numbers, target)
    return Prompt(
        hashlib.blake2b(text.encode(), digest_size=6).hexdigest(),
        user_turn(text),
        {"numbers": list(numbers), "target": target},
        "countdown",
        {"solution": solution},
    )
