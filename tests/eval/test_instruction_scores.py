"""IFEval's and IFBench's four scores against labelled responses of real models, counted the slow way."""

from __future__ import annotations

import random
import statistics
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Prompt, Verdict
from rlvr.data import LoadedPrompts
from rlvr.data.families import instructions as answer_of
from rlvr.eval import SuiteResult, evaluate_suite, results_json, results_markdown, suite_for
from rlvr.eval.instruction_scores import ALSO_LOOSE, instruction_scores
from rlvr.eval.intervals import mean_interval
from rlvr.eval.report import remarks
from rlvr.records import RecordFile, completion_of, prompt_of, verdict_json
from rlvr.rescoring import Flips, stored_rows
from rlvr.rollout.scripted_engine import ScriptedEngine
from tests.bench.math_corpora import CORPORA, rows
from tests.eval.engine_traps import InlineJudge
from tests.rewards.test_instruction_corpora import DRAWN

NAMES = ["prompt_strict", "prompt_loose", "instruction_strict", "instruction_loose"]


def labelled(name: str, every: int) -> list[dict[str, Any]]:
    """Responses of which all labels stay the same from run to run."""
    stable = [row for row in rows(f"{name}.jsonl") if not row.get("unstable") and row["id"] != DRAWN]
    return stable[::every]


def scored(suite: str, given: list[dict[str, Any]], **more: Any) -> SuiteResult:
    """The suite's result where a model had answered so."""
    prompts = tuple(
        Prompt(r["id"], ({"role": "user", "content": r["prompt"]},),
               answer_of(r["instruction_id_list"], r["kwargs"], "kwargs"), ALSO_LOOSE)
        for r in given
    )  # fmt: skip
    responses = {r["id"]: r["response"] for r in given}
    engine = ScriptedEngine(lambda prompt, sample: responses[prompt.id])
    problems = LoadedPrompts(prompts=prompts, skipped=(), fingerprint="labelled")
    return evaluate_suite(suite, engine, InlineJudge(), problems=problems, sampling={"max_tokens": 100_000}, **more)


@pytest.mark.skipif(not CORPORA.is_dir(), reason="needs ../shared/corpora beside the repository")
@pytest.mark.parametrize(("name", "every"), [("ifeval", 6), ("ifbench", 1)])
def test_they_are_what_the_published_labels_say(name: str, every: int, tmp_path: Path) -> None:
    given = labelled(name, every)
    whole = scored(name, given, record=tmp_path / "records.jsonl")
    for way in ("strict", "loose"):
        flat = [label for row in given for label in row[way]]
        assert whole.scores[f"prompt_{way}"].value == pytest.approx(statistics.fmean(all(r[way]) for r in given))
        assert whole.scores[f"instruction_{way}"].value == pytest.approx(statistics.fmean(flat))
    assert whole.accuracy == whole.scores["prompt_strict"].value
    assert whole.interval == whole.scores["prompt_strict"].interval
    assert whole.metrics()[f"eval/{name}/prompt_loose"] == whole.scores["prompt_loose"].value

    (tmp_path / "records.jsonl").write_bytes((tmp_path / "records.jsonl").read_bytes()[:-3000])  # killed
    assert scored(name, given, record=tmp_path / "records.jsonl", resume=True).scores == whole.scores
    flips, judged = Flips(), InlineJudge()
    for row in flips.watch(again(tmp_path, judged)):
        assert row["verdict"]["reward"] == row["was"]["reward"]
    values = {score: found.value for score, found in whole.scores.items()}
    told = flips.summary()["suites"][name]
    assert told["scores_before"] == told["scores_after"] == values

    (fields,) = results_json([whole])
    assert list(fields["scores"]) == NAMES and fields["scores"]["prompt_loose"]["value"] == values["prompt_loose"]
    line = remarks(fields)[0]
    assert line in results_markdown([fields]) and f"prompt_loose {100 * values['prompt_loose']:.1f} % (" in line


def again(folder: Path, judge: InlineJudge) -> Any:
    """The stored rows judged once more."""
    for row, stored in zip(stored_rows(folder), RecordFile(folder / "records.jsonl"), strict=True):
        verdict = judge.submit(prompt_of(stored), completion_of(stored)).result()
        yield {**row, "verdict": verdict_json(verdict)}


def verdict(strict: list[int], loose: list[int]) -> Verdict:
    parts = {f"i{n}": float(x) for n, x in enumerate(strict)} | {f"loose/i{n}": float(x) for n, x in enumerate(loose)}
    return Verdict.of(float(all(strict))) if not parts else Verdict(float(all(strict)),
        "correct" if all(strict) else "wrong", parts=parts)  # fmt: skip


def test_by_hand_with_several_samples() -> None:
    """Two samples of a prompt with one instruction, one judged sample of another with three, and one never judged."""
    problems = [[verdict([1], [1]), verdict([0], [1])], [verdict([1, 1, 0], [1, 1, 0])], []]
    found = {name: score.value for name, score in instruction_scores(problems).items()}
    assert list(found) == NAMES
    assert found == pytest.approx(
        {"prompt_strict": 0.25, "prompt_loose": 0.5, "instruction_strict": 2.5 / 4, "instruction_loose": 3 / 4}
    )


def test_one_instruction_a_prompt_makes_both_the_same_with_the_same_interval() -> None:
    draw = random.Random(0)
    problems = [[verdict([x := draw.randrange(2)], [x])] for _ in range(40)]
    found = instruction_scores(problems)
    for way in ("strict", "loose"):
        prompt, instruction = found[f"prompt_{way}"], found[f"instruction_{way}"]
        assert (prompt.value, *prompt.interval) == pytest.approx((instruction.value, *instruction.interval))


def test_the_interval_of_instructions_holds_the_truth_where_those_of_a_prompt_go_together() -> None:
    """300 draws of 120 prompts with 1 to 3 instructions whose chance belongs to the prompt: the mean is 0.6."""
    draw, held, naive = random.Random(1), 0, 0
    for _ in range(300):
        problems = []
        for _ in range(120):
            chance = draw.betavariate(0.6, 0.4)
            parts = [int(draw.random() < chance) for _ in range(draw.choice((1, 2, 3)))]
            problems.append([verdict(parts, parts)])
        low, high = instruction_scores(problems)["instruction_strict"].interval
        flat = [[part] for (v,) in problems for name, part in v.parts.items() if not name.startswith("loose/")]
        alone = mean_interval(flat)
        held += low <= 0.6 <= high
        naive += alone[0] <= 0.6 <= alone[1]
    assert 0.92 <= held / 300 <= 0.98
    assert naive < held  # instructions taken for independent observations are too sure


def test_another_verifier_has_no_such_scores() -> None:
    assert instruction_scores([[Verdict(1.0, "correct")], [Verdict(0.0, "wrong")]]) == {}
    strict_alone = [[Verdict(1.0, "correct", parts={"a": 1.0})]]
    assert list(instruction_scores(strict_alone)) == ["prompt_strict", "instruction_strict"]
    assert instruction_scores([[]]) == {}


@pytest.mark.parametrize("text", ["", "<think>never ends", "Rain?"])
def test_a_response_that_is_not_looked_at_follows_none_of_its_instructions(text: str) -> None:
    rows = [{"id": str(n), "prompt": "Rain?", "instruction_id_list": ["punctuation:no_comma"] * n, "kwargs": [{}] * n,
             "response": "rain falls" if n == 1 else text} for n in (1, 3)]  # fmt: skip
    found = scored("ifeval", rows)
    assert {name: score.value for name, score in found.scores.items()} == dict(
        zip(NAMES, (0.5, 0.5, 0.25, 0.25), strict=True)
    )


def test_both_suites_ask_for_them() -> None:
    for name in ("ifeval", "ifbench"):
        assert suite_for(name).scores is instruction_scores and suite_for(name).verifier == ALSO_LOOSE
