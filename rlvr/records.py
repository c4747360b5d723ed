"""Rollout records read back: the lines of `rollouts.jsonl` as the nouns that they were written from.

The writing side is `rlvr.tracking.record`. A run may have been killed while it wrote, and the texts are a model's:
a line that is no record is counted and left out, and nothing in it is ever more than text and numbers.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from rlvr.core import Completion, Group, Prompt, Rollout, Span, Verdict, VerifierUse
from rlvr.errors import UserError

#: What a line must have to be a record at all.
_REQUIRED = {"iteration": int, "prompt_id": object, "sample": int, "text": str, "verdict": dict, "spans": list}


def without_nan(value: Any) -> Any:
    """`value` in lists and dictionaries, its NaN and infinities as None: JSON knows neither."""
    if isinstance(value, Mapping):
        return {str(key): without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def pack(values: Any) -> str:
    """Floats as base64 of little-endian float32."""
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def unpack(text: str) -> np.ndarray:
    """What `pack` made -> `[N]` float32."""
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "reward": verdict.reward,
        "status": verdict.status,
        "answer": verdict.answer,
        "reason": verdict.reason,
        "parts": dict(verdict.parts),
        "steps": [list(step) for step in verdict.steps],
        "seconds": round(verdict.seconds, 6),
    }


def prompt_json(prompt: Prompt) -> dict[str, Any]:
    """What was asked and what a verdict on it needs; with `prompt_id` beside it `prompt_of` makes the same prompt."""
    return {
        "prompt_template": prompt.meta.get("template"),  # the wording around the problem, by name and hash
        "answer": prompt.answer,
        "messages": [dict(m) for m in prompt.messages],
        "meta": dict(prompt.meta),
        "verifier": [dataclasses.asdict(use) for use in prompt.verifiers],
    }


def rollout_json(rollout: Rollout) -> dict[str, Any]:
    """Completion, verdict and shaped reward, of which `rollout_of` makes the same rollout again."""
    completion = rollout.completion
    return {
        "text": completion.text,
        "finish_reason": completion.finish_reason,
        "policy_version": completion.policy_version,
        "prompt_ids": completion.prompt_ids,
        **({"num_tokens": completion.counted} if completion.counted else {}),
        "spans": [
            {
                "kind": span.kind,
                "token_ids": span.token_ids,
                "logprobs": None if span.logprobs is None else pack(span.logprobs),
            }
            for span in completion.spans
        ],
        "shaped": rollout.shaped,
        "terms": dict(rollout.terms),
        "verdict": verdict_json(rollout.verdict),
    }


def record_line(row: Mapping[str, Any]) -> str:
    """A rollout's line. orjson, since an iteration has thousands of them; it writes NaN as null, so numbers of which
    some may be NaN are packed. What orjson cannot write (half of a surrogate pair, an integer beyond 64 bits) the
    standard library can."""
    try:
        return orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE).decode()
    except orjson.JSONEncodeError:
        return json.dumps(row, separators=(",", ":"), default=str) + "\n"


def rollouts_file(run: Path) -> Path:
    """The records of a run: of its folder, or the file itself. Raises `UserError` where there are none."""
    file = run / "rollouts.jsonl" if run.is_dir() else run
    if not file.is_file():
        raise UserError(
            f"{run} holds no rollouts: there is no file {file}. Give a run that samples (with tracking.rollouts_every "
            "above 0), or its rollouts.jsonl."
        )
    return file


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file of JSON objects; one that a kill cut short is left out, and so is a missing file."""
    rows = []
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    row = json.loads(line)
                except ValueError:
                    continue
                if isinstance(row, dict):
                    rows.append(row)
    return rows


class RecordFile:
    """The records of a run in the order in which they were written; `broken` counts the lines that are none."""

    def __init__(self, run: Path) -> None:
        self.path = rollouts_file(run)
        self.broken = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self.path.open("rb") as lines:
            for line in lines:
                if (row := self._read(line)) is not None:
                    yield row

    def located(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each record with the byte at which its line begins."""
        place = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if (row := self._read(line)) is not None:
                    yield place, row
                place += len(line)

    def iteration(self, number: int) -> list[dict[str, Any]]:
        """The records of one iteration; other lines are told by how they begin and are not parsed."""
        begins = tuple(f'{{"iteration":{space}{number},'.encode() for space in ("", " "))  # ours, and json.dumps'
        with self.path.open("rb") as lines:
            rows = (self._read(line) for line in lines if line.startswith(begins))
            return [row for row in rows if row is not None]

    def iterations(self) -> list[int]:
        """The iterations of which there are records, in order."""
        seen: dict[int, None] = {}
        with self.path.open("rb") as lines:
            for line in lines:
                head = line[:40].partition(b",")[0].removeprefix(b'{"iteration":').strip()
                if head.isdigit():
                    seen.setdefault(int(head))
        return sorted(seen)

    def _read(self, line: bytes) -> dict[str, Any] | None:
        if not line.strip():
            return None
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        known = isinstance(row, dict) and all(isinstance(row.get(n), kind) for n, kind in _REQUIRED.items())
        if not isinstance(row, dict) or not known:
            self.broken += 1
            return None
        return row


def by_group(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The siblings together: a new group begins with another prompt, iteration, or with sample 0 again."""
    group: list[dict[str, Any]] = []
    for row in rows:
        if group and (row["sample"] == 0 or any(row[k] != group[0][k] for k in ("prompt_id", "iteration"))):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def group_of(rows: Sequence[Mapping[str, Any]]) -> Group:
    """The records of one group as a `Group`."""
    return Group(prompt_of(rows[0]), tuple(rollout_of(row) for row in rows))


def prompt_of(row: Mapping[str, Any]) -> Prompt:
    uses = tuple(
        VerifierUse(u["name"], u["weight"], u["options"], u.get("gate", "")) for u in row.get("verifier") or ()
    )
    messages = tuple(dict(m) for m in row.get("messages") or ())
    return Prompt(str(row["prompt_id"]), messages, row.get("answer"), uses or "math", row.get("meta") or {})


def rollout_of(row: Mapping[str, Any]) -> Rollout:
    return Rollout(completion_of(row), verdict_of(row["verdict"]), row.get("shaped"), row.get("terms") or {})


def completion_of(row: Mapping[str, Any]) -> Completion:
    spans = tuple(
        Span(
            span["kind"],
            tuple(span["token_ids"]),
            None if span.get("logprobs") is None else tuple(unpack(span["logprobs"]).tolist()),
        )
        for span in row["spans"]
    )
    return Completion(
        spans,
        row["text"],
        row.get("finish_reason", "stop"),
        row.get("policy_version", 0),
        tuple(row.get("prompt_ids") or ()),
        row.get("num_tokens", 0),
    )


def verdict_of(verdict: Mapping[str, Any]) -> Verdict:
    return Verdict(
        verdict["reward"],
        verdict["status"],
        verdict.get("answer"),
        verdict.get("reason", ""),
        verdict.get("parts") or {},
        tuple((end, reward) for end, reward in verdict.get("steps") or ()),
        verdict.get("seconds", 0.0),
    )
