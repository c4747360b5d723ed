"""Stored completions judged again: a run's rollouts or an evaluation's samples, with another verifier."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlvr.errors import UserError
from rlvr.records import RecordFile, read_lines

#: Flipped verdicts that are kept to be shown.
SHOWN = 100


def stored_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The completions of a run's folder, or of an evaluation's, as `rlvr score` reads rows; `was` is the old verdict.

    Raises `UserError` where the folder holds neither.
    """
    if (folder / "rollouts.jsonl").is_file():
        for row in RecordFile(folder):
            yield {
                "id": f"{row['iteration']}/{row['prompt_id']}/{row['sample']}",
                "prompt": row.get("messages") or "",
                "completion": row["text"],
                "answer": row.get("answer"),
                "meta": row.get("meta") or {},
                "was": row["verdict"],
            }
        return
    found = False
    for file in sorted(folder.rglob("*.jsonl")):
        for row in read_lines(file):
            if isinstance(row.get("completion"), str) and isinstance(row.get("verdict"), Mapping):
                found = True
                kept = {key: row.get(key) for key in ("prompt", "completion", "answer", "meta")}
                name = "/".join(str(row[k]) for k in ("suite", "id", "sample") if k in row)
                yield {"id": name, **kept, "was": row["verdict"]}
    if not found:
        raise UserError(
            f"{folder} holds no completions: neither a run's rollouts.jsonl nor an evaluation's record. Give a run's "
            "folder (runs/NAME), an evaluation's, or a JSONL file."
        )


def recorded_verifier(folder: Path) -> tuple[str, dict[str, Any]] | None:
    """The verifier that the first record of a folder names, and its options; None where it names several."""
    for file in [folder / "rollouts.jsonl", *sorted(folder.rglob("*.jsonl"))]:
        if not file.is_file():
            continue
        with file.open(encoding="utf-8", errors="replace") as lines:
            try:
                uses = json.loads(lines.readline()).get("verifier")
            except (ValueError, AttributeError):
                continue
        if isinstance(uses, list) and len(uses) == 1:
            return str(uses[0]["name"]), dict(uses[0].get("options") or {})
    return None


@dataclass
class Flips:
    """Counts what changed between two verdicts of the same completions, while they pass."""

    changes: Counter[str] = field(default_factory=Counter)
    shown: list[dict[str, Any]] = field(default_factory=list)
    before: float = 0.0
    after: float = 0.0
    both: int = 0

    def watch(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            was, now = row.get("was") or {}, row["verdict"]
            if was.get("reward") is not None and now["reward"] is not None:
                self.both += 1
                self.before += was["reward"]
                self.after += now["reward"]
            if was.get("reward") != now["reward"]:
                self.changes[f"{was.get('status')} -> {now['status']}"] += 1
                if len(self.shown) < SHOWN:
                    self.shown.append(_flip(row))
            yield row

    def summary(self) -> dict[str, Any]:
        return {
            "flipped": sum(self.changes.values()),
            "changes": dict(self.changes.most_common()),
            "reward_mean_before": self.before / self.both if self.both else None,
            "reward_mean_after": self.after / self.both if self.both else None,
            "flips": self.shown,
        }


def _flip(row: Mapping[str, Any]) -> dict[str, Any]:
    was, now = row.get("was") or {}, row["verdict"]
    return {
        "id": row["id"],
        "was": was.get("status"),
        "now": now["status"],
        "reference": row.get("answer"),
        "answer": now["answer"],
        "reason_before": was.get("reason"),
        "reason": now["reason"],
    }
