"""The settings of an evaluation: what a command line may say, and how it is told what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr.errors import UserError
from rlvr.evaluation_settings import check_models, eval_recipe, eval_recipe_of


def said(*overrides: str) -> str:
    with pytest.raises(UserError) as error:
        eval_recipe("m", overrides, [], 0)
    return str(error.value)


def test_an_evaluation_may_be_greedy_cut_the_distribution_and_run_in_float16() -> None:
    """What training refuses, because nothing is trained."""
    words = ["sampling.temperature=0", "sampling.top_p=0.9", "sampling.top_k=20", "model.dtype=float16"]
    recipe, sampling = eval_recipe("m", words, [], 3)
    assert sampling == {"temperature": 0.0, "top_p": 0.9, "top_k": 20}
    assert (recipe.model.dtype, recipe.train.seed) == ("float16", 3)
    assert eval_recipe_of({"model": {"path": "m", "dtype": "float16"}}).model.dtype == "float16"


def test_only_what_was_given_replaces_the_suites_sampling() -> None:
    assert eval_recipe("m", ["sampling.max_tokens=9", "judge.workers=1"], [], 0)[1] == {"max_tokens": 9}


@pytest.mark.parametrize("place", ["", "model", "checkpoints/iteration_000002/model"])
def test_a_checkpoint_is_evaluated_in_the_dtype_that_its_run_trained_in(tmp_path: Path, place: str) -> None:
    (tmp_path / "m" / place).mkdir(parents=True)
    (tmp_path / "m" / place / "config.json").write_text('{"dtype": "bfloat16"}')
    assert eval_recipe(str(tmp_path / "m"), [], [], 0)[0].model.dtype == "bfloat16"
    assert eval_recipe(str(tmp_path / "m"), ["model.dtype=float32"], [], 0)[0].model.dtype == "float32"


def test_all_mistakes_are_told_as_they_were_typed() -> None:
    text = said("samplng.max_tokens=4", "sampling.max_tokens=zero", "engine=hg", "sampling.temprature=1")
    assert text.startswith("4 settings of the evaluation cannot be used, from the command line:")
    assert "recipe is not" not in text and "did you mean 'sampling'?" in text and "got 'zero'" in text
    assert "no engine is called 'hg'" in text and "did you mean 'temperature'?" in text


@pytest.mark.parametrize(
    ("word", "flag"),
    [
        ("sampling.group_size=4", "-k N"),
        ("data.data_dir=x", "--data-dir"),
        ("data.eval=[gsm8k]", "--suite"),
        ("train.seed=1", "--seed"),
        ("run=x", "--out"),
        ("plugins=[a.py]", "--plugin"),
        ("model.path=x", "rlvr eval MODEL"),
        ("train.lr=1", "nothing is trained here"),
    ],
)
def test_what_a_flag_says_is_told(word: str, flag: str) -> None:
    assert flag in said(word) and word in said(word)


def test_a_notebooks_keywords_are_named_as_such() -> None:
    with pytest.raises(UserError, match=r"from rlvr\.evaluate:\n  engine\.nmae: no such key; did you mean 'name'"):
        eval_recipe_of({"model": {"path": "m"}, "engine": {"nmae": "hf"}})


def missing(*names: str, words: tuple[str, ...] = ()) -> str:
    with pytest.raises(UserError) as error:
        check_models(names, eval_recipe(names[0], words, [], 0)[0])
    return str(error.value)


def test_models_that_are_not_there_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("tiny", "run/checkpoints/iteration_000002/model", "runs/empty", "runs/best/model"):
        Path(folder).mkdir(parents=True)
    for file in ("tiny", "run/checkpoints/iteration_000002/model", "runs/best/model"):
        Path(file, "config.json").write_text("{}")
    recipe = eval_recipe("tiny", [], [], 0)[0]
    check_models(["tiny", "run", "run/checkpoints/iteration_000002", "runs/best"], recipe)
    told = missing("./tini", "runs/emtpy", "runs/empty", "a/b/c", "gsm8k", "sampling.max_tokens", "tiny/config.json")
    lines = told.splitlines()
    assert len(lines) == 7 and "Did you mean 'tiny'?" in lines[0]
    assert "Did you mean 'empty'?" in lines[1] and "switched off" in lines[1]  # could also be a hub id
    assert "no model, no checkpoint and no run" in lines[2] and "no such folder" in lines[3]
    assert "rlvr eval MODEL --suite gsm8k" in lines[4] and "sampling.max_tokens=VALUE" in lines[5]
    assert "is a file" in lines[6]
    served = eval_recipe("any", ["engine=openai", "engine.url=http://x/v1"], [], 0)[0]
    check_models(["any/name/of/it"], served)  # a server's own name for what it serves
