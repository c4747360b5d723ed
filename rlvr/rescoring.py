"""Stored completions judged again: a run's rollouts or an evaluation's samples, with another verifier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlvr.errors import UserError
from rlvr.records import RecordFile

#: Flipped verdicts that are kept to be shown.
SHOWN = 100


def stored_files(folder: Path) -> list[Path]:
    """Where a folder's completions are: a run's rollouts.jsonl, or the records.jsonl of one or several evaluations.

    Raises `UserError` where there are none.
    """
    own = folder / "rollouts.jsonl"
    found = [own] if own.is_file() else sorted(folder.rglob("records.jsonl"))
    if not any(file.stat().st_size for file in found):
        raise UserError(
            f"{folder} holds no completions: neither a run's rollouts.jsonl nor an evaluation's records.jsonl. Give a "
            "run's folder (runs/NAME), an evaluation's, or a JSONL file."
        )
    return found


def stored_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The completions of a run's or an evaluation's folder as `rlvr score` reads rows; `was` is the old verdict."""
    for file in stored_files(folder):
        for row in RecordFile(file):
            if row.get("finish_reason") == "aborted":
                continue  # nothing was sampled
            yield {
                "id": f"{row.get('suite', row['iteration'])}/{row['prompt_id']}/{row['sample']}",
                **({"suite": row["suite"]} if "suite" in row else {}),
                "prompt": row.get("messages") or "",
                "completion": row["text"],
                "answer": row.get("answer"),
                "meta": row.get("meta") or {},
                "was": row["verdict"],
            }


def recorded_verifier(folder: Path) -> tuple[str, dict[str, Any]] | None:
    """The verifier that the records of a folder name, and its options; None where they name several."""
    named: dict[str, Any] = {}
    for file in stored_files(folder):
        for row in RecordFile(file):
            uses = row.get("verifier")
            if not isinstance(uses, list) or len(uses) != 1:
                return None
            named[repr((uses[0]["name"], uses[0].get("options")))] = uses[0]
            if len(named) > 1:
                return None
    return next(((str(use["name"]), dict(use.get("options") or {})) for use in named.values()), None)


@dataclass
class Flips:
    """Counts what changed between two verdicts of the same completions, while they pass."""

    changes: Counter[str] = field(default_factory=Counter)
    shown: list[dict[str, Any]] = field(default_factory=list)
    before: float = 0.0
    after: float = 0.0
    both: int = 0
    suites: dict[str, list[float]] = field(default_factory=dict)

    def watch(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            was, now = row.get("was") or {}, row["verdict"]
            if was.get("reward") is not None and now["reward"] is not None:
                self.both += 1
                self.before += was["reward"]
                self.after += now["reward"]
                if "suite" in row:
                    counted = self.suites.setdefault(row["suite"], [0.0, 0.0, 0.0])
                    for place, value in enumerate((1.0, was["reward"], now["reward"])):
                        counted[place] += value
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
            "suites": {
                name: {"both_judged": int(n), "reward_mean_before": before / n, "reward_mean_after": after / n}
                for name, (n, before, after) in self.suites.items()
            },
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
