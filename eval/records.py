"""The record of an evaluation: one JSON line a sample, flushed at once, from which it resumes.

A line has the columns of `rlvr score` (`id, prompt, completion, answer, meta, verdict`), so that a record can be
judged again with another verifier.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from rlvr.core import Completion, Prompt, Verdict
from rlvr.errors import UserError

from .results import Sample

#: What must be equal for two samples to belong to one evaluation.
SETTINGS = ("suite", "version", "seed", "sampling", "template", "model")


class Record:
    """An open record file; `path` None keeps nothing. Not for several writers at once."""

    def __init__(self, path: Path | None, settings: Mapping[str, Any], *, resume: bool) -> None:
        self.path = path
        self.settings = json.loads(json.dumps(settings))  # as it will look when it is read back
        self._lines: dict[tuple[str, int], dict[str, Any]] = {}
        self._file: IO[str] | None = None
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size:
                self._read(path, resume)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise UserError(f"the record {path} cannot be opened: {error}. Choose another folder.") from error

    def _read(self, path: Path, resume: bool) -> None:
        """Takes over the whole lines of this suite; a line that a kill tore is cut off."""
        raw = path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # such a sample is drawn again
            if not isinstance(row, dict) or row.get("suite") != self.settings["suite"]:
                continue
            if not resume:
                raise UserError(
                    f"the record {path} already holds samples of suite {row['suite']!r}. "
                    "Resume it (--resume), or choose another folder."
                )
            self._check(path, row)
            self._lines[row["id"], row["sample"]] = row
        if len(whole) < len(raw):
            with path.open("r+b") as file:
                file.truncate(len(whole))

    def _check(self, path: Path, row: Mapping[str, Any]) -> None:
        differing = [key for key in SETTINGS if row.get(key) != self.settings.get(key)]
        if differing:
            listed = "; ".join(f"{key}: {row.get(key)!r} there, {self.settings.get(key)!r} now" for key in differing)
            raise UserError(
                f"the record {path} belongs to another evaluation ({listed}). "
                "Use the same settings, or choose another folder."
            )

    def find(self, prompt: Prompt, index: int) -> Sample | None:
        """The recorded sample, unless the problem or its verifier changed since."""
        row = self._lines.get((prompt.id, index))
        if row is None or any(row.get(key) != value for key, value in _problem(prompt).items()):
            return None
        verdict = row["verdict"]
        judged = Verdict(
            reward=verdict["reward"],
            status=verdict["status"],
            answer=verdict["answer"],
            reason=verdict["reason"],
            parts=verdict["parts"],
            steps=tuple((end, reward) for end, reward in verdict["steps"]),
            seconds=verdict["seconds"],
        )
        return Sample(prompt.id, index, judged, len(row["token_ids"]), row["finish_reason"])

    def append(self, prompt: Prompt, completion: Completion, sample: Sample) -> None:
        """Writes one sample and flushes it. Raises `UserError` where the disk refuses."""
        if self._file is None:
            return
        verdict = sample.verdict
        row = {
            **self.settings,
            "id": prompt.id,
            "sample": sample.index,
            **_problem(prompt),
            "meta": dict(prompt.meta),
            "completion": completion.text,
            "prompt_ids": completion.prompt_ids,
            "token_ids": completion.token_ids,
            "finish_reason": completion.finish_reason,
            "policy_version": completion.policy_version,
            "verdict": {
                "reward": verdict.reward,
                "status": verdict.status,
                "answer": verdict.answer,
                "reason": verdict.reason,
                "parts": dict(verdict.parts),
                "steps": verdict.steps,
                "seconds": round(verdict.seconds, 6),
            },
        }
        try:
            self._file.write(json.dumps(row, default=str) + "\n")
            self._file.flush()
        except OSError as error:
            raise UserError(
                f"the record {self.path} cannot be written: {error}. What it holds is kept; make room and resume."
            ) from error

    def __enter__(self) -> Record:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # each line was flushed when it was written, and said so if it failed
                self._file.close()


def _problem(prompt: Prompt) -> dict[str, Any]:
    """What a recorded verdict depends on, as JSON reads it back."""
    uses = [
        {"name": use.name, "weight": use.weight, "options": dict(use.options)}
        | ({"gate": use.gate} if use.gate else {})
        for use in prompt.verifiers
    ]
    return json.loads(json.dumps({"prompt": prompt.text, "answer": prompt.answer, "verifier": uses}, default=str))
