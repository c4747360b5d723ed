"""Strict recipes: YAML and `key=value`, every mistake reported at once, the origin of every value kept.

Precedence: defaults < recipe < `key=value`. Nothing here loads torch.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from rlvr import registry
from rlvr.errors import RecipeError, UnknownName, UserError, did_you_mean
from rlvr.recipe_file import read_recipe
from rlvr.rules import cross_checks
from rlvr.schema import Recipe

#: Keys where a bare string is short for a section, and the field that the string fills.
_SHORT = {"model": "path", **dict.fromkeys(("data.train", "algorithm", "engine", "backend", "correction"), "name")}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A valid recipe, and where each value came from."""

    recipe: Recipe
    origins: Mapping[str, str]  # "train.lr" -> "default" | "recipe.yaml line 7" | "command line"
    source: str

    def as_yaml(self) -> str:
        """The recipe with every value, and its origin as a comment where it is not the default."""
        lines: list[str] = []
        for line, key in _yaml_lines(self.recipe.model_dump(mode="json")):
            origin = self.origins.get(key, "default")
            lines.append(line if origin == "default" else f"{line}  # {origin}")
        return "\n".join(lines) + "\n"


def load_recipe(
    source: str | Path | Mapping[str, Any],
    overrides: Sequence[str] = (),
    plugins: Sequence[str] = (),
    checks: Callable[[Recipe], Iterator[tuple[str, str]]] = cross_checks,
) -> Resolved:
    """The recipe of a YAML file (or mapping) with `key=value` overrides. Raises `RecipeError` with all mistakes.

    `checks` are the rules between its sections: (key, what is wrong) of each that is broken.
    """
    if isinstance(source, Mapping):
        name, folder = "the recipe", Path.cwd()
        values, lines = _copy(source), dict[str, int]()
    else:
        path = find_recipe(source)
        name, folder = path.name, path.parent
        values, lines = read_recipe(path, _SHORT)
    problems: list[str] = []
    origins = {key: f"{name} line {line}" if line else name for key, line in lines.items()}
    _expand(values)
    for override in overrides:
        _apply(values, override, origins, problems)
    _load_plugins(values, plugins, folder, problems)
    recipe = _validate(values, problems, origins)
    if recipe is not None:
        problems += [_located(key, text, origins) for key, text in checks(recipe)]
    if problems or recipe is None:
        raise RecipeError(name, problems)
    return Resolved(recipe, {key: origins.get(key, "default") for key in _flat(recipe.model_dump())}, name)


def _load_plugins(values: dict[str, Any], given: Sequence[str], folder: Path, problems: list[str]) -> None:
    """Loads the recipe's plug-ins (beside the recipe) and those `given` (in the working directory); they become
    part of the recipe by absolute path, because the judge's workers load them too."""
    listed = [folder / p for p in _as_list(values.get("plugins")) if isinstance(p, str)]
    files = [*listed, *(Path(p) for p in given)]
    for file in files:
        try:
            registry.load_plugin(file.expanduser().resolve())
        except UserError as error:
            problems.append(str(error))
    if files:
        values["plugins"] = [str(file.expanduser().resolve()) for file in files]


def find_recipe(source: str | Path) -> Path:
    """A recipe's file: a path, or the name of one that ships with rlvr."""
    path = Path(source).expanduser()
    if path.is_file():
        return path
    shipped = Path(__file__).resolve().parent / "recipes"
    named = shipped / f"{path.name.removesuffix('.yaml')}.yaml"
    if named.is_file():
        return named
    known = sorted(p.stem for p in shipped.glob("*.yaml"))
    raise UserError(
        f"no recipe at {str(source)!r}{did_you_mean(path.name.removesuffix('.yaml'), known)}. "
        f"Give the path of a YAML file, or one of the shipped recipes: {', '.join(known) or 'none'}."
    )


def algorithm_options(name: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """An algorithm's options checked against its dataclass fields: the values, and (key, problem) pairs."""
    try:
        cls = registry.get("algorithm", name)
    except UnknownName as error:
        return {}, [("algorithm.name", str(error))]
    hints = typing.get_type_hints(cls, include_extras=True)
    known = {f.name: (hints[f.name], f.default) for f in dataclasses.fields(cls)}
    model = create_model(cls.__name__, __config__=ConfigDict(extra="forbid"), **known)  # type: ignore[call-overload]
    try:
        return model.model_validate(dict(options)).model_dump(include=set(options)), []
    except ValidationError as error:
        return {}, [problem_of(e, model, "algorithm") for e in error.errors()]


#: What stands in for a required key that is missing or wrong, so that the rest is still checked; never used.
_STAND_IN = {"model": {"path": "?"}, "model.path": "?", "data": {"train": "chain"}, "data.train": "chain"}


def _validate(values: dict[str, Any], problems: list[str], origins: Mapping[str, str]) -> Recipe | None:
    """The recipe; where values are wrong, they are reported and defaults stand in, so that later checks still run."""
    for _ in range(3):
        try:
            recipe = Recipe.model_validate(values)
            break
        except ValidationError as error:
            for item in error.errors():
                key, text = problem_of(item, Recipe)
                problems.append(_located(key, text, origins))
                _drop(values, item["loc"])
                _stand_in(values, key)
    else:
        return None
    _, wrong = algorithm_options(recipe.algorithm.name, recipe.algorithm.options)
    problems += [_located(key, text, origins) for key, text in wrong]
    return recipe


def problem_of(item: Any, model: type[BaseModel], prefix: str = "") -> tuple[str, str]:
    """A pydantic error as (key, sentence)."""
    loc = [str(part) for part in item["loc"] if not str(part).startswith("function-")]
    key = ".".join([prefix, *loc] if prefix else loc)
    if item["type"] == "extra_forbidden":
        known = _fields_at(model, loc[:-1])
        hint = did_you_mean(loc[-1], known) or f". Known here: {', '.join(known)}"
        return key, f"no such key{hint}"
    if item["type"] == "missing":
        return key, "is required and missing"
    return key, f"{item['msg'][0].lower()}{item['msg'][1:]}, got {item['input']!r}"


def _fields_at(model: type[BaseModel], loc: Sequence[str]) -> list[str]:
    for part in loc:
        if part.isdigit():
            continue
        field = model.model_fields.get(part)
        found = _model_in(field.annotation) if field else None
        if found is None:
            return []
        model = found
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for m in map(_model_in, typing.get_args(annotation)) if m is not None), None)


def _located(key: str, text: str, origins: Mapping[str, str]) -> str:
    where = origins.get(key) or next((o for k, o in origins.items() if k.startswith(f"{key}.")), "")
    return f"{key}: {text}" + (f" ({where})" if where else "")


def _expand(values: dict[str, Any]) -> None:
    """Bare strings into sections, so that `data.train.path=...` can be set beside `data: {train: gsm8k}`."""
    for key, field in _SHORT.items():
        *parents, last = key.split(".")
        holder: Any = values
        for part in parents:
            holder = holder.get(part) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and isinstance(holder.get(last), str):
            holder[last] = {field: holder[last]}


def _apply(values: dict[str, Any], override: str, origins: dict[str, str], problems: list[str]) -> None:
    key, equals, text = override.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        problems.append(f"{override!r} is not a setting: write key=value, e.g. train.lr=1e-6")
        return
    try:
        value = yaml.safe_load(text) if text.strip() else text
    except yaml.YAMLError:
        value = text
    holder: Any = values
    for part in parts[:-1]:
        inner = holder.get(part)
        if not isinstance(inner, dict):
            inner = holder[part] = {}
        holder = inner
    if ".".join(parts) in _SHORT and isinstance(value, str):
        value = {_SHORT[".".join(parts)]: value}
    holder[parts[-1]] = value
    for name in [k for k in origins if k.startswith(f"{'.'.join(parts)}.")]:
        del origins[name]
    for name in _flat({".".join(parts): value}):
        origins[name] = "command line"


def _drop(values: dict[str, Any], loc: Sequence[Any]) -> None:
    holder: Any = values
    path = [part for part in loc if not str(part).startswith("function-")]
    while isinstance(path[-1], int):  # an item of a list takes the list with it
        path.pop()
    for part in path[:-1]:
        try:
            holder = holder[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(holder, dict):
        holder.pop(path[-1], None)


def _stand_in(values: dict[str, Any], key: str) -> None:
    if key in _STAND_IN:
        *parents, last = key.split(".")
        holder = values
        for part in parents:
            holder = holder[part]
        holder[last] = _STAND_IN[key]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _yaml_lines(values: Mapping[str, Any], prefix: str = "", indent: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:", f"{prefix}{key}/"
            yield from _yaml_lines(value, f"{prefix}{key}.", indent + "  ")
        else:
            text = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True)
            yield f"{indent}{key}: {text.removesuffix('...' + chr(10)).strip()}", f"{prefix}{key}"


def _copy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copy(v) if isinstance(v, Mapping) else list(v) if isinstance(v, list) else v for k, v in values.items()}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
