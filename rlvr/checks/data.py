"""`rlvr check data`: each reference answer is accepted by its own verifier, and planted wrong ones are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rlvr.core import Prompt
from rlvr.references import judged, right_answer, wrong_answer
from rlvr.schema import Recipe

from . import Outcome

if TYPE_CHECKING:
    from rlvr.rewards import Judge

#: The share of reference answers that their verifiers have to accept.
LEAST = 0.995
#: Prompts that are in the judge's hands at once.
_WINDOW = 500


def check_data(recipe: Recipe, limit: int | None = None) -> Outcome:
    """The rates by data set, of at most `limit` prompts of each. Fails where fewer than 99.5 % of a set's answers are
    accepted, or where a planted answer is."""
    from rlvr import assemble
    from rlvr.preparing import label, training_sets

    refs, loaded, missing = training_sets(recipe)
    figures: dict[str, object] = {f"{name}: missing": why for name, why in missing.items()}
    failures: list[str] = []
    for ref, part in zip(refs, loaded, strict=True):
        prompts = part.prompts[:limit]
        with assemble.judge_of(recipe, [prompts], {}) as judge:
            counts: Counter[str] = Counter()
            refused: list[str] = []
            paid: list[str] = []
            for kind, told in _outcomes(judge, prompts):
                counts[kind] += 1
                if kind in ("refused", "not judged"):
                    refused.append(told)
                elif kind == "paid":
                    paid.append(told)
        name = label(ref)
        tried = counts["accepted"] + counts["refused"] + counts["not judged"]
        rate = counts["accepted"] / tried if tried else None
        planted = counts["paid"] + counts["unpaid"]
        figures |= {
            f"{name}: prompts": len(prompts),
            f"{name}: rows refused": len(part.skipped),
            f"{name}: answers accepted": f"{counts['accepted']} of {tried}" + (f" ({rate:.2%})" if tried else ""),
            f"{name}: no right completion known": counts["untried"],
            f"{name}: wrong answers refused": f"{counts['unpaid']} of {planted}",
        }
        if rate is not None and rate < LEAST:
            failures.append(f"{name}: {rate:.2%} of the answers are accepted, fewer than {LEAST:.1%}")
        failures += [f"{name}: a wrong answer is paid: {text}" for text in paid]
        figures |= {f"{name}: {text}": "refused" for text in refused} if rate is not None and rate >= LEAST else {}
        failures += [f"{name}: {text}" for text in refused] if rate is not None and rate < LEAST else []
    return Outcome("data", figures, tuple(failures))


def _outcomes(judge: Judge, prompts: Sequence[Prompt]) -> Iterator[tuple[str, str]]:
    """What became of each prompt's right and wrong answer, with what to print."""
    for first in range(0, len(prompts), _WINDOW):
        some = prompts[first : first + _WINDOW]
        right, wrong = [right_answer(p) for p in some], [wrong_answer(p) for p in some]
        for prompt, good, bad in zip(some, judged(judge, some, right), judged(judge, some, wrong), strict=True):
            short = isinstance(prompt.answer, (str, int, float))  # tests of a program say nothing in a line
            told = f"{prompt.id}, answer {str(prompt.answer)[:80]!r}" if short else prompt.id
            if good is None:
                yield "untried", told
            elif good.reward is None:
                yield "not judged", f"{told}: {good.reason or good.status}"
            else:
                yield ("accepted" if good.reward == 1.0 else "refused"), f"{told}: {good.reason or good.status}"
            if bad is not None:
                yield ("paid" if bad.reward == 1.0 else "unpaid"), f"{told}: {bad.reason}"
