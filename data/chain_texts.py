"""The chain task for the stages before reinforcement learning: plain text, and preferences for shown work."""

from __future__ import annotations

import random
from collections.abc import Iterator

from rlvr.core import Prompt
from rlvr.registry import dataset

from .chain import Chain, apply, check_lengths, direct_text, draw, prompt_text, worked_text
from .sources import Generated, user_turn


@dataset("chain_text", source=Generated(splits=("train",)))
def chain_text(
    split: str, *, count: int = 16_000, min_ops: int = 1, max_ops: int = 7, definitions: int = 12, seed: int = 0
) -> Iterator[Prompt]:
    """Texts in which chains stand with their work, without prompt or chat template: what pre-training reads."""
    check_lengths("chain_text", min_ops, max_ops, definitions, count)
    rng = random.Random(f"chain_text/{split}/{min_ops}/{max_ops}/{seed}")
    for index in range(count):
        problem = draw(rng, rng.randint(min_ops, max_ops), split, definitions)
        text = f"{prompt_text(problem)} {worked_text(problem)}"
        yield Prompt(f"{seed}-{index}", (), text, meta={"text": text})


@dataset("chain_preferences", source=Generated())
def chain_preferences(
    split: str,
    *,
    count: int = 2000,
    min_ops: int = 5,
    max_ops: int = 7,
    definitions: int = 12,
    slips: float = 0.25,
    seed: int = 0,
) -> Iterator[Prompt]:
    """Pairs of answers: worked out is preferred to a bare wrong answer, and in a share of `slips` to work with a slip.

    The margin is 1 against a bare answer and 0.5 against a slip, which is the closer call.
    """
    check_lengths("chain_preferences", min_ops, max_ops, definitions, count)
    rng = random.Random(f"chain_preferences/{split}/{min_ops}/{max_ops}/{seed}")
    for index in range(count):
        problem = draw(rng, rng.randint(min_ops, max_ops), split, definitions)
        chosen, slipped = worked_text(problem), rng.random() < slips
        rejected = _with_a_slip(problem, rng) if slipped else _guess(problem, rng)
        meta = {"chosen": chosen, "rejected": rejected, "margin": 0.5 if slipped else 1.0}
        yield Prompt(f"{seed}-{index}", user_turn(prompt_text(problem)), str(problem.values[-1]), "math", meta)


def _guess(problem: Chain, rng: random.Random) -> str:
    """Another digit than the right one, in the form of a direct answer."""
    wrong = (problem.values[-1] + rng.randint(1, 9)) % 10
    return direct_text(problem).replace(str(problem.values[-1]), str(wrong))


def _with_a_slip(problem: Chain, rng: random.Random) -> str:
    """The work with one wrong result, from which it goes on correctly. Every operation permutes the digits, so the
    answer is wrong too."""
    place = rng.randrange(len(problem.operations))
    steps, value = [], problem.start
    for i, operation in enumerate(problem.operations):
        result = (apply(operation, value) + (rng.randint(1, 9) if i == place else 0)) % 10
        steps.append(f"{problem.names[i + 1]}={value}{operation}={result}, ")
        value = result
    return "".join(steps) + f"\\boxed{{{value}}}"
