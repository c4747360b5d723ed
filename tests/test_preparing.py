"""From a recipe's data section to what is trained on: mixes, missing sets, cleaning and its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr.config import load_recipe
from rlvr.errors import RecipeError, UserError
from rlvr.preparing import prepared, training_prompts
from rlvr.run import train_recipe
from rlvr.schema import Recipe
from tests.tiny import checkpoint

WORDS = "the of and a to in is you that it he was for on are as with his they at be this have from or one had".split()


def text(number: int) -> str:
    """A problem of ten words that shares no 8-gram with another number's."""
    return " ".join(WORDS[(number * step) % len(WORDS)] + str(number) for step in range(1, 11))


def write(folder: Path, name: str, numbers: list[int], **more: Any) -> dict[str, Any]:
    rows = [{"q": text(n), "a": str(n), "level": n, **more} for n in numbers]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {"path": str(folder / f"{name}.jsonl"), "prompt": "q", "answer": "a", "verifier": "math"}


def recipe(train: Any, **data: Any) -> Recipe:
    return load_recipe({"model": {"path": "m"}, "data": {"train": train, **data}}).recipe


def test_a_file_is_cleaned_by_default_and_the_report_says_what_was_not_compared(tmp_path: Path) -> None:
    found = prepared(recipe(write(tmp_path, "one", [1, 2, 3, 2])))
    assert [p.answer for p in found.prompts] == ["1", "2", "3"]
    report = found.report
    assert (report["prompts"], report["trained_on"], report["dropped"]) == (4, 3, {"duplicate": 1})
    assert report["answers"] == {"accepted": 3, "failed": 0, "unchecked": 0}
    assert report["contamination"]["suites_checked"] == []  # there is no network here
    assert "gsm8k" in report["contamination"]["suites_unchecked"]
    assert any("1 duplicate" in line for line in found.told)


def test_cleaning_can_be_switched_off_and_generated_sets_are_taken_as_they_are(tmp_path: Path) -> None:
    off = prepared(recipe(write(tmp_path, "one", [1, 2, 2]), cleaning=False))
    assert (len(off.prompts), off.report["cleaned"]) == (3, False)
    chain = prepared(recipe({"name": "chain", "options": {"count": 5}}))
    assert (len(chain.prompts), chain.report["cleaned"]) == (5, False)


def test_the_second_time_the_result_is_read_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLVR_CACHE", str(tmp_path / "cache"))
    made = recipe(write(tmp_path, "one", [1, 2, 2]))
    first = prepared(made)
    monkeypatch.setattr("rlvr.data.cleaning.clean", lambda *_, **__: 1 / 0)
    again = prepared(made)
    assert (list(again.prompts), again.report) == (list(first.prompts), first.report)


def test_too_many_answers_to_judge_are_said_to_be_unchecked(tmp_path: Path) -> None:
    found = prepared(recipe(write(tmp_path, "one", [1, 2, 3, 3]), cleaning={"answers_up_to": 2}))
    assert found.report["answers"]["unchecked"] == 3 and any("answers_up_to=2" in line for line in found.told)
    enough = prepared(recipe(write(tmp_path, "two", [1, 2, 3, 3]), cleaning={"answers_up_to": 3}))
    assert enough.report["answers"] == {"accepted": 3, "failed": 0, "unchecked": 0}  # of those that are left


def test_a_verifier_of_a_plug_in_that_was_changed_judges_again(tmp_path: Path) -> None:
    """What the cache keeps belongs to the text of the plug-in, not to its name."""
    source = "from rlvr.registry import verifier\n\n@verifier({0!r})\ndef mine(prompt, completion):\n    return {1}\n"
    plugin = tmp_path / "mine.py"
    accepted = []
    for body in ("True", "prompt.answer == '1'"):
        plugin.write_text(source.format("mine_cached", body))
        train = {**write(tmp_path, "one", [1, 2, 3]), "verifier": "mine_cached"}
        sections = {"model": {"path": "m"}, "data": {"train": train}, "plugins": [str(plugin)]}
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("rlvr.references._MARKED", ("mine_cached",))
            accepted.append(prepared(load_recipe(sections).recipe).report["answers"])
    assert [found["accepted"] for found in accepted] == [3, 1]


def test_a_verifier_beside_a_mix_is_that_of_all_its_sets(tmp_path: Path) -> None:
    sets = [write(tmp_path, "one", [1]), write(tmp_path, "two", [2])]
    found = training_prompts(recipe({"sets": sets, "verifier": "choice"}))
    assert [p.verifiers[0].name for p in found.prompts] == ["choice", "choice"]


def test_several_sets_are_cleaned_together_and_then_mixed(tmp_path: Path) -> None:
    one, two = write(tmp_path, "one", list(range(8))), write(tmp_path, "two", list(range(6, 16)))
    found = prepared(recipe([{**one, "count": 3}, {**two, "epochs": 2}]))
    assert found.report["mix"] == {
        "one.jsonl": {"there": 8, "wanted": 3, "taken": 3, "epochs": 1},
        "two.jsonl": {"there": 8, "wanted": 8, "taken": 8, "epochs": 2},  # 6 and 7 were in `one` already
    }
    assert len({p.id for p in found.prompts}) == len(found.prompts) == 3 + 16


def test_sets_that_cannot_be_had_are_all_named_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "gsm8k_train.jsonl").write_text('{"question": "How many?", "answer": "Two. #### 2"}\n')
    with pytest.raises(UserError, match="15 of 15 data sets cannot be had") as caught:
        prepared(recipe({"mix": "olmo3_think"}, data_dir=str(tmp_path)))
    assert "wildchat" in str(caught.value) and "on_missing=skip" in str(caught.value)
    some = recipe({"sets": ["gsm8k", "dapo_math"], "on_missing": "skip"}, data_dir=str(tmp_path))
    found = prepared(some)
    assert ([p.answer for p in found.prompts], list(found.report["missing"])) == (["2"], ["dapo_math"])
    assert any("dapo_math is missing" in line for line in found.told)
    assert len(training_prompts(some).prompts) == 1


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ({"mix": "olmo3_thnk"}, "did you mean 'olmo3_think'"),
        ({"mix": "olmo3_think", "name": "gsm8k"}, "is one of"),
        ([{"name": "gsm8k", "count": 3, "weight": 1}], "give one of them"),
        (["gsm9k"], "data.train.sets.0.name"),
        ([{"path": "nowhere.jsonl"}], "no file at 'nowhere.jsonl'"),
    ],
)
def test_mistakes_of_a_mix(train: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(train)


def test_cleaning_that_leaves_nothing_says_why(tmp_path: Path) -> None:
    gsm = json.dumps({"question": text(3), "answer": "Two. #### 2"}) + "\n"
    (tmp_path / "gsm8k_train.jsonl").write_text(gsm)
    (tmp_path / "gsm8k_test.jsonl").write_text(gsm)
    with pytest.raises(UserError, match=r"no prompt of gsm8k: gsm8k/train/0 \(contaminated: gsm8k: gsm8k/test/0\)"):
        prepared(recipe("gsm8k", data_dir=str(tmp_path)))


def test_a_run_with_a_filter_resumes_exactly_and_keeps_its_report(tmp_path: Path) -> None:
    data = {
        "train": write(tmp_path, "one", list(range(12))),
        "curriculum": {"column": "level", "order": "descending"},
        "difficulty_filter": {"failed_after": 1, "revisit_after": 2},
    }

    def sections(name: str, workers: int = 1) -> dict[str, Any]:
        return {
            "model": {"path": str(checkpoint())},
            "data": data,
            "sampling": {"group_size": 2, "max_tokens": 4},
            "train": {"iterations": 6, "prompts_per_iteration": 5, "checkpoint_every": 1, "lr": 1e-3},
            "tracking": {"display": "none"},
            "judge": {"workers": workers},
            "run": str(tmp_path / name),
        }

    def asked(name: str) -> list[list[str]]:
        rows = [json.loads(line) for line in (tmp_path / name / "rollouts.jsonl").read_text().splitlines()]
        return [[r["prompt_id"] for r in rows if r["iteration"] == i] for i in range(1, 7)]

    train_recipe(load_recipe(sections("whole")))
    train_recipe(load_recipe(sections("parts", workers=2)), stop_after=3)
    train_recipe(load_recipe(sections("parts", workers=2)), resume=True)
    assert asked("parts") == asked("whole")  # tests/test_launch.py has two ranks
    assert {f"one/{n}" for n in range(7, 12)} == set(asked("whole")[0])  # the hardest first
    assert not set(asked("whole")[0]) & set(asked("whole")[1])  # an untrained model solves none: they are left out
    report = json.loads((tmp_path / "whole" / "data_report.json").read_text())
    assert (report["trained_on"], report["contamination"]["pairs"]) == (12, [])
