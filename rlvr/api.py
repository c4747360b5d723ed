"""What a notebook calls: the same runs as the command line's, with plain Python for data and reward."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr import assemble, sourcing
from rlvr.config import Resolved, load_recipe
from rlvr.core import Group
from rlvr.engines import lone_engine
from rlvr.errors import UserError
from rlvr.evaluation import evaluate_model
from rlvr.evaluation_settings import check_models, eval_recipe_of
from rlvr.outcome import EvalReport, TrainReport
from rlvr.preparing import training_prompts
from rlvr.run import train_recipe
from rlvr.schema import Recipe
from rlvr.sections import VerifierRef

#: The name under which a notebook's reward function judges.
_FUNCTION = "reward"


def train_from_python(
    model: str | Path | Mapping[str, Any],
    data: str | Path | Mapping[str, Any] | Sequence[Mapping[str, Any]],
    reward: Callable[..., Any] | str | None,
    recipe: Mapping[str, Any],
) -> TrainReport:
    """`rlvr.train`: a recipe's sections as keyword arguments, rows and a function instead of names."""
    from rlvr.data import prompts_of_rows
    from rlvr.rewards.judging.scoring import plain_verifier

    rows = _rows(data)
    sections = {**recipe, "model": str(model) if isinstance(model, Path) else model}
    sections["data"] = _data_section(data, rows is not None, judged=reward is not None)
    sections.setdefault("run", str(_free_folder(Path("runs"))))
    resolved = load_recipe(sections)
    functions = {_FUNCTION: plain_verifier(reward)} if callable(reward) else {}
    verifier = _FUNCTION if callable(reward) else reward
    if verifier is not None:
        resolved = _trains_on(resolved, verifier=[VerifierRef(name=verifier)])
    if rows is None:
        return train_recipe(resolved, functions=functions)
    given = [{"id": f"row/{index}", "answer": None, **row} for index, row in enumerate(rows)]
    loaded = prompts_of_rows(
        given,
        columns={"prompt": "prompt", "answer": "answer", "id": "id"},
        verifier=verifier or "math",
        source="rows",
        answered=not functions,
    )
    # No recipe can say where these rows are; one that said `chain` could be resumed with other problems.
    resolved = _trains_on(resolved, name=None, path=f"{len(rows)} rows given in Python")
    return train_recipe(resolved, rows=loaded, functions=functions)


def evaluate_from_python(
    model: str | Path | Mapping[str, Any],
    suites: str | Sequence[str],
    *,
    k: int = 1,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    out: str | Path | None = None,
    wanted_return: float | None = None,
    recipe: Mapping[str, Any],
) -> EvalReport:
    """`rlvr.evaluate`: the recipe's sections `engine`, `judge`, `sampling` and `train.seed` as keywords."""
    sections = {**recipe, "model": model if isinstance(model, Mapping) else {"path": str(model)}}
    sampling = dict(sections.pop("sampling", {}))
    names = suites.split(",") if isinstance(suites, str) else list(suites)
    settings = eval_recipe_of(sections)
    check_models([settings.model.path], settings)
    return evaluate_model(
        settings,
        [name.strip() for name in names],
        samples=k,
        limit=limit,
        data_dir=data_dir,
        out=None if out is None else Path(out),
        sampling=sampling,
        wanted_return=wanted_return,
    )


def sample_groups(recipe: Recipe, count: int) -> tuple[list[Group], str | None]:
    """The groups of the first `count` prompts of a recipe's first iteration, judged, without training.

    Beside them what should be known of the template that wrote them, where nobody chose it.
    """
    from rlvr.rollout.chat import template_note
    from rlvr.training.models import load_tokenizer

    section = recipe.model
    loaded = training_prompts(recipe)
    prompts = loaded.prompts[:count]
    with ExitStack() as stack:
        judge = stack.enter_context(assemble.judge_of(recipe, [prompts], {}))
        tokenizer = load_tokenizer(section.path, section.chat_template, section.revision)
        engine = lone_engine(recipe, tokenizer, stack)
        source = sourcing.on_policy(recipe, prompts, engine, judge, tokenizer)
        return source.collect(prompts, iteration=0), template_note(tokenizer, section.chat_template, section.path)


def _rows(data: Any) -> list[Mapping[str, Any]] | None:
    """The rows that were given in place of a data set's name, alone or as `train` of a data section."""
    given = data["train"] if isinstance(data, Mapping) and "train" in data else data
    if isinstance(given, (str, Path, Mapping)):
        return None
    if not isinstance(given, Iterable):
        raise UserError(f"rlvr.train was given data of type {type(given).__name__}. Give a data set's name, or rows.")
    rows = list(given)
    # A list of names, or of sections that say where the rows are, is a mix.
    mixed = any(not isinstance(row, Mapping) or "name" in row or "path" in row for row in rows)
    if given is not data and mixed:
        return None
    if strange := [row for row in rows if not isinstance(row, Mapping)]:
        raise UserError(
            f"rlvr.train was given rows of which one is of type {type(strange[0]).__name__}: {str(strange[0])[:60]!r}. "
            "A row is a mapping with a `prompt`; of a DataFrame, give df.to_dict('records')."
        )
    return rows


def _data_section(data: Any, rows: bool, judged: bool) -> dict[str, Any]:
    """The recipe's section; for rows, which it cannot hold, a registered set stands in where the schema asks for one.

    `judged`: a reward takes the place of the verifier that a file must have.
    """
    section = dict(data) if isinstance(data, Mapping) and "train" in data else {"train": data}
    if rows:
        return {**section, "train": "chain"}
    train = section["train"]
    if isinstance(train, Mapping) and "path" in train and judged:
        train = {"verifier": "math", **train}
    return {**section, "train": str(train) if isinstance(train, Path) else train}


def _trains_on(resolved: Resolved, **changes: Any) -> Resolved:
    """The same recipe with changes of `data.train` that it could not have been given: they are not checked."""
    recipe = resolved.recipe
    train = recipe.data.train.model_copy(update=changes)
    changed = recipe.model_copy(update={"data": recipe.data.model_copy(update={"train": train})})
    origins = dict.fromkeys((f"data.train.{name}" for name in changes), "rlvr.train")
    return replace(resolved, recipe=changed, origins={**resolved.origins, **origins})


def _free_folder(parent: Path) -> Path:
    """`parent/python-1`, or the first number that is not taken: cells of a notebook are run again and again."""
    return next(parent / f"python-{i}" for i in itertools.count(1) if not (parent / f"python-{i}").exists())
