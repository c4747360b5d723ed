"""Rules of a recipe's data section, checked before anything is loaded; `rlvr.rules` has the others."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from rlvr import registry
from rlvr.errors import did_you_mean
from rlvr.schema import DataRef, EvalRef, Recipe


def data_problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of every data set that the recipe names."""
    data = recipe.data
    if data.train.several:
        yield from _mix(recipe)
    else:
        yield from set_problems("data.train", data.train, data.data_dir)
    labels = [_label(ref) for ref in data.eval]
    for index, ref in enumerate(data.eval):
        yield from set_problems(f"data.eval.{index}", ref, data.data_dir)
        if labels[index] in labels[:index]:
            yield (
                f"data.eval.{index}",
                f"reports its metrics as eval/{labels[index]}/..., and so does an entry before it: give it a `label`",
            )
    if data.language is not None:
        yield from set_problems("data.language", data.language, data.data_dir)
    chosen = recipe.algorithm.name
    known = chosen in registry.REGISTRIES["algorithm"].names()
    on_policy = not known or registry.get("algorithm", chosen).source == "on_policy"
    if data.curriculum is not None and not on_policy:
        yield "data.curriculum", f"orders prompts to be sampled, and {chosen} samples no completions"
    if data.difficulty_filter is not None:
        if not on_policy:
            yield "data.difficulty_filter", f"has no meaning for {chosen}, which samples no completions"
        if data.difficulty_filter.solved_after is None and data.difficulty_filter.failed_after is None:
            yield "data.difficulty_filter", "leaves nothing out: give solved_after or failed_after"


def _label(ref: EvalRef) -> str:
    """What its metrics are called, as a suite's section is: one that asks for a return has a name of its own."""
    asked = "" if ref.wanted_return is None else f"_return_{ref.wanted_return:g}"
    return ref.label or (ref.name or Path(str(ref.path)).stem) + asked


def _mix(recipe: Recipe) -> Iterator[tuple[str, str]]:
    from rlvr.data import MIXES

    train = recipe.data.train
    if train.name is not None or train.path is not None or (train.sets and train.mix):
        yield "data.train", "is one of: a set (`name` or `path`), several (`sets`, or a list), a published mix (`mix`)"
    if train.mix is not None and train.mix not in MIXES:
        yield (
            "data.train.mix",
            f"no mix is called {train.mix!r}{did_you_mean(train.mix, MIXES)}. Known: {', '.join(MIXES)}",
        )
    for index, ref in enumerate(train.sets):
        yield from set_problems(f"data.train.sets.{index}", ref, recipe.data.data_dir)
        if ref.count is not None and ref.weight is not None:
            yield f"data.train.sets.{index}", "has a count and a weight; give one of them"


def set_problems(key: str, ref: DataRef, data_dir: str | None = None) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of one data section; that of an evaluation, under `data.eval`, may name a suite."""
    if ref.path is not None and not _there(ref.path):
        parent = Path(ref.path).expanduser().parent
        here = [p.name for p in parent.iterdir()] if parent.is_dir() else []
        near = difflib.get_close_matches(Path(ref.path).name, here, n=1)
        yield f"{key}.path", f"no file at {ref.path!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    if data_dir is not None and not Path(data_dir).expanduser().is_dir():
        yield "data.data_dir", f"no folder at {data_dir!r}"
    if ref.name is None and ref.path is None:
        yield key, "names neither a data set (`name`) nor a file (`path`)"
    if ref.name is None and ref.path is not None:
        for column in ("prompt", "answer", "verifier"):
            if getattr(ref, column) is None:
                yield (
                    f"{key}.{column}",
                    "is required where `path` stands without `name`, which would say how to read it",
                )
    if ref.name is not None:
        known = {*registry.REGISTRIES["dataset"].names()}
        if key.startswith("data.eval"):
            known |= {*registry.REGISTRIES["suite"].names()}
        if ref.name not in known:
            yield f"{key}.name", f"no data set is called {ref.name!r}{did_you_mean(ref.name, known)}"
    if ref.template is not None:
        from rlvr.data import TEMPLATES

        if ref.template not in TEMPLATES:
            hint = did_you_mean(ref.template, TEMPLATES)
            yield f"{key}.template", f"no template is called {ref.template!r}{hint}. Known: {', '.join(TEMPLATES)}"
    if ref.verifier:
        from rlvr.core import VerifierUse
        from rlvr.rewards import check_verifiers

        for problem in check_verifiers([VerifierUse(v.name, v.weight, v.options, v.gate) for v in ref.verifier]):
            yield f"{key}.verifier", problem


def _there(path: str) -> bool:
    """Whether a data path leads somewhere: a file, a pattern that matches, or the hub, which is asked later."""
    file = Path(path).expanduser()
    pattern = any(sign in file.name for sign in "*?[")
    return path.startswith("hf://") or file.is_file() or (pattern and any(file.parent.glob(file.name)))
