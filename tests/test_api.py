"""Python's door: `rlvr.train`, `rlvr.evaluate` and `rlvr.score` with a notebook's rows and functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rlvr
from rlvr.config import load_recipe
from rlvr.errors import UserError
from tests.tiny import checkpoint, recipe

PLUGIN = Path(__file__).parent / "training" / "even_length.py"


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def settings(folder: Path) -> dict[str, Any]:
    made = recipe(folder)
    return {k: made[k] for k in ("sampling", "judge", "tracking", "run")} | {
        "train": {**made["train"], "iterations": 2, "prompts_per_iteration": 2}
    }


def test_train_takes_rows_and_a_closure(tmp_path: Path) -> None:
    wanted = {"a": 0.25, "b": 0.75}  # captured: no other process could import this function
    rows = [
        {"prompt": "first", "answer": "a", "bonus": 0.0},
        {"prompt": [{"role": "user", "content": "second"}], "answer": "b", "bonus": 0.125},
    ]
    report = rlvr.train(
        str(checkpoint()),
        rows,
        reward=lambda completion, answer, bonus: wanted[answer] + bonus * isinstance(completion, str),
        algorithm={"name": "reinforce", "baseline": "none"},
        **settings(tmp_path / "r"),
    )
    assert report.iterations == 2 and report.checkpoint is not None
    seen = {(r["answer"], r["verdict"]["reward"]) for r in lines(report.folder, "rollouts.jsonl")}
    assert seen == {("a", 0.25), ("b", 0.875)}
    assert report.metrics["train/grad_norm"] > 0


def test_train_takes_a_registered_data_set_and_a_verifier_s_name(tmp_path: Path) -> None:
    report = rlvr.train(
        checkpoint(),
        {"name": "chain", "options": {"count": 4}},
        reward="even_length",
        plugins=[str(PLUGIN)],
        **settings(tmp_path / "r"),
    )
    statuses = {r["verdict"]["status"] for r in lines(report.folder, "rollouts.jsonl")}
    assert statuses <= {"correct", "wrong"} and report.iterations == 2


def test_rows_are_cleaned_as_a_file_s_are_unless_the_section_beside_them_says_otherwise(tmp_path: Path) -> None:
    rows = [{"id": "a", "prompt": f"What is {n} and {n}?", "answer": str(2 * n)} for n in (1, 2, 2)]
    rows.append({"id": "b", "prompt": "Nobody knows.", "answer": float("nan")})

    def asked(name: str, data: Any, **more: Any) -> tuple[set[str], dict[str, Any]]:
        report = rlvr.train(str(checkpoint()), data, **more, **{**settings(tmp_path / name), "judge": {"workers": 1}})
        told = json.loads((report.folder / "data_report.json").read_text())
        if isinstance(data, list):  # what the run began with cannot be mistaken for a registered set
            with pytest.raises(UserError, match=f"no file at '{len(data)} rows given in Python'"):
                load_recipe(report.folder / "recipe.yaml")
        return {r["prompt_id"] for r in lines(report.folder, "rollouts.jsonl")}, told

    ids, report = asked("cleaned", rows)
    assert ids == {"rows/a", "rows/a#2"} and report["dropped"] == {"duplicate": 1}
    assert report["sets"][0]["refused_rows"] == ["row 3: there is no answer"]
    function = {"reward": lambda completion: 0.5}  # it need not pay the answers: they are not held against it
    ids, report = asked("function", rows[:1], algorithm={"name": "reinforce", "baseline": "none"}, **function)
    assert ids == {"rows/a"} and report["answers"] == {"accepted": 0, "failed": 0, "unchecked": 0}
    _, report = asked("as it is", {"train": rows[:3], "cleaning": False})
    assert (report["cleaned"], report["trained_on"]) == (False, 3)
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows[:3]))
    columns = {"path": str(file), "prompt": "prompt", "answer": "answer"}
    ids, report = asked("file", columns, algorithm={"name": "reinforce", "baseline": "none"}, **function)
    assert ids == {"rows/0", "rows/1"} and report["dropped"] == {"duplicate": 1}


def test_train_tells_mistakes_before_anything_is_loaded(tmp_path: Path) -> None:
    rows = [{"prompt": "x", "answer": "1"}]
    with pytest.raises(UserError, match=r"did you mean 'iterations'"):
        rlvr.train("no/such/model", rows, train={"itertions": 2})
    for strange in (["gsm8k"], [5], None):
        with pytest.raises(UserError, match=r"rlvr\.train was given"):
            rlvr.train(str(checkpoint()), strange, **settings(tmp_path / "r"))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no rows"):
        rlvr.train(str(checkpoint()), [], **settings(tmp_path / "r"))
    with pytest.raises(UserError, match="rows, row 1, cannot be read: there is no column 'prompt'"):
        rlvr.train(str(checkpoint()), [*rows, {"answer": "1"}], **settings(tmp_path / "r"))
    assert not (tmp_path / "r").exists()


def test_evaluate_from_python(tmp_path: Path) -> None:
    """The records, the interval and the numbers of a real evaluation."""
    report = rlvr.evaluate(
        str(checkpoint()), "chain", k=2, limit=3, out=tmp_path, sampling={"max_tokens": 4, "temperature": 1.0}
    )
    (result,) = report.results
    assert (result.problems, result.samples, result.mean_tokens <= 4) == (3, 2, True)
    assert report.metrics["eval/chain/accuracy"] == result.accuracy
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 6


def test_a_notebooks_runs_get_numbers_and_rows_need_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings: dict[str, dict[str, Any]] = {
        "sampling": {"group_size": 2, "max_tokens": 4},
        "train": {"iterations": 1, "prompts_per_iteration": 1},
        "tracking": {"display": "none"},
    }
    for number in (1, 2):
        report = rlvr.train(str(checkpoint()), [{"prompt": "1+1?", "answer": "2"}], **settings)
        assert report.folder.name == f"python-{number}"
    with pytest.raises(UserError, match="row 0: there is no answer"):
        rlvr.train(str(checkpoint()), [{"prompt": "1+1?"}], "math", **settings)


def test_score_from_python() -> None:
    verdicts = rlvr.score(["\\boxed{2}", "\\boxed{3}"], ["2", "2"])
    assert [v.reward for v in verdicts] == [1.0, 0.0]
    assert [
        v.reward for v in rlvr.score(["ab", "a"], [2, 2], verifier=lambda completion, answer: len(completion) == answer)
    ] == [1.0, 0.0]


def test_an_evaluated_model_may_be_a_section() -> None:
    report = rlvr.evaluate(
        {"path": str(checkpoint()), "dtype": "bfloat16"},
        "chain",
        limit=2,
        sampling={"max_tokens": 2, "temperature": 0.0},
        judge={"workers": 1},
    )
    assert report.results[0].settings["dtype"] == "bfloat16"
    with pytest.raises(UserError, match=r"from rlvr\.evaluate:\n  model\.dtpe: no such key; did you mean 'dtype'"):
        rlvr.evaluate({"path": str(checkpoint()), "dtpe": "bfloat16"}, "chain")
