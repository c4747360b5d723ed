"""The math verifier against pairs that SymPy made: nothing unequal is paid, next to nothing equal is refused.

`MATH_CASES=20000 MATH_SEED=7 pytest -s tests/rewards/test_math_generated.py` asks more of it.
"""

import os
from collections import Counter

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards import Judge
from tests.rewards.math_cases import FAMILIES, Case, generate

SEED = int(os.environ.get("MATH_SEED", "0"))
COUNT = int(os.environ.get("MATH_CASES", str(10 * len(FAMILIES))))


def shown(case: Case, verdict: Verdict) -> str:
    return (
        f"{case.kind}: gold {case.gold!r}, answer {case.pred!r} ({case.why}) in {case.text!r}: "
        f"{verdict.status}, took {verdict.answer!r}, {verdict.reason}"
    )


def test_the_same_seed_makes_the_same_cases() -> None:
    assert list(generate(SEED, 60)) == list(generate(SEED, 60)) != list(generate(SEED + 1, 60))


def test_generated_pairs() -> None:
    cases = list(generate(SEED, COUNT))
    with Judge(2, timeout=5.0, warm=("math",)) as judge:
        verdicts = judge.judge([(Prompt("p", (), case.gold), Completion.of_text(case.text)) for case in cases])
    pairs = list(zip(cases, verdicts, strict=True))
    paid = [shown(c, v) for c, v in pairs if not c.equal and v.reward == 1.0]
    unjudged = [shown(c, v) for c, v in pairs if v.reward is None]
    refused = [shown(c, v) for c, v in pairs if c.equal and v.reward != 1.0]
    equal = sum(case.equal for case in cases)
    kinds = Counter(case.kind for case, verdict in pairs if case.equal and verdict.reward != 1.0)
    print(f"generated: {equal} equal, {len(refused)} refused {dict(kinds)}; {COUNT - equal} unequal, {len(paid)} paid")
    assert not paid, "\n".join(paid)
    assert not unjudged, "\n".join(unjudged)
    assert len(refused) <= 0.01 * equal, "\n".join(refused)
