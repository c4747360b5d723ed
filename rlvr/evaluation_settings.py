"""What an evaluation is told besides its suites: a model that is there, and settings that mean something to it.

Nothing here loads torch: what is wrong is told at once, all of it together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rlvr import hub, registry
from rlvr.config import load_recipe
from rlvr.errors import RecipeError, UserError, did_you_mean
from rlvr.rules import evaluation_checks
from rlvr.schema import Recipe

#: The sections of a recipe that an evaluation reads.
SECTIONS = ("model", "sampling", "engine", "backend", "judge", "grader", "plugins")
_BY_ITSELF = "give the model by itself: rlvr eval MODEL"
#: What a flag of `rlvr eval` says, as a recipe calls it.
_FLAGS = {
    "model": _BY_ITSELF,
    "model.path": _BY_ITSELF,
    "sampling.group_size": "give the samples a problem with -k N",
    "data.data_dir": "give the folder with --data-dir FOLDER",
    "data": "give what is evaluated with --suite NAME, or --suite FILE.yaml",
    "train.seed": "give it with --seed N",
    "run": "give the folder with --out FOLDER",
    "plugins": "give the file with --plugin FILE",
}
#: Where the folder of a model, of a checkpoint or of a run has a model's configuration.
_CONFIGS = ("config.json", "model/config.json", "checkpoints/iteration_*/model/config.json")
#: Nothing is trained; a set that needs no file stands where the schema asks for training data.
_TRAINING = {"data": {"train": "chain"}}


def eval_recipe(
    model: str, overrides: Sequence[str], plugins: Sequence[str], seed: int
) -> tuple[Recipe, dict[str, Any]]:
    """A recipe for evaluating `model`, and the sampling settings that were given: a suite has defaults of its own.

    Raises `UserError` with everything that is wrong with `overrides`, the `key=value` of a command line.
    """
    refused = {override: why for override in overrides if (why := _no_setting(override))}
    base = {"model": {"path": model, **_checkpoint_dtype(model)}, **_TRAINING, "train": {"seed": seed}}
    problems = [f"{override}: {why}" for override, why in refused.items()]
    try:
        given = [override for override in overrides if override not in refused]
        resolved = load_recipe(base, given, plugins, evaluation_checks)
    except RecipeError as error:
        problems += [text.removesuffix(" (command line)") for text in error.problems]
    if problems:
        raise SettingsError("the command line", problems, "sampling.max_tokens=256; `rlvr eval --help` has its flags")
    chosen = {key.removeprefix("sampling.") for key, origin in resolved.origins.items() if origin == "command line"}
    section = resolved.recipe.sampling.model_dump(exclude={"group_size"})
    return resolved.recipe, {key: value for key, value in section.items() if key in chosen}


def eval_recipe_of(sections: Mapping[str, Any]) -> Recipe:
    """The same of a notebook's keywords, which are sections of a recipe."""
    try:
        return load_recipe({**_TRAINING, **sections}, checks=evaluation_checks).recipe
    except RecipeError as error:
        raise SettingsError("rlvr.evaluate", error.problems, "sampling={'max_tokens': 256}") from None


class SettingsError(UserError):
    """All the mistakes among the settings of one evaluation."""

    def __init__(self, place: str, problems: Sequence[str], example: str) -> None:
        counted = "a setting" if len(problems) == 1 else f"{len(problems)} settings"
        lines = [f"{counted} of the evaluation cannot be used, from {place}:", *(f"  {text}" for text in problems)]
        *sections, last = [name for name in SECTIONS if name != "plugins"]
        reads = f"It reads the sections {', '.join(sections)} and {last} of a recipe, such as {example}."
        super().__init__("\n".join([*lines, reads]))


def _no_setting(override: str) -> str | None:
    """Why a `key=value` of a command line means nothing to an evaluation, None where it may."""
    key = override.partition("=")[0].strip()
    section = key.partition(".")[0]
    if told := _FLAGS.get("data" if section == "data" and key not in _FLAGS else key):
        return told
    if section in SECTIONS:
        return None
    if section in Recipe.model_fields:
        return f"nothing is trained here, so {section} is not read; leave it out"
    return f"there is no section {section!r}{did_you_mean(section, SECTIONS) or '.'}"


def _checkpoint_dtype(model: str) -> dict[str, str]:
    """The dtype that a local checkpoint was trained in, so that evaluating it gives the numbers of its run."""
    folder = Path(model).expanduser()
    for config in (file for pattern in _CONFIGS for file in folder.glob(pattern)):
        try:
            if json.loads(config.read_text()).get("dtype") == "bfloat16":
                return {"dtype": "bfloat16"}
        except (OSError, ValueError, AttributeError):
            continue
    return {}


def check_models(names: Sequence[str], recipe: Recipe) -> None:
    """Raises `UserError` with every model that is surely not there; of what a server serves it knows nothing."""
    engine = recipe.engine
    if engine.name == "openai" and engine.api == "chat":
        return
    revision = recipe.model.revision
    problems = [f"there is no model {name!r}: {text}" for name in names for text in _problem_of_model(name, revision)]
    if problems:
        raise UserError("\n  ".join(problems))


def _problem_of_model(name: str, revision: str | None) -> Iterator[str]:
    path = Path(name).expanduser()
    section, _, key = name.partition(".")
    if path.is_dir():
        if not any(next(path.glob(pattern), None) for pattern in _CONFIGS):
            wanted = ", ".join(_CONFIGS)
            yield f"the folder is no model, no checkpoint and no run, which have one of {wanted}. {_inside(path)}"
    elif path.exists():
        yield "that is a file. Give the folder of a model, a checkpoint or a run."
    elif section in SECTIONS and key:
        yield f"is it a setting without its value? Write {name}=VALUE."
    elif name in registry.REGISTRIES["suite"].names():
        yield f"that is a suite. Write: rlvr eval MODEL --suite {name}."
    elif hub.looks_local(name):
        yield f"no such folder (looked for {path.absolute()}). {_inside(path.parent, path.name)}"
    elif why := hub.missing_model(name, revision):
        looked = f"no such folder (looked for {path.absolute()})"
        yield f"{looked}, and as a hub id: {why}. {_inside(path.parent, path.name)}"


def _inside(folder: Path, wanted: str = "") -> str:
    """The next step: what the folder has instead."""
    found = sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    near = did_you_mean(wanted, found).removeprefix("; ") if wanted else ""
    if near:
        return f"{near[0].upper()}{near[1:]}"
    here = "This folder" if folder == Path() else f"{folder}"
    listed = f"{here} has {', '.join(found[:8])}{', ...' if len(found) > 8 else ''}. " if found else ""
    return f"{listed}Give a model's, a checkpoint's or a run's folder, or a hub id such as Qwen/Qwen2.5-0.5B-Instruct."
