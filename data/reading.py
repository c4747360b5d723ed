"""Rows out of files and of the hub, lazily. Each is `(index, place, row)`; a text in place of the row says why there
is none, and `place` ("row 7", "part2.jsonl row 7") is how a message names it."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from rlvr import hub
from rlvr.errors import UserError

from .sources import TRAINING, Asker, Hosted, Row

Rows: TypeAlias = Iterator[tuple[int, str, "Row | str"]]
#: What one file's format yields: the row's number in the file, from 0.
_Numbered: TypeAlias = Iterator[tuple[int, "Row | str"]]

FORMATS = (".jsonl", ".json", ".parquet", ".csv", ".arrow")
#: Characters of a field of CSV: tests of programs are long, and behind a quote that is never closed comes all the rest.
_LONGEST = 1 << 27
#: How `datasets` calls the formats, for files on the hub.
_BUILDERS = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv", ".arrow": "arrow"}


def read_path(path: str | Path, asker: Asker = TRAINING) -> Rows:
    """The rows of a file, of all files that a pattern matches (`data/*.jsonl`), or of a file on the hub (`hf://...`).

    Rows of several files are numbered on. Raises `UserError` where nothing can be opened.
    """
    if str(path).startswith("hf://"):
        return _hub_file(str(path))
    files = matching(path, asker)
    for file in files:
        _check(file, asker)
    if len(files) == 1:
        return ((index, f"row {index + 1}", row) for index, row in _read(files[0]))
    return _several(files)


def matching(path: str | Path, asker: Asker = TRAINING) -> list[Path]:
    """The files of a path or pattern, in the order of their names. Raises `UserError` where there is none."""
    file = Path(path).expanduser()
    if file.exists() or not any(sign in file.name for sign in "*?["):
        return [file]
    found = sorted(p for p in file.parent.glob(file.name) if p.is_file())
    if not found:
        raise UserError(
            f"no file matches {str(path)!r} (looked in {file.parent.resolve()}). Check {asker.write('path', 'FILE')}."
        )
    return found


def read_hub(name: str, source: Hosted, split: str, *, bounded: bool = True, asker: Asker = TRAINING) -> Rows:
    """The rows of a hub data set at its revision, in order; downloads (or reads the cache) at once unless it is
    `streamed`, which is allowed to be read only as far as a limit (`bounded`)."""
    from datasets import get_dataset_config_names, load_dataset

    if source.streamed and not bounded:
        raise UserError(
            f"data set {name!r} is too big to load whole ({source.rows or 'millions of'} rows), so it is read from the "
            f"hub as it comes: say how many prompts to take, with {asker.write('limit', 'N')}."
        )
    there = source.hub_splits.get(split, split)
    revision = source.revision or "newest"
    where = f"{source.hub}{f' ({source.config})' if source.config else ''}, split {there}, revision {revision}"
    with hub.asked() as trouble:
        try:
            configs: Iterable[str | None]
            if source.config == "*":
                configs = get_dataset_config_names(source.hub, revision=source.revision)
            else:
                configs = source.config if isinstance(source.config, tuple) else (source.config,)
            tables = [
                load_dataset(source.hub, config, split=there, revision=source.revision, streaming=source.streamed)
                for config in configs
            ]
        except Exception as error:  # the hub's client raises a dozen unrelated types: offline, missing, gated, moved
            why = f"{trouble}, and its cache here has no such data." if trouble else _told(error)
            file = source.files[split]
            raise UserError(
                f"data set {name!r} could not be loaded from the Hugging Face hub ({where}): {why} Where the hub "
                f"cannot be reached, give the rows as a file: {asker.data_dir} with {file} in it, or "
                f"{asker.write('path', file)}."
            ) from error
    rows = enumerate(itertools.chain.from_iterable(tables))
    return ((index, f"row {index}", Row(row)) for index, row in rows)


def _hub_file(path: str) -> Rows:
    from datasets import load_dataset

    suffix = Path(path).suffix
    if suffix not in _BUILDERS:
        raise UserError(f"{path} ends in {suffix!r}. Name files on the hub with their format: {', '.join(FORMATS)}.")
    try:
        table = load_dataset(_BUILDERS[suffix], data_files=path, split="train", streaming=True)
        first = next(iter(table), None)  # opens it, so that a file that is not there is found now
    except Exception as error:  # a broken file raises what its format's reader raises: any of a dozen types
        raise UserError(f"{path} could not be read: {_told(error)}") from error
    if first is None:
        raise UserError(f"{path} has no rows. Give a file with at least one.")
    return ((index, f"row {index + 1}", Row(row)) for index, row in enumerate(table))


def _several(files: list[Path]) -> Rows:
    offset = 0
    for file in files:
        index = -1
        for index, row in _read(file):
            yield offset + index, f"{file.name} row {index + 1}", row
        offset += index + 1


def _check(file: Path, asker: Asker) -> None:
    if not file.exists():
        raise UserError(
            f"the data file {file} does not exist (looked in {Path.cwd()}). Check {asker.write('path', 'FILE')}."
        )
    if not file.is_file():
        raise UserError(f"{file} is a folder, not a data file. Give one file, or a pattern: {file}/*.jsonl.")
    if file.suffix not in FORMATS:
        raise UserError(f"the data file {file} ends in {file.suffix!r}. Known formats: {', '.join(FORMATS)}.")
    if file.stat().st_size == 0:
        raise UserError(f"the data file {file} is empty. Give a file with at least one row.")


def _read(file: Path) -> _Numbered:
    readers = {".jsonl": _lines, ".json": _json, ".parquet": _parquet, ".csv": _csv, ".arrow": _arrow}
    return readers[file.suffix](file)


def _lines(file: Path) -> _Numbered:
    with file.open("rb") as lines:  # bytes, so that one line of bad UTF-8 costs one row
        # Blank lines are no rows, but the reported number stays the line's own.
        for number, line in enumerate(lines):
            if line.strip():
                yield number, _row_of(line)


def _json(file: Path) -> _Numbered:
    raw = file.read_bytes()
    try:
        value = json.loads(raw)
    except RecursionError as error:
        raise UserError(f"{file} is not valid JSON: nested too deeply. Give a list of objects.") from error
    except ValueError as error:
        try:  # the hub has many .json files that hold one object a line
            if isinstance(json.loads(raw.split(b"\n", 1)[0]), dict):
                return _lines(file)
        except (ValueError, RecursionError):
            pass
        raise UserError(f"{file} is not valid JSON: {error}. Give a list of objects, or one object a line.") from error
    if isinstance(value, dict):
        raise UserError(f"{file} holds one JSON object with the keys {', '.join(value)}; give a list of objects.")
    if not isinstance(value, list):
        raise UserError(f"{file} holds the JSON value {json.dumps(value)[:40]}; give a list of objects.")
    return ((index, _row_from(row)) for index, row in enumerate(value))


def _parquet(file: Path) -> _Numbered:
    from pyarrow.lib import ArrowInvalid
    from pyarrow.parquet import ParquetFile

    try:
        table = ParquetFile(file)
    except (ArrowInvalid, OSError) as error:
        raise UserError(f"{file} cannot be read as Parquet: {_first_line(error)}") from error
    return _of_batches(table.iter_batches(1024))


def _arrow(file: Path) -> _Numbered:
    """Arrow's stream format, which `datasets` writes, or its file format."""
    import pyarrow as pa

    with file.open("rb") as start:
        opened = pa.ipc.open_file if start.read(6) == b"ARROW1" else pa.ipc.open_stream
    try:
        table = opened(pa.memory_map(str(file)))
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{file} cannot be read as Arrow: {_first_line(error)}") from error
    if opened is pa.ipc.open_stream:
        return _of_batches(iter(table))
    return _of_batches(table.get_batch(i) for i in range(table.num_record_batches))


def _of_batches(batches: Iterable[Any]) -> _Numbered:
    parts = (batch.slice(first, 1024) for batch in batches for first in range(0, batch.num_rows, 1024))
    rows = itertools.chain.from_iterable(part.to_pylist() for part in parts)
    return ((index, Row(row)) for index, row in enumerate(rows))


def _csv(file: Path) -> _Numbered:
    """Every value is a text. The number of a row is its place among the rows, not its line."""
    csv.field_size_limit(_LONGEST)
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        table = csv.DictReader(lines)
        names = list(table.fieldnames or ())
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise UserError(f"{file} has two columns called {twice!r}. Name one of them otherwise.")
        for index, row in _until_torn(table):
            if isinstance(row, str):
                yield index, row
            elif None in row or None in row.values():
                yield index, f"the row has not {len(row) - (None in row)} values, as many as there are columns"
            else:
                yield index, Row(row)


def _until_torn(table: csv.DictReader[str]) -> Iterator[tuple[int, dict[str | Any, Any] | str]]:
    """The rows of a table; what the reader cannot go on behind is the last one."""
    index = -1
    try:
        for index, row in enumerate(table):
            yield index, row
    except csv.Error as error:
        yield index + 1, f"not valid CSV: {error}"


def _row_of(line: bytes) -> Row | str:
    try:
        value = json.loads(line)
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError
        return f"not valid JSON: {error}"
    except RecursionError:
        return "not valid JSON: nested too deeply"
    return _row_from(value)


def _row_from(value: Any) -> Row | str:
    """An object as a row; a list of objects as one with the columns "0", "1", ..., as the hub makes of it."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return Row({str(number): item for number, item in enumerate(value)})
    return (
        Row(value) if isinstance(value, dict) else f"a row must be an object with columns, not {type(value).__name__}"
    )


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {_first_line(error)}"


def _first_line(error: BaseException) -> str:
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
    return text if text.endswith((".", "!", "?")) else f"{text}."
