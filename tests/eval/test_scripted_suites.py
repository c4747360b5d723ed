"""Every suite under engines that answer rightly, wrongly, and with what other harnesses stumble over.

A sample of each suite; all problems of all of them: tests/bench/suites_scripted.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rlvr.core import Prompt
from rlvr.data import LoadedPrompts
from rlvr.errors import UserError
from rlvr.eval import evaluate_suite, suite_for
from rlvr.rewards import Judge
from rlvr.rollout.scripted_engine import ScriptedEngine
from tests.eval.suite_scripts import ARC, CODE, DATA, INSTRUCTIONS, SIZES, Script, measured, renderings

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")

#: Every so many problems of a suite are asked here.
EVERY = {"gsm8k": 12, "math500": 3, "minerva_math": 3, "olympiadbench": 4, "arc_easy": 20, "arc_challenge": 10,
         "humaneval": 16, "mbpp": 50, "ifeval": 6, "ifbench": 8}  # fmt: skip


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(2, timeout=60.0, warm=["math", "choice", "code", "instructions"]) as pool:
        yield pool


@pytest.mark.parametrize("suite", SIZES)
def test_each_suite_has_at_least_five_renderings(suite: str) -> None:
    assert len(renderings(suite)) >= 5


@pytest.mark.parametrize("suite", SIZES)
def test_right_answers_score_everything(judge: Judge, suite: str) -> None:
    result, others = measured(suite, True, judge, every=EVERY.get(suite, 1))
    assert not others, f"{len(others)} of {result.total}, such as:\n" + "\n".join(others[:20])
    assert result.accuracy == result.maj_at_k[result.samples] == 1.0


@pytest.mark.parametrize("suite", SIZES)
def test_wrong_answers_score_nothing(judge: Judge, suite: str) -> None:
    result, others = measured(suite, False, judge, every=EVERY.get(suite, 1))
    assert not others, f"{len(others)} of {result.total}, such as:\n" + "\n".join(others[:20])
    assert result.accuracy == result.pass_at_k[result.samples] == 0.0


# What other harnesses stumble over: ../shared/research/evals.md, section 4.


def _loaded(suite: str, keep: int | None = None) -> LoadedPrompts:
    return suite_for(suite).load(data_dir=DATA, limit=keep)


def _scored(judge: Judge, suite: str, script: Script, samples: int = 1, keep: int | None = None, **sampling: float):
    problems = _loaded(suite, keep)
    return evaluate_suite(suite, ScriptedEngine(script), judge, samples=samples, problems=problems, sampling=sampling)


def test_minerva_math_is_the_272_problems_of_open_courseware() -> None:
    mine, math500 = ({p.text for p in _loaded(name).prompts} for name in ("minerva_math", "math500"))
    assert len(mine) == 272 and not mine & math500


def test_relay_problems_of_the_675_row_copy_are_left_out_and_counted() -> None:
    copy = suite_for({"name": "olympiadbench", "path": str(DATA / "olympiadbench_675.jsonl")}).load()
    assert (len(copy.prompts), len(copy.skipped)) == (660, 15)


def test_the_two_amcs_are_two_names() -> None:
    assert len(_loaded("amc23").prompts) == 40 and len(suite_for("amc").load(data_dir=DATA).prompts) == 83


def test_degrees_and_leading_zeros_of_aime(judge: Judge) -> None:
    for suite, written in (("aime25", "{}^\\circ"), ("aime24", "{:0>3}"), ("amc23", "{}.0")):
        result = _scored(judge, suite, lambda p, i, w=written: rf"\boxed{{{w.format(p.answer)}}}")
        assert result.accuracy == 1.0, suite
    golds = _loaded("aime25")
    degrees = tuple(replace(p, answer=rf"{p.answer}^\circ") for p in golds.prompts)
    engine = ScriptedEngine(lambda p, i: rf"\boxed{{{p.answer.removesuffix('^' + chr(92) + 'circ')}}}")
    assert evaluate_suite("aime25", engine, judge, problems=replace(golds, prompts=degrees)).accuracy == 1.0


def test_labels_that_are_digits_and_letters_that_are_no_label(judge: Judge) -> None:
    loaded = _loaded("arc_easy")
    digits = tuple(p for p in loaded.prompts if p.meta["choices"][0]["label"] == "1")
    assert len(digits) == 97
    odd = tuple(p for p in loaded.prompts if len(p.meta["choices"]) != 4)
    for problems in (digits, odd):
        part = replace(loaded, prompts=problems)
        engine = ScriptedEngine(lambda p, i: rf"The answer is \boxed{{{p.answer}}}")
        assert evaluate_suite("arc_easy", engine, judge, problems=part).accuracy == 1.0
    # A letter for a digit names no option that was shown: nothing is chosen, and nothing is paid.
    letters = ScriptedEngine(lambda p, i: rf"The answer is \boxed{{{'ABCDE'['12345'.index(p.answer)]}}}")
    found = evaluate_suite("arc_easy", letters, judge, problems=replace(loaded, prompts=digits))
    assert (found.accuracy, found.no_answer) == (0.0, 97)


@pytest.mark.parametrize(("factor", "name"), [(100, "a percent for its share"), (0.01, "a share for its percent")])
def test_a_hundred_times_the_answer_is_wrong(judge: Judge, factor: float, name: str) -> None:
    numbers = [p for p in _loaded("gsm8k", 200).prompts if float(p.answer) != 0]
    problems = replace(_loaded("gsm8k", 200), prompts=tuple(numbers))
    engine = ScriptedEngine(lambda p, i: rf"\boxed{{{float(p.answer) * factor:.10g}}}")
    assert evaluate_suite("gsm8k", engine, judge, problems=problems).accuracy == 0.0, name


def _once(right: int) -> Script:
    return lambda prompt, i: rf"\boxed{{{prompt.answer}}}" if i < right else rf"\boxed{{{-7 - i}}}"


def test_the_average_counts_every_sample_and_pass_at_k_is_any_of_them(judge: Judge) -> None:
    # One right answer of 4, at a place that differs by problem: the first column alone would score 0 or 1.
    result = _scored(judge, "amc23", _once(1), samples=4)
    assert (result.accuracy, result.pass_at_k[4], result.maj_at_k[4]) == (0.25, 1.0, 0.25)  # four answers tie
    # A bootstrap of 4 with replacement would say 1 - (3/4)^4 = 0.684.
    assert result.pass_at_k[2] == pytest.approx(0.5)
    assert result.g_pass_at_k["4@0.25"] == 1.0 and result.g_pass_at_k["4@0.5"] == 0.0


def test_samples_that_would_all_be_the_same_are_refused(judge: Judge) -> None:
    with pytest.raises(UserError, match="4 samples at temperature 0"):
        _scored(judge, "amc23", _once(1), samples=4, temperature=0.0)


def test_truncated_completions_are_counted(judge: Judge) -> None:
    def long_or_short(prompt: Prompt, i: int) -> str:
        return f"{'so ' * 500 if i % 2 else ''}\\boxed{{{prompt.answer}}}"

    result = _scored(judge, "amc23", long_or_short, samples=4, max_tokens=1000)
    assert (result.truncated / result.total, result.accuracy) == (0.5, 0.5)


@pytest.mark.parametrize("suite", SIZES)
def test_chat_suites_stop_at_no_text_and_leave_room_to_think(suite: str) -> None:
    drawn = suite_for(suite).sampling_for(suite_for(suite).samples, {}, 0)
    assert drawn.stop == () and drawn.max_tokens >= (4096 if suite in (*ARC, *CODE, *INSTRUCTIONS, "gsm8k") else 32768)


@pytest.mark.parametrize(("suite", "problems"), [("ifeval", 541), ("ifbench", 300)])
def test_an_empty_answer_follows_no_instruction_and_every_prompt_can_be_judged(
    judge: Judge, suite: str, problems: int
) -> None:
    empty, refusal = (_scored(judge, suite, lambda p, i, t=text: t) for text in (" \n", "I will not do this, sorry."))
    assert (empty.problems, empty.accuracy, empty.unjudged, refusal.unjudged) == (problems, 0.0, 0, 0)
    assert refusal.accuracy < 0.2  # it keeps to "no commas", and to little else
