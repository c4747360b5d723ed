"""What a notebook calls: the same runs as the command line's, with plain Python for data and reward."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rlvr import assemble, sourcing
from rlvr.config import load_recipe
from rlvr.core import Group, Prompt, VerifierUse
from rlvr.engines import lone_engine
from rlvr.errors import UserError
from rlvr.evaluation import evaluate_model
from rlvr.outcome import EvalReport, TrainReport
from rlvr.preparing import training_prompts
from rlvr.run import train_recipe
from rlvr.schema import Recipe

#: The name under which a notebook's reward function judges.
_FUNCTION = "reward"


def train_from_python(
    model: str | Path | Mapping[str, Any],
    data: str | Path | Mapping[str, Any] | Sequence[Mapping[str, Any]],
    reward: Callable[..., Any] | str | None,
    recipe: Mapping[str, Any],
) -> TrainReport:
    """`rlvr.train`: a recipe's sections as keyword arguments, rows and a function instead of names."""
    from rlvr.rewards.judging.scoring import plain_verifier

    rows = None if isinstance(data, (str, Path, Mapping)) else list(data)
    sections = {**recipe, "model": str(model) if isinstance(model, Path) else model}
    # Rows need no data section; a registered set stands in where the schema asks for one.
    sections["data"] = {"train": "chain"} if rows is not None else _data_section(data)
    if rows is not None and "data" in recipe:
        sections["data"] = {**recipe["data"], **sections["data"]}
    sections.setdefault("run", str(_free_folder(Path("runs"))))
    resolved = load_recipe(sections)
    functions = {_FUNCTION: plain_verifier(reward)} if callable(reward) else {}
    prompts = None if rows is None else [_prompt(row, i, answered=not callable(reward)) for i, row in enumerate(rows)]
    if rows is not None and not rows:
        raise UserError("rlvr.train was given no rows. Pass at least one mapping with a `prompt`.")
    if reward is not None:
        if prompts is None:
            prompts = list(training_prompts(resolved.recipe).prompts)
        use = VerifierUse(_FUNCTION if callable(reward) else reward)
        prompts = [Prompt(p.id, p.messages, p.answer, (use,), p.meta) for p in prompts]
    return train_recipe(resolved, prompts=prompts, functions=functions)


def evaluate_from_python(
    model: str | Path,
    suites: str | Sequence[str],
    *,
    k: int = 1,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    out: str | Path | None = None,
    wanted_return: float | None = None,
    recipe: Mapping[str, Any],
) -> EvalReport:
    """`rlvr.evaluate`: the recipe's sections `model`, `engine`, `judge`, `sampling` and `train.seed` as keywords."""
    sections = {**recipe, "model": {"path": str(model), **recipe.get("model", {})}, "data": {"train": "chain"}}
    sampling = dict(sections.pop("sampling", {}))
    resolved = load_recipe(sections)
    names = suites.split(",") if isinstance(suites, str) else list(suites)
    return evaluate_model(
        resolved.recipe,
        [name.strip() for name in names],
        samples=k,
        limit=limit,
        data_dir=None if data_dir is None else str(data_dir),
        out=None if out is None else Path(out),
        sampling=sampling,
        wanted_return=wanted_return,
    )


def sample_groups(recipe: Recipe, count: int) -> list[Group]:
    """The groups of the first `count` prompts of a recipe's first iteration, judged, without training."""
    from rlvr.training.models import load_tokenizer

    section = recipe.model
    loaded = training_prompts(recipe)
    prompts = loaded.prompts[:count]
    with ExitStack() as stack:
        judge = stack.enter_context(assemble.judge_of(recipe, prompts, {}))
        tokenizer = load_tokenizer(section.path, section.chat_template, section.revision)
        engine = lone_engine(recipe, tokenizer, stack)
        source = sourcing.on_policy(recipe, prompts, engine, judge, tokenizer)
        return source.collect(prompts, iteration=0)


def _data_section(data: str | Path | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Any:
    if isinstance(data, Mapping):
        return data if "train" in data else {"train": data}
    return {"train": str(data)}


def _free_folder(parent: Path) -> Path:
    """`parent/python-1`, or the first number that is not taken: cells of a notebook are run again and again."""
    return next(parent / f"python-{i}" for i in itertools.count(1) if not (parent / f"python-{i}").exists())


def _prompt(row: Mapping[str, Any], index: int, answered: bool) -> Prompt:
    """A row as a prompt; its other columns reach the reward function by name. `answered`: it needs an answer."""
    text = row.get("prompt")
    if not text:
        raise UserError(
            f"row {index} of the data has no `prompt`: {dict(row)!r}. Give each row a prompt and an answer."
        )
    if answered and row.get("answer") in (None, ""):
        raise UserError(f"row {index} of the data has no `answer` for its verifier to compare with: {dict(row)!r}.")
    messages = ({"role": "user", "content": text},) if isinstance(text, str) else tuple(text)
    meta = {k: v for k, v in row.items() if k not in ("id", "prompt", "answer")}
    return Prompt(str(row.get("id", f"row/{index}")), messages, row.get("answer"), "math", meta)
