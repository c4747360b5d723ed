"""Stored completions judged again: a run's rollouts or an evaluation's samples, with another verifier."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from rlvr.core import Verdict, VerifierUse
from rlvr.errors import UserError
from rlvr.records import RecordFile, verdict_of

#: What a suite names its further scores with, of the judged verdicts by problem.
Scores: TypeAlias = Callable[[Sequence[Sequence[Verdict]]], Mapping[str, Any]]
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


def stored_rows(
    folder: Path, judge: tuple[VerifierUse, ...] | None = None, options: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """The completions of a run's or an evaluation's folder as `rlvr score` reads rows; `was` is the old verdict.

    `verifier` is `judge`, or else what the record names, with `options` on top of its own.
    """
    given = None if judge is None else [asdict(use) for use in judge]
    for file in stored_files(folder):
        for row in RecordFile(file):
            if row.get("finish_reason") == "aborted":
                continue  # nothing was sampled
            yield {
                "id": f"{row.get('suite', row['iteration'])}/{row['prompt_id']}/{row['sample']}",
                **({"suite": row["suite"]} if "suite" in row else {}),
                "problem": row["prompt_id"],
                "verifier": given or [asdict(use) for use in _uses(row, options or {})],
                "prompt": row.get("messages") or "",
                "completion": row["text"],
                "answer": row.get("answer"),
                "meta": row.get("meta") or {},
                "was": row["verdict"],
            }


def recorded_verifiers(folder: Path, options: Mapping[str, Any]) -> list[tuple[VerifierUse, ...]]:
    """The verifiers that the records of a folder name, each once, with `options` on top of their own.

    Raises `UserError` where a record names none, or where the options are for one of several.
    """
    found: dict[str, tuple[VerifierUse, ...]] = {}
    for file in stored_files(folder):
        for row in RecordFile(file):
            if (key := repr(row.get("verifier"))) in found:
                continue
            found[key] = _uses(row, options)
            if not found[key]:
                raise UserError(
                    f"{file}: the record of {row['prompt_id']!r} names no verifier. Say which one judges: --verifier "
                    "NAME."
                )
    if options and len({use.name for uses in found.values() for use in uses}) > 1:
        raise UserError(
            f"the records of {folder} name several verifiers ({named(list(found.values()))}): say which one --option "
            "is for with --verifier, or leave it out."
        )
    return list(found.values())


def named(judges: Sequence[tuple[VerifierUse, ...]]) -> str:
    """The verifiers' names, as a table's heading."""
    return ", ".join(dict.fromkeys(use.name for uses in judges for use in uses))


def _uses(row: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[VerifierUse, ...]:
    """The verifiers that a record names, empty where it names none."""
    try:
        uses = [VerifierUse(**use) for use in row.get("verifier") or ()]
    except TypeError:
        return ()
    return tuple(replace(use, options={**use.options, **options}) for use in uses)


@dataclass
class _Suite:
    """The completions of one suite that were judged both times."""

    rewards: list[tuple[float, float]] = field(default_factory=list)
    flipped: int = 0
    #: By problem, where the suite reports further scores.
    verdicts: dict[str, list[tuple[Verdict, Verdict]]] = field(default_factory=dict)

    def summary(self, scores: Scores | None) -> dict[str, Any]:
        found: dict[str, Any] = {"both_judged": len(self.rewards), "flipped": self.flipped}
        for place, when in enumerate(("before", "after")):
            found[f"reward_mean_{when}"] = math.fsum(pair[place] for pair in self.rewards) / len(self.rewards)
            if scores is not None:
                told = scores([[pair[place] for pair in pairs] for pairs in self.verdicts.values()])
                found[f"scores_{when}"] = {name: score.value for name, score in told.items()}
        return found


@dataclass
class Flips:
    """Counts what changed between two verdicts of the same completions, while they pass."""

    changes: Counter[str] = field(default_factory=Counter)
    shown: list[dict[str, Any]] = field(default_factory=list)
    before: float = 0.0
    after: float = 0.0
    both: int = 0
    suites: dict[str, _Suite] = field(default_factory=dict)
    scores: dict[str, Scores | None] = field(default_factory=dict)

    def watch(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            was, now = row.get("was") or {}, row["verdict"]
            if was.get("reward") is not None and now["reward"] is not None:
                self.both += 1
                self.before += was["reward"]
                self.after += now["reward"]
                if "suite" in row:
                    self._add(row, was, now)
            if was.get("reward") != now["reward"]:
                self.changes[f"{was.get('status')} -> {now['status']}"] += 1
                if len(self.shown) < SHOWN:
                    self.shown.append(_flip(row))
            yield row

    def _add(self, row: Mapping[str, Any], was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        name = row["suite"]
        if name not in self.scores:
            self.scores[name] = _scores_of(name)
        suite = self.suites.setdefault(name, _Suite())
        suite.rewards.append((was["reward"], now["reward"]))
        suite.flipped += was["reward"] != now["reward"]
        if self.scores[name] is not None:
            suite.verdicts.setdefault(row["problem"], []).append((verdict_of(was), verdict_of(now)))

    def summary(self) -> dict[str, Any]:
        return {
            "flipped": sum(self.changes.values()),
            "changes": dict(self.changes.most_common()),
            "reward_mean_before": self.before / self.both if self.both else None,
            "reward_mean_after": self.after / self.both if self.both else None,
            "suites": {name: suite.summary(self.scores[name]) for name, suite in self.suites.items()},
            "flips": self.shown,
        }


def _scores_of(name: str) -> Scores | None:
    """What a suite reports besides its accuracy; nothing of one that is not registered here."""
    from rlvr.eval import suite_for
    from rlvr.registry import REGISTRIES

    return suite_for(name).scores if name in REGISTRIES["suite"].names() else None


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
