"""Real programs with known verdicts, through the judge: reference solutions of HumanEval and MBPP, models' samples."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from rlvr.core import Completion, Prompt, VerifierUse
from rlvr.rewards import Judge
from tests.bench.code_corpora import CORPORA, LEETCODE, Case, humaneval, leetcode, mbpp, samples

from .sandbox.profiles import ISOLATION

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="needs ../shared/corpora beside the repository")
#: Generous, so that a stalled machine changes no verdict; the slowest reference solution needs 3 s of CPU time.
OPTIONS = {"seconds_per_test": 40.0, "seconds_in_all": 80.0, "isolation": ISOLATION}


def disagreements(cases: Iterable[Case]) -> list[str]:
    """The cases whose verdict is not the known one."""
    cases = list(cases)
    uses = (VerifierUse("code", options=OPTIONS),)
    with Judge(2, timeout=100.0, warm=["code"]) as judge:
        prompts = [Prompt(case.id, (), case.answer, uses, {"prompt_code": case.prompt_code}) for case in cases]
        completions = [Completion.of_text(case.completion) for case in cases]
        verdicts = judge.judge(list(zip(prompts, completions, strict=True)))
    print(f"{len(cases)} rows, {sum(v.reward == 1.0 for v in verdicts)} paid")
    return [
        f"{case.id}: {verdict.reward} ({verdict.reason})"
        for case, verdict in zip(cases, verdicts, strict=True)
        if verdict.reward != float(case.passes)
    ]


def test_humaneval_reference_solutions() -> None:
    assert disagreements(humaneval()) == []


def test_mbpp_reference_solutions() -> None:
    assert disagreements(mbpp(stride=3)) == []  # all of them: tests/bench/code_verdicts.py


def test_published_verdicts_of_samples() -> None:
    assert disagreements(samples()) == []


@pytest.mark.skipif(not LEETCODE.is_file(), reason="needs ../shared/evaldata beside the repository")
def test_leetcode_reference_solutions() -> None:
    assert disagreements(leetcode(stride=8)) == []
    assert disagreements(leetcode(stride=12, shift=1)) == []
