"""A run's rollouts as a page holds them: columns to filter by, and compressed blocks that are opened when looked at.

Everything is JSON, compressed and in base64: whatever a model wrote, none of it is ever a character of the page.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rlvr.core import STATUSES
from rlvr.records import RecordFile, by_group, unpack, without_nan

from .pieces import Pieces

#: Rollouts of a block: what a click has to unpack.
BLOCK = 256
#: Characters of a prompt in the list; the whole prompt stands in its block.
EXCERPT = 300
FINISHES = ("stop", "length", "aborted")
_UNKNOWN = 255
_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False, default=str)


def squeeze(value: Any, level: int = 5) -> str:
    """`value` as JSON, compressed, in base64. NaN and infinities, which JSON does not know, become null."""
    try:
        text = _ENCODER.encode(value)
    except ValueError:  # a NaN in a reference answer: looked for only where there is one, since a run has many numbers
        text = _ENCODER.encode(without_nan(value))
    return base64.b64encode(gzip.compress(text.encode(), level, mtime=0)).decode()


@dataclass
class Columns:
    """One entry a rollout, and one a group, in the order of the records."""

    iteration: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    reward: list[float | None] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    finish: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    advantage: list[float | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    groups: list[list[int]] = field(default_factory=list)  # [iteration, prompt, first rollout, size, block, place]
    prompts: list[list[str]] = field(default_factory=list)  # [id, excerpt]


def collect(records: RecordFile, pieces: Pieces | None, write: Callable[[str, str], None]) -> Columns:
    """Reads all records once; `write(name, base64)` gets each block (`t7` texts, `v7` values) when it is full."""
    columns, prompts = Columns(), dict[str, int]()
    texts: list[dict[str, Any]] = []
    values: list[list[dict[str, Any]]] = []
    block, held = 0, 0
    for rows in by_group(records):
        prompt = prompts.setdefault(str(rows[0]["prompt_id"]), len(prompts))
        if prompt == len(columns.prompts):
            columns.prompts.append([str(rows[0]["prompt_id"]), _question(rows[0])[:EXCERPT]])
        place = [int(rows[0]["iteration"]), prompt, len(columns.reward), len(rows), block, len(texts)]
        columns.groups.append(place)
        for row in rows:
            _add(columns, row)
        texts.append(_texts(rows))
        values.append([_values(row, pieces) for row in rows])
        held += len(rows)
        if held >= BLOCK:
            _flush(block, texts, values, write)
            texts, values, held, block = [], [], 0, block + 1
    if texts:
        _flush(block, texts, values, write)
    return columns


def _flush(block: int, texts: list[Any], values: list[Any], write: Callable[[str, str], None]) -> None:
    write(f"t{block}", squeeze(texts))
    write(f"v{block}", squeeze(values, 1))  # bytes without pattern: more effort saves little


def _question(row: Mapping[str, Any]) -> str:
    messages = row.get("messages") or []
    return next((str(m.get("content", "")) for m in reversed(messages) if m.get("role") == "user"), "")


def _add(columns: Columns, row: Mapping[str, Any]) -> None:
    verdict = row["verdict"]
    columns.iteration.append(int(row["iteration"]))
    columns.group.append(len(columns.groups) - 1)
    columns.reward.append(_number(verdict.get("reward")))
    columns.status.append(STATUSES.index(verdict["status"]) if verdict.get("status") in STATUSES else len(STATUSES))
    columns.finish.append(FINISHES.index(row["finish_reason"]) if row.get("finish_reason") in FINISHES else 0)
    columns.tokens.append(sum(len(span["token_ids"]) for span in row["spans"]))
    advantages = _floats(row.get("advantages"))
    known = advantages[np.isfinite(advantages)]
    columns.advantage.append(round(float(known.mean()), 4) if len(known) else None)
    columns.seconds.append(round(float(verdict.get("seconds") or 0.0), 6))


def _texts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What is read of a group: the prompt once, each completion with its verdict."""
    first = rows[0]
    return {
        "messages": [[str(m.get("role", "")), str(m.get("content", ""))] for m in first.get("messages") or []],
        "answer": first.get("answer"),
        "rollouts": [
            {
                "text": str(row["text"]),
                "shaped": _number(row.get("shaped")),
                "terms": {str(k): _number(v) for k, v in (row.get("terms") or {}).items()},
                "answer": row["verdict"].get("answer"),
                "reason": str(row["verdict"].get("reason") or ""),
                "parts": {str(k): _number(v) for k, v in (row["verdict"].get("parts") or {}).items()},
                "steps": row["verdict"].get("steps") or [],
                "version": row.get("policy_version"),
            }
            for row in rows
        ],
    }


def _values(row: Mapping[str, Any], pieces: Pieces | None) -> dict[str, Any]:
    """What colours the tokens of a completion: a byte a token and kind, in the scales that the page knows."""
    ids = [token for span in row["spans"] for token in span["token_ids"]]
    sampler = _sampler(row["spans"])
    trainer = _floats(row.get("old_logprobs"))
    logprobs = trainer if len(trainer) == len(ids) and np.isfinite(trainer).any() else sampler
    found: dict[str, Any] = {"tokens": len(ids)}
    lengths = pieces.lengths(ids, str(row["text"])) if pieces is not None else None
    if lengths is not None:
        small = not len(lengths) or int(np.max(lengths)) < 256
        found["lengths"] = _bytes(lengths) if small else np.asarray(lengths).tolist()
    found["logprob"] = _scaled(np.sqrt(np.clip(-logprobs, 0, 16) / 16))
    found["entropy"] = _scaled(np.sqrt(np.clip(_floats(row.get("entropy")), 0, 8) / 8))
    if len(trainer) == len(sampler):
        with np.errstate(invalid="ignore"):
            found["ratio"] = _scaled(np.clip(trainer - sampler, -0.5, 0.5) + 0.5)
    advantages = _floats(row.get("advantages"))
    if len(advantages) and np.isfinite(advantages).all() and float(np.ptp(advantages)) > 1e-6:
        top = float(np.abs(advantages).max())
        found["advantage"], found["advantage_max"] = _scaled(advantages / top / 2 + 0.5), round(top, 5)
    return {name: value for name, value in found.items() if value is not None}


def _sampler(spans: list[Any]) -> np.ndarray:
    """The engine's log-probs `[N]`, NaN where a token was given."""
    parts = [
        np.full(len(span["token_ids"]), np.nan, dtype="<f4") if span.get("logprobs") is None
        else unpack(span["logprobs"])
        for span in spans
    ]  # fmt: skip
    return np.concatenate(parts) if parts else np.empty(0, dtype="<f4")


def _floats(packed: Any) -> np.ndarray:
    try:
        return unpack(packed) if isinstance(packed, str) else np.empty(0, dtype="<f4")
    except ValueError:  # a line that somebody edited
        return np.empty(0, dtype="<f4")


def _scaled(shares: np.ndarray) -> str | None:
    """Shares 0..1 as bytes 0..254; 255 where one is not known."""
    if not len(shares):
        return None
    unknown = np.isnan(shares)
    if unknown.all():
        return None
    scaled = np.where(unknown, 0.0, shares) * 254
    return _bytes(np.where(unknown, _UNKNOWN, np.rint(scaled)).astype(np.uint8))


def _bytes(values: Any) -> str:
    return base64.b64encode(np.asarray(values, dtype=np.uint8).tobytes()).decode()


def _number(value: Any) -> float | None:
    """A finite number, or None: JSON in a page knows neither NaN nor infinity."""
    finite = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
    return float(value) if finite else None


def metric_table(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`metrics.jsonl` as columns: the iterations, and of each metric its value at each, null where there is none."""
    by_iteration = {int(row["iteration"]): row for row in rows if isinstance(row.get("iteration"), int)}
    iterations = sorted(by_iteration)
    names = list(dict.fromkeys(name for row in rows for name in row if name != "iteration"))
    return {
        "iterations": iterations,
        "columns": {name: [_number(by_iteration[i].get(name)) for i in iterations] for name in names},
    }
