"""From verdicts to what training maximises. `reward` stays the outcome, `shaped` is what the gradient sees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rlvr.core import Completion, Rollout, Verdict
from rlvr.rewards.format_tags import broken_format


@dataclass(frozen=True, slots=True)
class Shaping:
    """`shaped` is the sum of these terms, each known by its name: verdict, model, format, overlong, repetition, length.

    All but the verdict are off by default. `format` is a style of the verifier of that name; `repetition_ngram` and
    `overlong_buffer` count tokens. The recipe's section `reward` explains each.
    """

    verdict_weight: float = 1.0
    model_weight: float = 1.0
    format: str | None = None
    format_weight: float = 0.1
    overlong_buffer: int = 0
    overlong_penalty: float = 1.0
    repetition_ngram: int = 0
    repetition_penalty: float = 1.0
    length_weight: float = 0.0

    def rollouts(
        self,
        completions: Sequence[Completion],
        verdicts: Sequence[Verdict],
        scores: Sequence[float | None],
        max_tokens: int,
    ) -> tuple[Rollout, ...]:
        """The siblings of one prompt with their shaped rewards; None where a term of it is not known.

        `scores` are a reward model's, None where there is none.
        """
        lengths = relative_lengths(completions, verdicts) if self.length_weight else None
        made = []
        for i, (completion, verdict, score) in enumerate(zip(completions, verdicts, scores, strict=True)):
            terms = self._terms(completion, verdict, score, max_tokens)
            if terms is not None and lengths is not None:
                terms["length"] = self.length_weight * lengths[i]
            shaped = None if terms is None else sum(terms.values())
            made.append(Rollout(completion, verdict, shaped, terms or {}))
        return tuple(made)

    def _terms(
        self, completion: Completion, verdict: Verdict, score: float | None, max_tokens: int
    ) -> dict[str, float] | None:
        """The terms of one completion by itself; None where one of them is not known."""
        if completion.finish_reason == "aborted":
            return None
        terms: dict[str, float] = {}
        if self.verdict_weight:
            if verdict.reward is None:
                return None
            terms["verdict"] = self.verdict_weight * verdict.reward
        if score is not None:
            if not math.isfinite(score):
                return None
            terms["model"] = self.model_weight * score
        if self.format is not None:
            terms["format"] = 0.0 if broken_format(completion.text, self.format) else self.format_weight
        if self.overlong_buffer:
            size = overlong(completion.num_tokens, max_tokens, self.overlong_buffer)
            terms["overlong"] = self.overlong_penalty * size
        if self.repetition_ngram:
            size = repetition(completion.token_ids, self.repetition_ngram)
            terms["repetition"] = self.repetition_penalty * size
        return terms


def overlong(length: int, max_tokens: int, buffer: int) -> float:
    """DAPO's soft penalty, -1..0, of a completion of `length` tokens (arXiv:2503.14476, eq. 13).

    0 up to max_tokens - buffer, then falling in a straight line to -1 at max_tokens. A buffer of 0 is none.
    """
    if buffer == 0:
        return 0.0
    return -min(max(length - (max_tokens - buffer), 0) / buffer, 1.0)


def repetition(token_ids: Sequence[int], ngram: int) -> float:
    """A penalty, -1..0: minus the share of the runs of `ngram` tokens that stood before (after arXiv:2502.03373)."""
    count = len(token_ids) - ngram + 1
    if ngram < 1 or count < 1:
        return 0.0
    different = set(zip(*(token_ids[i : i + count] for i in range(ngram)), strict=True))
    return len(different) / count - 1.0


def relative_lengths(completions: Sequence[Completion], verdicts: Sequence[Verdict]) -> list[float]:
    """Kimi k1.5's length reward, -1/2..1/2 by completion (arXiv:2501.12599, section 2.3.3).

    1/2 - (length - shortest) / (longest - shortest) among the judged siblings; one that is not right earns no more
    than 0, so that a short wrong answer gains nothing. 0 where all are of one length, or where it was not judged.
    """
    judged = [c.num_tokens for c, v in zip(completions, verdicts, strict=True) if v.judged]
    low, high = min(judged, default=0), max(judged, default=0)
    found = []
    for completion, verdict in zip(completions, verdicts, strict=True):
        share = 0.0
        if verdict.judged and high > low:
            share = 0.5 - (completion.num_tokens - low) / (high - low)
        found.append(share if verdict.reward == 1.0 else min(share, 0.0))
    return found
