"""The harness with the real judge: generated problems, and real ones where the machine has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rlvr.core import Completion, Prompt
from rlvr.data.chain import demonstrations
from rlvr.eval import evaluate_suite
from rlvr.rewards import Judge
from rlvr.rollout.scripted_engine import ScriptedEngine

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "evaldata"


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=2, warm=("math", "countdown")) as pool:
        yield pool


def test_the_chain_task_through_the_math_verifier(judge: Judge, tmp_path: Path) -> None:
    # The script's every other turn answers with the reference, so of 4 samples exactly 2 are right.
    record = tmp_path / "chain.jsonl"
    result = evaluate_suite("chain", ScriptedEngine(), judge, samples=4, limit=25, record=record)
    assert (result.accuracy, result.pass_at_k[4], result.unjudged) == (0.5, 1.0, 0)
    # C(2,2)/C(4,2) = 1/6 of the pairs hold no right answer
    assert result.pass_at_k[2] == pytest.approx(5 / 6)
    assert len(record.read_text().splitlines()) == 100


def test_worked_and_direct_demonstrations_are_both_correct(judge: Judge) -> None:
    shown = demonstrations(40, worked_share=0.5)

    verdicts = judge.judge([(prompt, Completion.of_text(prompt.meta["demonstration"])) for prompt in shown])
    assert {verdict.status for verdict in verdicts} == {"correct"}


def test_countdown_solutions_through_the_judge(judge: Judge) -> None:
    engine = ScriptedEngine(lambda prompt, sample: f"So \\boxed{{{prompt.meta['solution']}}}.")
    assert evaluate_suite("countdown", engine, judge, limit=30).accuracy == 1.0


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")
@pytest.mark.parametrize(("suite", "problems"), [("gsm8k", 1319), ("math500", 500)])
def test_every_reference_of_the_real_suites_is_its_own_right_answer(judge: Judge, suite: str, problems: int) -> None:
    def answer(prompt: Prompt, sample: int) -> str:
        return f"Let me think.\nThe answer is $\\boxed{{{prompt.answer}}}$."

    result = evaluate_suite(suite, ScriptedEngine(answer), judge, data_dir=DATA)
    assert (result.problems, result.unjudged) == (problems, 0)
    assert result.accuracy == 1.0


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")
def test_a_wrong_answer_to_every_real_problem_scores_nothing(judge: Judge) -> None:
    engine = ScriptedEngine(lambda prompt, sample: r"\boxed{-987654321.5}")
    result = evaluate_suite("math500", engine, judge, data_dir=DATA, limit=100)
    assert (result.accuracy, result.no_answer) == (0.0, 0)
    assert result.interval[1] < 0.05  # z^2 / (n + z^2) = 3.84 / 103.84
