"""From a verdict to what training maximises. `reward` stays the outcome, `shaped` is what the gradient sees."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rlvr.core import Completion, Verdict


@dataclass(frozen=True, slots=True)
class Shaping:
    """shaped = verdict_weight * reward + model_weight * score + the penalty of an overlong completion.

    `overlong_buffer` tokens before the limit the penalty sets in, `overlong_penalty` is what it comes to at
    the limit.
    """

    verdict_weight: float = 1.0
    model_weight: float = 1.0
    overlong_buffer: int = 0
    overlong_penalty: float = 1.0

    def shaped(self, completion: Completion, verdict: Verdict, score: float | None, max_tokens: int) -> float | None:
        """What training maximises; None where a part of it is not known. `score` is a reward model's."""
        total = overlong(completion.num_tokens, max_tokens, self.overlong_buffer) * self.overlong_penalty
        if self.verdict_weight:
            if verdict.reward is None:
                return None
            total += self.verdict_weight * verdict.reward
        if score is not None:
            if not math.isfinite(score):
                return None
            total += self.model_weight * score
        return total


def overlong(length: int, max_tokens: int, buffer: int) -> float:
    """DAPO's soft penalty, -1..0, of a completion of `length` tokens (arXiv:2503.14476, eq. 13).

    0 up to max_tokens - buffer, then falling in a straight line to -1 at max_tokens. A buffer of 0 is none.
    """
    if buffer == 0:
        return 0.0
    return -min(max(length - (max_tokens - buffer), 0) / buffer, 1.0)
