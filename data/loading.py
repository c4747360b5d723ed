"""`load_prompts`: the one way from a data set's name, or a file, to prompts."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rlvr import registry
from rlvr.core import Message, Prompt, VerifierUse
from rlvr.errors import UserError, did_you_mean

from .reading import Rows, read_file, read_hub
from .sources import BadRow, Generated, Hosted, LoadedPrompts, Row, user_turn

Adapter = Callable[[Row, int], Prompt]

#: What `columns` may map: the recipe's keys beside `path`.
COLUMN_KEYS = ("prompt", "answer", "system", "id")


def load_prompts(
    name: str | None = None,
    *,
    path: str | Path | None = None,
    split: str = "train",
    columns: Mapping[str, str] | None = None,
    verifier: str | tuple[VerifierUse, ...] | None = None,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> LoadedPrompts:
    """The prompts of a registered data set (`name`), of a file (`path`), or of a file in that set's shape (both).

    A `path` alone needs `columns`, such as `{"prompt": "question", "answer": "final"}`, and a
    `verifier`. Without a path the rows come from the file in `data_dir` that the data set names, or
    else from the hub. `options` are those of a generated data set, or `hub`, `config` and `revision`
    of a hosted one. A row without an answer, or broken in another way, is skipped and reported;
    raises `UserError` where nothing can be read or no row is usable.
    """
    if limit is not None and limit < 1:
        raise UserError(f"data limit is {limit}; it must be at least 1 (leave it out to use all rows).")
    if name is None:
        return _load_file(path, columns or {}, verifier, limit)
    adapter = registry.get("dataset", name)
    source = getattr(adapter, "source", None)
    if isinstance(source, Generated):
        if path is not None:
            raise UserError(f"data set {name!r} is generated and reads no file: leave out path={str(path)!r}.")
        _check_split(name, split, source.splits)
        drawn = adapter(split, **_checked_options(name, adapter, options or {}))
        named = (dataclasses.replace(prompt, id=f"{name}/{split}/{prompt.id}") for prompt in drawn)
        return _collect(enumerate(named), name, verifier, limit)
    rows, origin = _rows_of(name, source, path, split, data_dir, options or {})
    return _collect(_adapt(rows, adapter, f"{name}/{split}"), origin, verifier, limit, first=1 if path else 0)


def prompts_of_rows(
    rows: Iterable[Mapping[str, Any]],
    *,
    columns: Mapping[str, str],
    verifier: str | tuple[VerifierUse, ...],
    source: str = "rows",
    limit: int | None = None,
) -> LoadedPrompts:
    """The prompts of rows in memory (a list of dicts, a `datasets.Dataset`), by a column mapping.

    Without an `answer` column the prompts have none: the reward is then a function of the columns in `meta`.
    """
    numbered: Rows = ((index, Row(row)) for index, row in enumerate(rows))
    needed = "answer" in columns
    adapter = _column_adapter(columns, source, answer_needed=needed)
    return _collect(_adapt(numbered, adapter, source, answer_needed=needed), source, verifier, limit)


def _load_file(
    path: str | Path | None,
    columns: Mapping[str, str],
    verifier: str | tuple[VerifierUse, ...] | None,
    limit: int | None,
) -> LoadedPrompts:
    if path is None:
        raise UserError("a data set needs a name or a path: data.train=gsm8k, or data.train.path=FILE.jsonl.")
    file = Path(path).expanduser()
    rows = read_file(file)
    adapter = _column_adapter(columns, str(file), _peek_columns(file))
    if verifier is None:
        raise UserError(f"{file} has no verifier: say what judges its answers, such as data.train.verifier=math.")
    return _collect(_adapt(rows, adapter, file.stem), str(file), verifier, limit, first=1)


def _rows_of(
    name: str,
    source: Hosted | None,
    path: str | Path | None,
    split: str,
    data_dir: str | Path | None,
    options: Mapping[str, Any],
) -> tuple[Rows, str]:
    """The rows of a hosted data set and where they came from: the path, the data folder or the hub."""
    if path is not None:
        return read_file(path), str(path)
    if source is None:
        raise UserError(f"data set {name!r} declares no source, so it needs a file: data.train.path=FILE.jsonl.")
    _check_split(name, split, source.splits)
    for key in options:
        if key not in ("hub", "config", "revision"):
            raise UserError(
                f"data set {name!r} has no option {key!r}{did_you_mean(key, ('hub', 'config', 'revision'))}."
            )
    if data_dir is not None:
        file = Path(data_dir).expanduser() / source.files[split]
        if not file.is_file():
            raise UserError(f"the data folder {data_dir} has no file {source.files[split]!r}, which {name!r} needs.")
        return read_file(file), str(file)
    source = dataclasses.replace(source, **options)
    return read_hub(name, source, split), f"{source.hub}@{source.revision}"


def _check_split(name: str, split: str, splits: tuple[str, ...]) -> None:
    if split not in splits:
        raise UserError(
            f"data set {name!r} has no split {split!r}{did_you_mean(split, splits)}. It has: {', '.join(splits)}."
        )


def _checked_options(name: str, generator: Callable[..., Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
    """`options`, after each is found among the generator's keyword-only parameters with a value of its type."""
    known = {p.name: p for p in inspect.signature(generator).parameters.values() if p.kind is p.KEYWORD_ONLY}
    for key, value in options.items():
        if key not in known:
            raise UserError(
                f"data set {name!r} has no option {key!r}{did_you_mean(key, known)}. It has: {', '.join(known)}."
            )
        kind = type(known[key].default)
        if known[key].default is not None and type(value) is not kind and not (kind is float and type(value) is int):
            raise UserError(f"option {key!r} of data set {name!r} is {value!r}; it must be of type {kind.__name__}.")
    return options


def _column_adapter(
    columns: Mapping[str, str], source: str, present: tuple[str, ...] = (), *, answer_needed: bool = True
) -> Adapter:
    """An adapter from a column mapping. The columns that it does not map go to `meta`."""
    listed = f" The columns of {source} are: {', '.join(present)}." if present else ""
    for key in columns:
        if key not in COLUMN_KEYS:
            raise UserError(f"{source}: no column can be mapped to {key!r}{did_you_mean(key, COLUMN_KEYS)}.{listed}")
    required = ("prompt", "answer") if answer_needed else ("prompt",)
    if missing := [key for key in required if key not in columns]:
        wanted = " and ".join(f"data.train.{key}=COLUMN" for key in missing)
        raise UserError(f"{source} has no data set's name beside it, so say which columns it has: {wanted}.{listed}")
    mapped = set(columns.values())

    def adapter(row: Row, index: int) -> Prompt:
        messages = _messages(row[columns["prompt"]])
        if "system" in columns and row[columns["system"]]:
            messages = ({"role": "system", "content": str(row[columns["system"]])}, *messages)
        identity = str(row[columns["id"]]) if "id" in columns else str(index)
        answer = row[columns["answer"]] if "answer" in columns else None
        return Prompt(identity, messages, answer, meta={k: v for k, v in row.items() if k not in mapped})

    return adapter


def _messages(value: Any) -> tuple[Message, ...]:
    """A prompt column as messages: a text, or a list of {role, content}."""
    if isinstance(value, str) and value.strip():
        return user_turn(value)
    if (
        isinstance(value, list)
        and value
        and all(isinstance(m, Mapping) and {"role", "content"} <= m.keys() for m in value)
    ):
        return tuple({"role": str(m["role"]), "content": str(m["content"])} for m in value)
    raise BadRow("the prompt is empty" if not value else "the prompt is neither a text nor a list of {role, content}")


def _peek_columns(file: Path) -> tuple[str, ...]:
    """The columns of the first readable row, for messages."""
    return next((tuple(row) for _, row in read_file(file) if isinstance(row, Row)), ())


def _adapt(
    rows: Rows, adapter: Adapter, prefix: str, *, answer_needed: bool = True
) -> Iterator[tuple[int, Prompt | str]]:
    """Each row as a prompt, or as the reason why it is none."""
    for index, row in rows:
        if isinstance(row, str):
            yield index, row
            continue
        try:
            prompt = adapter(row, index)
            if not prompt.text.strip() and "text" not in prompt.meta:
                raise BadRow("the prompt is empty")
            if answer_needed and _no_answer(prompt.answer):
                raise BadRow("there is no answer")
        except BadRow as error:
            yield index, str(error)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
            yield index, f"a column has an unexpected form ({type(error).__name__}: {error})"
        else:
            yield index, dataclasses.replace(prompt, id=f"{prefix}/{prompt.id}")


def _no_answer(answer: Any) -> bool:
    """None, a blank text, a NaN (Parquet's gap), or an empty container; 0 and False are answers."""
    if isinstance(answer, str):
        return not answer.strip()
    if isinstance(answer, float):
        return math.isnan(answer)
    return answer is None or (isinstance(answer, (list, dict, tuple)) and not answer)


def _collect(
    items: Iterable[tuple[int, Prompt | str]],
    origin: str,
    verifier: str | tuple[VerifierUse, ...] | None,
    limit: int | None,
    first: int = 0,
) -> LoadedPrompts:
    """Takes up to `limit` prompts, makes ids unique and says what was skipped. `first` is the number of row 0."""
    prompts: list[Prompt] = []
    skipped: list[str] = []
    ids: dict[str, int] = {}
    for index, prompt in items:
        if isinstance(prompt, str):
            skipped.append(f"row {index + first}: {prompt}")
            continue
        identity = _unique(prompt.id, ids)
        prompts.append(dataclasses.replace(prompt, id=identity, verifier=verifier or prompt.verifier))
        if len(prompts) == limit:
            break
    if not prompts:
        raise _nothing_left(origin, skipped)
    return LoadedPrompts(tuple(prompts), tuple(skipped), origin, _fingerprint(prompts))


def _nothing_left(origin: str, skipped: list[str]) -> UserError:
    if not skipped:
        return UserError(f"{origin} has no rows. Give a data set with at least one.")
    reasons = "; ".join(itertools.islice(skipped, 3)) + ("; ..." if len(skipped) > 3 else "")
    return UserError(
        f"{origin} has no usable row; {len(skipped)} skipped ({reasons}). Mend the file or the column names."
    )


def _unique(identity: str, ids: dict[str, int]) -> str:
    """`identity`, with `#2`, `#3`, ... where it was there before: ids key the sampling noise and the resumption."""
    ids[identity] = ids.get(identity, 0) + 1
    if ids[identity] == 1:
        return identity
    return _unique(f"{identity}#{ids[identity]}", ids)


def _fingerprint(prompts: Iterable[Prompt]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for prompt in prompts:
        content = [prompt.id, [dict(m) for m in prompt.messages], prompt.answer]
        digest.update(json.dumps(content, sort_keys=True, default=str).encode() + b"\n")
    return digest.hexdigest()
