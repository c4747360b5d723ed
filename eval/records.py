"""The record of an evaluation: one JSON line a sample, flushed at once, from which it resumes.

`records.jsonl` in an evaluation's folder holds the samples of all its suites. A line is a rollout's (`rlvr.records`:
`iteration` (0), `prompt_id, sample, seed, temperature, template, prompt_template, answer, messages, meta, verifier,
text, finish_reason, policy_version, prompt_ids, spans, verdict`), so that what reads a run's completions reads these,
and it repeats what it belongs to: `suite, version, sampling, model, weights, engine, dtype`. A completion of which a
server told the text alone has no spans, and `num_tokens` where it told their number.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from rlvr.core import Completion, Prompt, Rollout
from rlvr.errors import UserError
from rlvr.records import prompt_json, record_line, rollout_json, verdict_of

from .results import Sample

RECORDS = "records.jsonl"
#: What names the samples of one evaluation besides the suite, its sampling and the seed.
IDENTITY = ("model", "weights", "template", "engine", "dtype")
#: What must be equal for two samples to belong to one evaluation.
SETTINGS = ("suite", "version", "seed", "sampling", *IDENTITY)
#: What a recorded verdict depends on besides the completion.
_PROBLEM = ("answer", "messages", "meta", "verifier")


class Record:
    """An open record file; `path` None keeps nothing. Not for several writers at once.

    With `resume` it takes over the samples of `settings["suite"]` that are there. Removed, and drawn again, are lines
    that a kill tore, samples that the engine did not give (`aborted`: a server failed), those of the `prompts` that
    were another problem then or had another verifier, and a second line of the same sample.
    """

    def __init__(
        self, path: Path | None, settings: Mapping[str, Any], prompts: Sequence[Prompt] = (), *, resume: bool
    ) -> None:
        self.path = path
        self.settings = json.loads(json.dumps(settings))  # as it will look when it is read back
        self._known: dict[tuple[str, int], Sample] = {}
        self._file: IO[str] | None = None
        if path is None:
            return
        self._problems = {p.id: _digest(_json(prompt_json(p))) for p in prompts} if resume else {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size:
                self._take_over(path, resume)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise UserError(f"the record {path} cannot be opened: {error}. Choose another folder.") from error

    def _take_over(self, path: Path, resume: bool) -> None:
        """Reads the samples of this suite; the file loses the lines that are none."""
        kept = path.with_name(f".{path.name}.kept")
        dropped = False
        try:
            with path.open("rb") as old, kept.open("wb") as new:
                for line in old:
                    if self._keep(path, line, resume):
                        new.write(line)
                    else:
                        dropped = True
            if dropped:
                kept.replace(path)
        finally:
            kept.unlink(missing_ok=True)

    def _keep(self, path: Path, line: bytes, resume: bool) -> bool:
        """Whether a line stays in the file; one of this suite is taken over."""
        if not line.endswith(b"\n"):
            return False
        if not line.startswith(self._begins()):
            return True  # another suite's
        try:
            row = json.loads(line)
            sample = _sample_of(row)
        except (ValueError, LookupError, TypeError, RecursionError):
            return False
        if not resume:
            raise UserError(
                f"the record {path} already holds samples of suite {row['suite']!r}. "
                "Resume it (--resume), or choose another folder."
            )
        self._check(path, row)
        changed = self._problems.get(sample.prompt_id, digest := _digest(row)) != digest
        if changed or sample.finish_reason == "aborted" or (sample.prompt_id, sample.index) in self._known:
            return False
        self._known[sample.prompt_id, sample.index] = sample
        return True

    def _begins(self) -> bytes:
        """How a line of this suite begins: the others are told apart without being parsed."""
        return f'{{"iteration":0,"suite":{json.dumps(self.settings["suite"], ensure_ascii=False)},'.encode()

    def _check(self, path: Path, row: Mapping[str, Any]) -> None:
        there, now = ({key: side.get(key) for key in SETTINGS} for side in (row, self.settings))
        for side in (there, now):  # each setting of the sampling by itself
            side |= {f"sampling.{key}": value for key, value in (side.pop("sampling") or {}).items()}
        differing = [key for key in {**there, **now} if there.get(key) != now.get(key)]
        if differing:
            listed = "; ".join(f"{key}: {there.get(key)!r} there, {now.get(key)!r} now" for key in differing)
            raise UserError(
                f"the record {path} belongs to another evaluation ({listed}). "
                "Use the same settings, or choose another folder."
            )

    def find(self, prompt: Prompt, index: int) -> Sample | None:
        """The recorded sample, if there is one."""
        return self._known.get((prompt.id, index))

    def append(self, prompt: Prompt, completion: Completion, sample: Sample) -> None:
        """Writes one sample and flushes it. Raises `UserError` where the disk refuses."""
        if self._file is None:
            return
        row = {
            "iteration": 0,
            "suite": self.settings["suite"],
            "prompt_id": prompt.id,
            "sample": sample.index,
            "temperature": self.settings.get("sampling", {}).get("temperature"),
            **self.settings,
            **prompt_json(prompt),
            **rollout_json(Rollout(completion, sample.verdict)),
        }
        try:
            self._file.write(record_line(row))
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


def _sample_of(row: Mapping[str, Any]) -> Sample:
    length = row.get("num_tokens") or sum(len(span["token_ids"]) for span in row["spans"])
    return Sample(row["prompt_id"], row["sample"], verdict_of(row["verdict"]), length, row["finish_reason"])


def _json(value: Any) -> Any:
    """As JSON reads it back."""
    return json.loads(json.dumps(value, default=str))


def _digest(row: Mapping[str, Any]) -> bytes:
    problem = json.dumps({key: row.get(key) for key in _PROBLEM}, sort_keys=True)
    return hashlib.blake2b(problem.encode(), digest_size=16).digest()
