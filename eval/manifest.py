"""`manifest.json`: what was evaluated, with what, where, and how long it took.

    {"format": 1,
     "model": {"path", "revision", "weights", "template", "dtype", "engine", "url", "device",
               "chosen_by": the metric that a run's best checkpoint was kept by, or null},
     "contamination": null, or of the run that trained it {"report": file, "cleaned": bool, ...its finding by suite},
     "seed": 0,
     "suites": {name: {"version", "dataset", "fingerprint", "problems", "samples", "sampling", "skipped_rows",
                       "seconds"}},
     "sessions": one a start, several where it was resumed:
                 [{"started", "python", "platform", "cores", "versions", "command", "suites",
                   "conditions": {"batch_size", "tensor_parallel", "attention", "gpu", "server": its version}}]}

`seconds` of a suite are those of the session that finished it; one that was begun and not finished has a version only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rlvr.errors import UserError
from rlvr.folder import environment, write_json

from .records import RECORDS
from .results import SuiteResult
from .suites import Suite

MANIFEST = "manifest.json"
_WEIGHTS = ("*.safetensors", "*.bin")
#: A run's account of what it trained on, and of the suites that it was compared with.
_DATA_REPORT = "data_report.json"


#: What must be equal for two evaluations to share a folder.
_SAME = ("path", "weights", "template", "dtype", "engine")


class Manifest:
    """The manifest of a folder, written anew whenever something is added; `folder` None writes nothing.

    Suites that were evaluated earlier, and earlier sessions, stay in it; of a folder without a sample nothing does.
    """

    def __init__(
        self, folder: Path | None, model: Mapping[str, Any], seed: int, conditions: Mapping[str, Any] | None = None
    ) -> None:
        self.folder = folder
        self.known = {} if folder is None or not _has_samples(folder) else read_json(folder / MANIFEST)
        self.session = {**environment(), "suites": [], "conditions": dict(conditions or {})}
        self.values: dict[str, Any] = {
            "format": 1,
            "model": dict(model),
            "contamination": contamination_of(str(model["path"])),
            "seed": seed,
            "suites": dict(self.known.get("suites") or {}),
            "sessions": [*(self.known.get("sessions") or ()), self.session],
        }

    def check(self, suites: Sequence[Suite], *, resume: bool) -> None:
        """Raises `UserError` where the folder is another evaluation's, or has samples of a suite and is not resumed."""
        earlier = self.known.get("model") or {}
        differing = [key for key in _SAME if earlier and earlier.get(key) != self.values["model"].get(key)]
        if differing:
            now = self.values["model"]
            listed = "; ".join(f"{key}: {earlier.get(key)!r} there, {now.get(key)!r} now" for key in differing)
            raise UserError(
                f"{self.folder} belongs to another evaluation ({listed}). Choose another folder with --out."
            )
        begun = [suite.name for suite in suites if suite.name in self.values["suites"]]
        if begun and not resume:
            raise UserError(
                f"{self.folder} already holds samples of suite {', '.join(begun)}. Resume it (--resume), or choose "
                "another folder with --out."
            )

    def begin(self, suites: Sequence[Suite]) -> None:
        """Writes what is known before anything is sampled."""
        self.session["suites"] = [suite.name for suite in suites]
        for suite in suites:
            self.values["suites"].setdefault(suite.name, {"version": suite.version, "dataset": suite.dataset})
        self._write()

    def add(self, suite: Suite, result: SuiteResult) -> None:
        """Takes down a suite that is done."""
        self.values["suites"][suite.name] = {
            "version": suite.version,
            "dataset": suite.dataset,
            "fingerprint": result.fingerprint,
            "problems": result.problems,
            "samples": result.samples,
            "sampling": result.settings.get("sampling"),
            "skipped_rows": result.settings.get("skipped_rows", 0),
            "seconds": round(result.seconds, 3),
        }
        self._write()

    def _write(self) -> None:
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / MANIFEST, self.values)
        except OSError as error:
            raise UserError(f"{self.folder / MANIFEST} cannot be written: {error}. Choose another folder.") from error


def _has_samples(folder: Path) -> bool:
    file = folder / RECORDS
    return file.is_file() and file.stat().st_size > 0


def read_json(path: Path | None) -> dict[str, Any]:
    """A JSON object of a file; empty where there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8")) if path is not None else {}
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def weights_hash(path: str, revision: str | None = None) -> str | None:
    """What names a model's weights: a hash of a folder's weight files, or the commit of one from the hub.

    None where there is neither, as behind a server.
    """
    folder = Path(path).expanduser()
    files = sorted(file for pattern in _WEIGHTS for file in folder.glob(pattern)) if folder.is_dir() else []
    if files:
        whole = hashlib.blake2b(digest_size=16)
        for file in files:
            whole.update(file.name.encode())
            with file.open("rb") as stream:
                whole.update(hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).digest())
        return f"blake2b:{whole.hexdigest()}"
    if folder.is_dir():
        return None
    from transformers.utils.hub import cached_file, extract_commit_hash

    try:
        commit = extract_commit_hash(cached_file(path, "config.json", revision=revision), None)
    except (OSError, ValueError):  # no such model: a server's own name for what it serves
        return None
    return f"commit:{commit}" if commit else None


def run_of(path: str) -> Path | None:
    """The folder of the run that trained the model at `path`: itself, or one above it."""
    here = Path(path).expanduser().absolute()
    return next((f for f in (here, *list(here.parents)[:3]) if (f / "recipe.yaml").is_file()), None)


def chosen_by(path: str) -> str | None:
    """The metric by which a run kept this checkpoint as its best; None for any other model.

    A score on the suite that chose the checkpoint is too high: it is the largest of several.
    """
    run = run_of(path)
    if run is None or "best" not in Path(path).expanduser().absolute().relative_to(run.absolute()).parts:
        return None
    try:
        recipe = yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8"))
        metric = recipe["train"]["keep_best"]
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError):
        return None
    return None if metric is None else str(metric)


def contamination_of(path: str) -> dict[str, Any] | None:
    """What the run that trained a model found out about its training data and the suites; None without a report."""
    run = run_of(path)
    report = read_json(None if run is None else run / _DATA_REPORT)
    if not report:
        return None
    found = report.get("contamination")
    return {
        "report": str(run / _DATA_REPORT) if run is not None else "",
        "cleaned": bool(report.get("cleaned")),
        **(found if isinstance(found, dict) else {}),
    }
