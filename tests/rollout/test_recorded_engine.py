"""The recorded engine: a run's completions trained again give the run again; what is missing is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr.config import RecipeError, load_recipe
from rlvr.core import Sampling
from rlvr.errors import UserError
from rlvr.rollout.recorded_engine import RecordedEngine
from rlvr.run import train_recipe
from tests import tiny

PLUGIN = Path(__file__).parents[1] / "training" / "even_length.py"


def sections(folder: Path, **more: Any) -> dict[str, Any]:
    data = {"train": {"name": "chain", "verifier": "even_length", "options": {"count": 8}}}
    train = {"iterations": 3, "prompts_per_iteration": 4, "lr": 1e-3, "checkpoint_every": 0}
    return tiny.recipe(folder, data=data, plugins=[str(PLUGIN)], train=train, **more)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_recipe(load_recipe(sections(tmp_path_factory.mktemp("recorded") / "run"))).folder


def losses(folder: Path) -> list[tuple[float, float]]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").open()]
    return [(row["train/loss"], row["train/grad_norm"]) for row in rows]


def test_training_on_the_recorded_completions_is_the_run_again(run: Path, tmp_path: Path) -> None:
    again = train_recipe(load_recipe(sections(tmp_path / "again", engine={"name": "recorded", "path": str(run)})))
    for mine, theirs in zip(losses(again.folder), losses(run), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-5, abs=1e-7)  # the mismatch weight is 1 up to rounding
    assert any(norm > 0 for _, norm in losses(run))
    assert again.metrics["mismatch/logprob_mean"] < 1e-4 and again.metrics["rollout/recorded_elsewhere"] == 0


def test_another_iteration_lends_what_one_lacks_and_that_is_counted(run: Path) -> None:
    engine = RecordedEngine(run)
    rows = [json.loads(line) for line in (run / "rollouts.jsonl").open()]
    first = rows[0]
    prompt = tiny.prompt("?", name=first["prompt_id"])
    (group,) = engine.generate([prompt], Sampling(group_size=4), iteration=0)
    assert [c.text for c in group] == [r["text"] for r in rows[:4]]
    stop = rows[0]["text"][1]
    (cut,) = engine.generate([prompt], Sampling(group_size=1, stop=(stop,)), iteration=0)
    assert cut[0].text == group[0].text.partition(stop)[0] and cut[0].token_ids == group[0].token_ids
    engine.metrics()
    engine.generate([prompt], Sampling(group_size=3), iteration=90)
    assert engine.metrics() == {"rollout/recorded_elsewhere": 1.0}


def test_what_the_run_does_not_hold_is_said(run: Path, tmp_path: Path) -> None:
    engine = RecordedEngine(run)
    with pytest.raises(UserError, match="holds 0 completions of prompt 'new'"):
        engine.generate([tiny.prompt("?", name="new")], Sampling(group_size=2))
    with pytest.raises(RecipeError, match="no run with recorded completions"):
        load_recipe(sections(tmp_path / "a", engine={"name": "recorded", "path": str(tmp_path)}))
    with pytest.raises(RecipeError, match="give both, or neither"):
        load_recipe(sections(tmp_path / "b", engine={"name": "recorded"}))
