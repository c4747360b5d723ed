"""Agreement with published verdicts on mined corpora, through the judge; floors a little under what was measured."""

import pytest

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards import Judge
from tests.bench.math_corpora import CORPORA, Case, equiv, golds, options, other_golds, outputs

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="needs ../shared/corpora beside the repository")

#: Rows whose label the mathematics, or a documented policy, contradicts.
DISPUTED = {
    "me-1ba7834322": "1/2 = 10/9 is false: what a chain of unequal values states last is no answer",
    "me-37e22c1072": "5 + 5 + 1 = 7 = 11 is false: likewise",
    "me-86e9cd81a1": "0.33 is not 1/3: decimals are exact unless a tolerance is given",
    "me-0ed0bdd0ef": "1/432 is 0.00231481481481..., not 2.314814814815e-3: likewise",
}


def judged(cases: list[Case]) -> list[tuple[Case, Verdict]]:
    pairs = [(Prompt(c.id, (), c.gold, c.verifier, c.meta), Completion.of_text(c.completion)) for c in cases]
    with Judge(2, warm=sorted({case.verifier for case in cases})) as judge:
        return list(zip(cases, judge.judge(pairs), strict=True))


def misses(verdicts: list[tuple[Case, Verdict]]) -> tuple[list[str], list[str]]:
    """The ids that were wrongly accepted, and those that were wrongly refused."""
    accepted = [case.id for case, verdict in verdicts if verdict.reward == 1.0 and not case.label]
    refused = [case.id for case, verdict in verdicts if verdict.reward != 1.0 and case.label]
    return accepted, refused


def test_core_equivalences() -> None:
    """Measured: 295 of 299, the four being those listed above."""
    verdicts = judged(equiv())
    accepted, refused = misses(verdicts)
    assert not accepted
    assert len(refused) <= 0.02 * len(verdicts), refused
    unlisted = set(refused) - set(DISPUTED)
    assert len(unlisted) <= 1, unlisted


def test_model_outputs() -> None:
    """Measured: all 2,578."""
    verdicts = judged(outputs())
    accepted, refused = misses(verdicts)
    assert not accepted
    assert len(refused) <= 0.001 * len(verdicts), refused


def test_multiple_choice_outputs() -> None:
    """Measured: 0.967. The labels compare letters alone: the right option's text in a box is wrong there."""
    verdicts = judged(options())
    accepted, refused = misses(verdicts)
    assert len(accepted) + len(refused) <= 0.04 * len(verdicts), (accepted, refused)
    assert not refused


def test_every_reference_equals_itself() -> None:
    assert {verdict.status for _, verdict in judged(golds())} == {"correct"}


def test_no_reference_equals_that_of_another_problem() -> None:
    accepted, _ = misses(judged(other_golds()))
    assert not accepted
