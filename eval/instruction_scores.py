"""The four scores that suites of instructions are published with: by prompt and by instruction, strict and loose.

A prompt counts where all of its instructions are followed, an instruction by itself. A verdict's `parts` say which of
them were, and under `loose/` which of them in one of the eight variants of the response (IFEval, arXiv:2311.07911).
Samples are averaged within prompts first; what could not be judged is in no score.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from rlvr.core import Verdict, VerifierUse

from .intervals import clustered_interval, mean_interval
from .metrics import Score, avg_at_k

#: The verifier of those suites: its `parts` have the looser judgement, too.
ALSO_LOOSE = (VerifierUse("instructions", options={"also_loose": True}),)
_LOOSE = "loose/"


def instruction_scores(problems: Sequence[Sequence[Verdict]]) -> dict[str, Score]:
    """`prompt_strict, prompt_loose, instruction_strict, instruction_loose` of the judged verdicts, by problem.

    Those of which the verdicts say nothing (another verifier judged) are left out.
    """
    found = {}
    for name, loose in (("strict", False), ("loose", True)):
        followed = [[_followed(verdict, loose) for verdict in verdicts] for verdicts in problems if verdicts]
        if not followed or not all(parts for samples in followed for parts in samples):
            continue
        whole = [[float(all(parts)) for parts in samples] for samples in followed]
        found[f"prompt_{name}"] = Score(avg_at_k(whole), mean_interval(whole))
        found[f"instruction_{name}"] = _by_instruction(followed)
    return {name: found[name] for name in sorted(found, key=lambda name: name.startswith("instruction"))}


def _followed(verdict: Verdict, loose: bool) -> list[float]:
    """Whether each of a prompt's instructions was followed."""
    return [value for name, value in verdict.parts.items() if name.startswith(_LOOSE) == loose]


def _by_instruction(followed: Sequence[Sequence[Sequence[float]]]) -> Score:
    """The share of all instructions that were followed; the observations of its interval are prompts.

    A prompt weighs as much as it has instructions: with w_i of them, of which f_i were followed, the share is
    p = sum f_i / sum w_i, and its standard error that of the mean of (f_i - p w_i) / mean(w) (a ratio of means,
    Cochran, 1977). The interval is Jeffreys' for as many observations as that error is worth, as `mean_interval` is:
    at least (sum w)^2 / sum w^2, what so unequal prompts are worth (Kish, 1965), at most the instructions judged.
    """
    weights = [len(samples[0]) for samples in followed]
    sums = [statistics.fmean(math.fsum(parts) for parts in samples) for samples in followed]
    total, prompts = sum(weights), len(weights)
    share = math.fsum(sums) / total
    effective = least = total**2 / sum(weight**2 for weight in weights)
    if prompts > 1 and 0.0 < share < 1.0:
        mean = total / prompts
        off = [(got - share * weight) / mean for got, weight in zip(sums, weights, strict=True)]
        squared = math.fsum(x * x for x in off) / (prompts - 1) / prompts
        drawn = sum(len(samples) * len(samples[0]) for samples in followed)
        effective = min(max(share * (1.0 - share) / squared, least), drawn) if squared > 0.0 else float(drawn)
    return Score(share, clustered_interval(share, effective, prompts))
