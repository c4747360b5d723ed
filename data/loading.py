"""`load_prompts`: the one way from a data set's name, or a file, to prompts."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rlvr import registry
from rlvr.core import Prompt, VerifierUse
from rlvr.errors import UserError, did_you_mean

from .collecting import Refused, adapted, collect
from .columns import column_adapter
from .reading import Rows, matching, read_hub, read_path
from .sources import TRAINING, Asker, Generated, Hosted, LoadedPrompts, Row
from .templates import Template, template_named

Verifiers = str | tuple[VerifierUse, ...] | None

#: What a recipe may change of a hosted set.
HUB_OPTIONS = ("hub", "config", "revision")
ON_BAD_ROW = ("error", "skip")


def load_prompts(
    name: str | None = None,
    *,
    path: str | Path | None = None,
    split: str = "train",
    columns: Mapping[str, str] | None = None,
    verifier: Verifiers = None,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    template: str | None = None,
    on_bad_row: str = "error",
    asker: Asker = TRAINING,
) -> LoadedPrompts:
    """The prompts of a registered data set (`name`), of a file (`path`), or of a file in that set's shape (both).

    A `path` alone needs `columns`, such as `{"prompt": "question", "answer": "final"}`, and a `verifier`; it may be a
    pattern (`parts/*.jsonl`) or `hf://datasets/...`. Without a path the rows come from the file in `data_dir` that
    the data set names, or else from the hub. `options` are those of a generated data set, or `hub`, `config` and
    `revision` of a hosted one. `template` replaces the data set's own wording around its problems. `asker` says how
    messages write these settings.

    A row that cannot be read raises `UserError` with its place, or is skipped and counted where `on_bad_row` is
    "skip"; a row without an answer, or left out for a reason that its set documents, is counted in either case.
    Raises `UserError` where no row is usable.
    """
    if limit is not None and limit < 1:
        raise UserError(f"data limit is {limit}; it must be at least 1 (leave it out to use all rows).")
    if on_bad_row not in ON_BAD_ROW:
        raise UserError(f"on_bad_row is {on_bad_row!r}; it is error or skip.")
    worded = None if template is None else template_named(template)
    if name is None:
        items, origin = _of_file(path, columns or {}, verifier, asker)
        return collect(_finished(items, worded, verifier), origin, limit=limit, on_bad_row=on_bad_row, asker=asker)
    adapter = registry.get("dataset", name)
    source = getattr(adapter, "source", None)
    if isinstance(source, Generated):
        if path is not None:
            raise UserError(f"data set {name!r} is generated and reads no file: leave out path={str(path)!r}.")
        _check_split(name, split, source.splits)
        drawn = adapter(split, **_checked_options(name, adapter, options or {}))
        named = (dataclasses.replace(prompt, id=f"{name}/{split}/{prompt.id}") for prompt in drawn)
        worded = worded or template_named(source.template)
        return collect(_finished(named, worded, verifier), name, limit=limit)
    rows, origin = _rows_of(name, source, path, split, data_dir, options or {}, asker, bounded=limit is not None)
    items = adapted(rows, adapter, f"{name}/{split}")
    worded = worded or template_named(source.template if source else "none")
    return collect(_finished(items, worded, verifier), origin, limit=limit, on_bad_row=on_bad_row, asker=asker)


def prompts_of_rows(
    rows: Iterable[Mapping[str, Any]],
    *,
    columns: Mapping[str, str],
    verifier: str | tuple[VerifierUse, ...],
    source: str = "rows",
    limit: int | None = None,
    on_bad_row: str = "error",
    answered: bool = True,
) -> LoadedPrompts:
    """The prompts of rows in memory (a list of dicts, a `datasets.Dataset`), by a column mapping.

    Without an `answer` column the prompts have none: the reward is then a function of the columns in `meta`. Not
    `answered`: a row may be without an answer where others have one.
    """
    numbered: Rows = ((index, f"row {index}", Row(row)) for index, row in enumerate(rows))
    needed = answered and "answer" in columns
    items = adapted(numbered, column_adapter(columns, source, answer_needed=needed), source, answered=needed)
    return collect(_finished(items, None, verifier), source, limit=limit, on_bad_row=on_bad_row)


def _finished(
    items: Iterable[Prompt | Refused], template: Template | None, verifier: Verifiers
) -> Iterator[Prompt | Refused]:
    """Prompts with the template's wording, which follows the adapter's verifier, and then the user's verifier."""
    for item in items:
        if isinstance(item, Prompt):
            item = template.put_on(item) if template else item
            item = dataclasses.replace(item, verifier=verifier) if verifier not in (None, item.verifier) else item
        yield item


def _of_file(
    path: str | Path | None, columns: Mapping[str, str], verifier: Verifiers, asker: Asker
) -> tuple[Iterator[Prompt | Refused], str]:
    if path is None:
        wanted = f"{asker.write('name', 'gsm8k')}, or {asker.write('path', 'FILE.jsonl')}"
        raise UserError(f"a data set needs a name or a path: {wanted}.")
    rows = read_path(path, asker)
    adapter = column_adapter(columns, str(path), _peek_columns(path), verifier=verifier or "math", asker=asker)
    if verifier is None:
        wanted = asker.write("verifier", "math")
        raise UserError(f"{path} has no verifier: say what judges its answers, such as {wanted}.")
    stem = Path(path).stem if "*" not in str(path) else Path(path).expanduser().parent.name or "rows"
    return adapted(rows, adapter, stem), str(path)


def _rows_of(
    name: str,
    source: Hosted | None,
    path: str | Path | None,
    split: str,
    data_dir: str | Path | None,
    options: Mapping[str, Any],
    asker: Asker,
    *,
    bounded: bool,
) -> tuple[Rows, str]:
    """The rows of a hosted data set and where they came from: the path, the data folder or the hub."""
    if path is not None:
        return read_path(path, asker), str(path)
    if source is None:
        wanted = asker.write("path", "FILE.jsonl")
        raise UserError(f"data set {name!r} declares no source, so it needs a file: {wanted}.")
    _check_split(name, split, source.splits)
    for key in options:
        if key not in HUB_OPTIONS:
            raise UserError(f"data set {name!r} has no option {key!r}{did_you_mean(key, HUB_OPTIONS) or '.'}")
    if data_dir is not None:
        file = _in_folder(name, Path(data_dir).expanduser(), source.files[split], asker)
        rows = read_path(file, asker)
        if (belongs := source.belongs) is None:
            return rows, str(file)
        return (item for item in rows if isinstance(item[2], str) or belongs(item[2], split)), str(file)
    source = dataclasses.replace(source, **options)
    return read_hub(name, source, split, bounded=bounded, asker=asker), f"{source.hub}@{source.revision or 'newest'}"


def _in_folder(name: str, folder: Path, wanted: str, asker: Asker) -> Path:
    """The file of a data folder that a data set names."""
    if not folder.is_dir():
        raise UserError(f"there is no data folder {folder.absolute()}. Check {asker.data_dir}.")
    if not (folder / wanted).is_file():
        near = did_you_mean(wanted, (f.name for f in folder.iterdir())).replace("did you mean", "is it")
        raise UserError(
            f"the data folder {folder} has no file {wanted!r}, which {name!r} needs{near or '.'} Put it there under "
            f"that name, give another folder ({asker.data_dir}), or leave the folder out to ask the hub."
        )
    return folder / wanted


def _check_split(name: str, split: str, splits: tuple[str, ...]) -> None:
    if split not in splits:
        raise UserError(
            f"data set {name!r} has no split {split!r}{did_you_mean(split, splits) or '.'} It has: {', '.join(splits)}."
        )


def _checked_options(name: str, generator: Callable[..., Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
    """`options`, after each is found among the generator's keyword-only parameters with a value of its type."""
    known = {p.name: p for p in inspect.signature(generator).parameters.values() if p.kind is p.KEYWORD_ONLY}
    for key, value in options.items():
        if key not in known:
            raise UserError(
                f"data set {name!r} has no option {key!r}{did_you_mean(key, known) or '.'} It has: {', '.join(known)}."
            )
        kind = type(known[key].default)
        if known[key].default is not None and type(value) is not kind and not (kind is float and type(value) is int):
            raise UserError(f"option {key!r} of data set {name!r} is {value!r}; it must be of type {kind.__name__}.")
    return options


def _peek_columns(path: str | Path) -> tuple[str, ...]:
    """The columns of the first readable row, for messages."""
    if str(path).startswith("hf://"):
        return ()
    first = matching(path)[0]
    return next((tuple(row) for _, _, row in read_path(first) if isinstance(row, Row)), ())
