"""The prompts that a run trains on: loaded, cleaned, mixed, and a report of every decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr import assemble, registry
from rlvr.cleaned import cleaned_sets
from rlvr.core import Prompt
from rlvr.errors import UserError
from rlvr.folder import write_json
from rlvr.schema import DataRef, Recipe
from rlvr.sections import SetRef
from rlvr.training.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from rlvr.data import LoadedPrompts
    from rlvr.data.cleaning import Cleaned

#: The run folder's file with what became of each set.
REPORT = "data_report.json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is trained on, and the report."""

    prompts: Sequence[Prompt]
    report: Mapping[str, Any]

    @property
    def told(self) -> list[str]:
        """What a user should read before training starts."""
        report, lines = self.report, []
        for part in report["sets"]:
            if part["refused"]:
                rows = "1 row" if part["refused"] == 1 else f"{part['refused']:,} rows"
                verb = "was" if part["refused"] == 1 else "were"
                lines.append(f"{rows} of {part['name']} {verb} skipped, the first: {part['refused_rows'][0]}")
        lines += [f"{name} is missing from the mix: {why}" for name, why in report["missing"].items()]
        for name, part in report["mix"].items():
            if part["taken"] < part["wanted"]:
                lines.append(f"{name} has {part['taken']:,} prompts of the {part['wanted']:,} that the mix asks for")
        if dropped := report.get("dropped"):
            counts = ", ".join(f"{count:,} {decision.replace('_', ' ')}" for decision, count in dropped.items())
            lines.append(f"cleaning left out {sum(dropped.values()):,} of {report['prompts']:,} prompts: {counts}")
        if why := report.get("answers", {}).get("why"):
            lines.append(f"answers: {why}")
        unchecked = report["contamination"]["suites_unchecked"]
        if report["cleaned"] and unchecked:
            lines.append(
                f"not compared with {len(unchecked)} suites, whose text could not be had: {', '.join(unchecked)}"
            )
        return lines


def training_sets(recipe: Recipe) -> tuple[list[SetRef], list[LoadedPrompts], dict[str, str]]:
    """The sets that the recipe trains on, each loaded, and why others are missing.

    Raises `UserError` that names all sets that cannot be had, unless the recipe says `on_missing: skip`.
    """
    from rlvr.data import MIXES

    train = recipe.data.train
    if not train.several:
        only = SetRef.model_validate(train.model_dump(exclude={"sets", "mix", "on_missing"}))
        return [only], [assemble.load_data(train, recipe.data.data_dir, "train")], {}
    refs = list(train.sets)
    if train.mix is not None:
        refs = [SetRef(name=name, count=count, on_bad_row="skip") for name, count in MIXES[train.mix].items()]
    if train.verifier is not None:
        refs = [ref.model_copy(update={"verifier": train.verifier}) for ref in refs]
    found, loaded, missing = [], [], dict[str, str]()
    for ref in refs:
        try:
            loaded.append(assemble.load_data(_bounded(ref), recipe.data.data_dir, "train"))
            found.append(ref)
        except UserError as error:
            missing[label(ref)] = str(error)
    if missing and (train.on_missing == "error" or not found):
        listed = "\n".join(f"  {name}: {why}" for name, why in missing.items())
        raise UserError(
            f"{len(missing)} of {len(refs)} data sets cannot be had:\n{listed}\nGive them as files with data.data_dir, "
            "or train on the others with data.train.on_missing=skip."
        )
    return found, loaded, missing


def _bounded(ref: SetRef) -> DataRef:
    """Of a set that is too big to be loaded whole no more is read than the mix wants."""
    source = getattr(registry.get("dataset", ref.name), "source", None) if ref.name else None
    limit = ref.count if ref.limit is None and getattr(source, "streamed", False) else ref.limit
    return ref.model_copy(update={"limit": limit})


def label(ref: DataRef) -> str:
    """What a set is called in messages."""
    return ref.name or Path(str(ref.path)).name


def training_prompts(recipe: Recipe) -> LoadedPrompts:
    """What the recipe trains on, mixed but not cleaned: for plans, trials and checks."""
    from rlvr.data.mixing import mixed_prompts

    refs, loaded, _ = training_sets(recipe)
    if not recipe.data.train.several:
        return loaded[0]
    mixed, _ = mixed_prompts(_parts(refs, [part.prompts for part in loaded]), recipe.train.seed)
    skipped = tuple(text for part in loaded for text in part.skipped)
    return replace(loaded[0], prompts=mixed, skipped=skipped, source="mix", fingerprint="", contents="")


def prepared(
    recipe: Recipe, ranks: Ranks = ALONE, rows: LoadedPrompts | None = None, *, answers: bool = True
) -> Prepared:
    """Loads, cleans and mixes what the recipe trains on; of several ranks the first one decides for all.

    `rows` were given in Python, in place of the sets that the recipe names; `answers` as `cleaned_sets` has it.
    """
    from rlvr.data.mixing import mixed_prompts

    refs, loaded, missing = training_sets(recipe) if rows is None else ([SetRef(path=rows.source)], [rows], {})
    several = rows is None and recipe.data.train.several
    cleaned = ranks.first_does(lambda: cleaned_sets(recipe, refs, loaded, answers=answers))
    kept = [part.prompts for part in loaded] if cleaned is None else _kept(loaded, cleaned.kept)
    empty = [label(ref) for ref, prompts in zip(refs, kept, strict=True) if not len(prompts)]
    if empty:
        raise UserError(
            f"cleaning left no prompt of {', '.join(empty)}: "
            + "; ".join(_first_decisions(cleaned))
            + ". Train on another set, or set data.cleaning=false to take it as it is."
        )
    report: dict[str, Any] = {
        "sets": [
            {
                "name": label(ref),
                "source": part.source,
                "fingerprint": part.fingerprint,
                "prompts": len(part.prompts),
                "refused": len(part.skipped),
                "refused_rows": list(part.skipped[:20]),
            }
            for ref, part in zip(refs, loaded, strict=True)
        ],
        "missing": missing,
        "mix": {},
        "cleaned": cleaned is not None,
        "contamination": _unchecked("the training set was not cleaned"),
    }
    report |= cleaned.report if cleaned else {}
    prompts: Sequence[Prompt] = kept[0]
    if several:
        prompts, report["mix"] = mixed_prompts(_parts(refs, kept), recipe.train.seed)
    return Prepared(prompts, {**report, "trained_on": len(prompts)})


def prompts_of_run(
    recipe: Recipe,
    folder: Path,
    ranks: Ranks,
    event: Callable[[str, str], None],
    rows: LoadedPrompts | None = None,
    *,
    answers: bool = True,
) -> Sequence[Prompt]:
    """What a run trains on; its folder gets the report, and `event` hears what a user should know."""
    found = prepared(recipe, ranks, rows, answers=answers)
    if ranks.first:
        with suppress(OSError):  # a full disk costs the report and not the run
            write_json(folder / REPORT, found.report)
    for text in found.told:
        event("data", text)
    return found.prompts


def _unchecked(why: str) -> dict[str, Any]:
    return {"suites_checked": [], "suites_unchecked": {"all": why}, "problems_hit": {}, "dropped": 0, "pairs": []}


def _first_decisions(cleaned: Cleaned | None) -> list[str]:
    rows = cleaned.report["dropped_prompts"][:3] if cleaned else []
    return [f"{row['id']} ({row['decision'].replace('_', ' ')}: {row['detail']})" for row in rows]


def _parts(refs: Sequence[SetRef], prompts: Sequence[Sequence[Prompt]]) -> list[Any]:
    from rlvr.data.mixing import Part

    names = [label(ref) for ref in refs]
    named = [name if names.count(name) == 1 else f"{name}.{number}" for number, name in enumerate(names)]
    return [Part(n, p, r.count, r.weight, r.epochs) for n, p, r in zip(named, prompts, refs, strict=True)]


def _kept(loaded: Sequence[LoadedPrompts], kept: Sequence[int]) -> list[Sequence[Prompt]]:
    """Each set's prompts that stay, by their places in all sets one after another."""
    import numpy as np

    from rlvr.data.mixing import Mixed

    places, first, found = np.asarray(kept, np.int64), 0, list[Sequence[Prompt]]()
    for part in loaded:
        own = places[(places >= first) & (places < first + len(part.prompts))] - first
        first += len(part.prompts)
        whole = len(own) == len(part.prompts)
        zeros = np.zeros(len(own), np.int64)
        found.append(part.prompts if whole else Mixed([part.prompts], zeros, own, zeros))
    return found
