"""What `rlvr score` writes and prints: judged rows, their counts, an audit, one explained verdict."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from rlvr.cli.output import print_json, print_table
from rlvr.cli.progress import Progress
from rlvr.core import UNJUDGED
from rlvr.errors import UserError


@dataclass
class Counts:
    """Counts judged rows while they pass."""

    statuses: collections.Counter[str] = field(default_factory=collections.Counter)
    total: float = 0.0
    seconds: float = 0.0
    first_problem: str = ""

    def watch(self, rows: Iterable[dict[str, Any]], lines: int | None) -> Iterator[dict[str, Any]]:
        """The rows; with a bar on a terminal, where the number of `lines` is known."""
        with Progress("") as progress:
            for number, row in enumerate(rows, 1):
                verdict = row["verdict"]
                self.statuses[verdict["status"]] += 1
                self.total += verdict["reward"] or 0.0
                self.seconds += verdict["seconds"]
                self.first_problem = self.first_problem or (verdict["reason"] if verdict["reward"] is None else "")
                if lines is not None:
                    progress.update("judging", number, max(lines, number))
                yield row

    @property
    def rows(self) -> int:
        return sum(self.statuses.values())

    @property
    def judged(self) -> int:
        return sum(count for status, count in self.statuses.items() if status not in UNJUDGED)

    def summary(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "judged": self.judged,
            "reward_mean": self.total / self.judged if self.judged else None,
            "statuses": dict(self.statuses.most_common()),
            "verifier_seconds": round(self.seconds, 3),
            "first_problem": self.first_problem,
        }


def count_lines(file: Path) -> int | None:
    """The lines of a file for a bar; None where nobody would see one."""
    if not sys.stderr.isatty() or not file.is_file():
        return None
    with file.open("rb") as stream:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))


def write_rows(rows: Iterable[dict[str, Any]], out: Path | None) -> None:
    """Writes the rows as they come, to stdout without `out`. A file appears under its name when it is complete."""
    with _target(out) as stream:
        for row in rows:
            stream.write(_line(row))


def _line(row: dict[str, Any]) -> str:
    line = json.dumps(row, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:  # a completion may hold half of a surrogate pair, which UTF-8 cannot
        line = json.dumps(row)
    return line + "\n"


@contextlib.contextmanager
def _target(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    part = out.with_name(out.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            yield stream
        os.replace(part, out)
    except OSError as error:
        raise UserError(
            f"writing {part} failed: {error}. The rows judged so far are in it; make room and run again."
        ) from error


def print_one(verdict: dict[str, Any], completion: str, reference: Any, as_json: bool) -> None:
    """One verdict, explained: what was found and where, what it was compared with and what decided."""
    from rlvr.rewards.extraction.extract import RULES

    if as_json:
        return print_json(verdict)
    reward = "not judged" if verdict["reward"] is None else f"{verdict['reward']:g}"
    rule, _, decided = verdict["reason"].partition(": ")
    rows = [("reward", reward), ("reference", reference)]
    if verdict["answer"] is not None:
        rows += [("answer", verdict["answer"]), ("found", _where(completion, verdict["answer"]))]
    split = decided and rule in RULES
    rows += [("found by", rule), ("decided by", decided)] if split else [("reason", verdict["reason"])]
    rows += [(f"part {name}", f"{value:g}") for name, value in verdict["parts"].items()]
    rows.append(("seconds", f"{verdict['seconds']:.4f}"))
    print_table(("verdict", verdict["status"]), [row for row in rows if row[1] not in ("", None)])


def _where(completion: str, answer: str) -> str:
    """The answer in its surroundings, between arrows; empty where it does not stand in the text as it is."""
    start = completion.rfind(answer)
    if start < 0 or not answer:
        return ""
    before, after = completion[max(0, start - 40) : start], completion[start + len(answer) :][:40]
    return " ".join(f"{before}→{answer[:200]}←{after}".split())


def print_summary(summary: dict[str, Any], as_json: bool, to_stderr: bool) -> None:
    """The counts, and the audit where there is one."""
    with contextlib.redirect_stdout(sys.stderr) if to_stderr else contextlib.nullcontext():
        if as_json:
            return print_json(summary)
        mean = summary["reward_mean"]
        rows = [("rows", summary["rows"]), ("mean reward of the judged", "-" if mean is None else f"{mean:.4f}")]
        rows += [(f"  {status}", count) for status, count in summary["statuses"].items()]
        rows += [("first that could not be judged", summary["first_problem"])] if summary["first_problem"] else []
        print_table(("scored", ""), rows)
        if "audit" in summary:
            _print_audit(summary["audit"])


def _print_audit(audit: dict[str, Any]) -> None:
    shares = [(name, audit[name]) for name in ("agree", "precision", "recall")]
    rows: list[tuple[str, Any]] = [("rows with a label", audit["labelled"])]
    rows += [(name, "-" if share is None else f"{share:.4f}") for name, share in shares]
    rows += [(name.replace("_", " "), audit[name]) for name in ("false_positives", "false_negatives")]
    rows += [(name, audit[name]) for name in ("unjudged", "unlabelled") if audit[name]]
    print_table(("audit", ""), rows)
    if listed := audit["disagreements"]:
        columns = ("id", "disagreement", "reference", "answer", "reason")
        total = audit["false_positives"] + audit["false_negatives"]
        title = f"{len(listed)} of {total} disagreements" if total > len(listed) else "disagreements"
        print_table(columns, [[_short(row[column]) for column in columns] for row in listed], title=title)


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 100 else text[:97] + "..."
