"""How well verdicts agree with labels that somebody else gave: precision, recall and the disagreements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Audit:
    """Counts of judged rows by label and verdict; "accepted" is a reward of 1.

    Rows that could not be judged, and rows whose `label` is neither a boolean nor 0 or 1, are counted apart and belong
    to no rate.
    """

    right: int = 0  # accepted, and labelled so
    refused: int = 0  # not accepted, and labelled so
    false_positives: int = 0  # accepted, labelled wrong
    false_negatives: int = 0  # not accepted, labelled right
    unjudged: int = 0
    unlabelled: int = 0
    shown: list[dict[str, Any]] = field(default_factory=list)
    limit: int = 20  # disagreements that are kept to be shown

    def watch(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Counts the judged rows that pass and lets the disagreements through."""
        for row in rows:
            kind = self._count(row)
            if kind:
                if len(self.shown) < self.limit:
                    self.shown.append(_disagreement(row, kind))
                yield {**row, "disagreement": kind}

    def _count(self, row: Mapping[str, Any]) -> str:
        label = row.get("label")
        reward = row["verdict"]["reward"]
        if not (isinstance(label, (bool, int)) and label in (0, 1)):
            self.unlabelled += 1
        elif reward is None:
            self.unjudged += 1
        elif reward == 1.0 and label:
            self.right += 1
        elif reward == 1.0:
            self.false_positives += 1
            return "false positive"
        elif label:
            self.false_negatives += 1
            return "false negative"
        else:
            self.refused += 1
        return ""

    @property
    def labelled(self) -> int:
        """Rows that were judged and have a label."""
        return self.right + self.refused + self.false_positives + self.false_negatives

    def summary(self) -> dict[str, Any]:
        """The counts and the rates; a rate over nothing is None."""
        return {
            "labelled": self.labelled,
            "agree": _share(self.right + self.refused, self.labelled),
            "precision": _share(self.right, self.right + self.false_positives),
            "recall": _share(self.right, self.right + self.false_negatives),
            "false_positives": self.false_positives,
            "false_negatives": self.false_negatives,
            "unjudged": self.unjudged,
            "unlabelled": self.unlabelled,
            "disagreements": self.shown,
        }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _disagreement(row: Mapping[str, Any], kind: str) -> dict[str, Any]:
    verdict = row["verdict"]
    return {
        "id": row.get("id"),
        "disagreement": kind,
        "reference": row.get("answer"),
        "answer": verdict["answer"],
        "reason": verdict["reason"],
    }
