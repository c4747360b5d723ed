"""Rows out of files and of the hub, lazily. Each is `(index, row)`, or `(index, reason)` where it is broken."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from rlvr.errors import UserError

from .sources import Hosted, Row

#: The index counts rows from 0; a string in place of the row says why there is none.
Rows: TypeAlias = Iterator[tuple[int, "Row | str"]]

FORMATS = (".jsonl", ".json", ".parquet")


def read_file(path: str | Path) -> Rows:
    """The rows of a .jsonl, .json or .parquet file. Raises `UserError` where it cannot be opened at all."""
    file = Path(path).expanduser()
    if not file.exists():
        raise UserError(f"the data file {file} does not exist (looked in {Path.cwd()}). Check data.train.path.")
    if not file.is_file():
        raise UserError(f"{file} is a folder, not a data file. Give one file: {', '.join(FORMATS)}.")
    if file.suffix not in FORMATS:
        raise UserError(f"the data file {file} ends in {file.suffix!r}. Known formats: {', '.join(FORMATS)}.")
    if file.stat().st_size == 0:
        raise UserError(f"the data file {file} is empty. Give a file with at least one row.")
    if file.suffix == ".parquet":
        return _parquet(file)
    return _lines(file) if file.suffix == ".jsonl" else _json(file)


def read_hub(name: str, source: Hosted, split: str) -> Rows:
    """The rows of a hub data set at its revision, in order; downloads (or reads the cache) at once."""
    from datasets import load_dataset

    where = f"{source.hub}{f' ({source.config})' if source.config else ''}, split {split}, revision {source.revision}"
    try:
        table = load_dataset(source.hub, source.config, split=split, revision=source.revision)
    except Exception as error:  # the hub's client raises a dozen unrelated types: offline, missing, gated, moved
        raise UserError(
            f"data set {name!r} could not be loaded from the Hugging Face hub ({where}): "
            f"{type(error).__name__}: {_first_line(error)} "
            f"Where the hub cannot be reached, give the rows as a file: data.train.path={source.files[split]} "
            "(for eval: --data-dir DIR with that file in it)."
        ) from error
    return ((index, Row(row)) for index, row in enumerate(table))


def _lines(file: Path) -> Rows:
    with file.open("rb") as lines:  # bytes, so that one line of bad UTF-8 costs one row
        # Blank lines are no rows, but the reported number stays the line's own.
        filled = ((number, line) for number, line in enumerate(lines) if line.strip())
        for number, line in filled:
            yield number, _row_of(line)


def _json(file: Path) -> Rows:
    raw = file.read_bytes()
    try:
        value = json.loads(raw)
    except ValueError as error:
        try:  # the hub has many .json files that hold one object a line
            if isinstance(json.loads(raw.split(b"\n", 1)[0]), dict):
                return _lines(file)
        except ValueError:
            pass
        raise UserError(f"{file} is not valid JSON: {error}. Give a list of objects, or one object a line.") from error
    if isinstance(value, dict):
        raise UserError(f"{file} holds one JSON object with the keys {', '.join(value)}; give a list of objects.")
    return ((index, Row(row) if isinstance(row, dict) else _not_an_object(row)) for index, row in enumerate(value))


def _parquet(file: Path) -> Rows:
    from pyarrow.lib import ArrowInvalid
    from pyarrow.parquet import ParquetFile

    try:
        table = ParquetFile(file)
    except (ArrowInvalid, OSError) as error:
        raise UserError(f"{file} cannot be read as Parquet: {_first_line(error)}") from error
    rows = itertools.chain.from_iterable(batch.to_pylist() for batch in table.iter_batches(1024))
    return ((index, Row(row)) for index, row in enumerate(rows))


def _row_of(line: bytes) -> Row | str:
    try:
        value = json.loads(line)
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError
        return f"not valid JSON: {error}"
    except RecursionError:
        return "not valid JSON: nested too deeply"
    return Row(value) if isinstance(value, dict) else _not_an_object(value)


def _not_an_object(value: Any) -> str:
    return f"a row must be an object with columns, not {type(value).__name__}"


def _first_line(error: BaseException) -> str:
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
    return text if text.endswith((".", "!", "?")) else f"{text}."
