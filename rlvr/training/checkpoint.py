"""Checkpoints as they stand on disk; `saving` writes them.

    checkpoints/iteration_000020/
        model/         a plain Hugging Face folder: any tool loads it
        trainer.pt     optimizer with its fp32 masters, schedule, algorithm state (tensors and numbers only)
        shard_000.pt   under ZeRO 1 to 3, the weights and moments that the first rank wrote; then the second's, ...
        manifest.json  the size and BLAKE2 hash of every file, written last

The folder is written under another name, flushed to disk and renamed, so it is there whole or not at
all; a folder whose files do not match its manifest (a dying disk, a copy that broke off) is skipped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

_PREFIX = "iteration_"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A complete checkpoint on disk; `iteration` counts the iterations behind it."""

    path: Path
    iteration: int

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def shards(self) -> list[Path]:
        """The parts of the training state that the ranks wrote: whole parameters, which any number of ranks reads."""
        return sorted(self.path.glob("shard_*.pt"))

    def trainer_state(self) -> dict[str, Any]:
        """What every rank knows; `shards` have the rest."""
        # weights_only: a checkpoint may come from anywhere, and unpickling runs code.
        state: dict[str, Any] = torch.load(self.path / "trainer.pt", map_location="cpu", weights_only=True)
        return state


def checkpoint_name(iteration: int) -> str:
    return f"{_PREFIX}{iteration:06d}"


def latest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest whole checkpoint, and a sentence for each newer one that had to be skipped."""
    skipped: list[str] = []
    for path in sorted(folder.glob(f"{_PREFIX}*"), reverse=True):
        problem = check(path)
        if problem is None:
            return Checkpoint(path, json.loads((path / "manifest.json").read_text())["iteration"]), skipped
        skipped.append(f"checkpoint {path.name} is damaged ({problem}) and was skipped")
    return None, skipped


def check(path: Path) -> str | None:
    """What is wrong with a checkpoint folder, or None."""
    try:
        manifest = json.loads((path / "manifest.json").read_text())
        for name, entry in manifest["files"].items():
            file = path / name
            if file.stat().st_size != entry["bytes"]:
                return f"{name} has {file.stat().st_size} bytes, not {entry['bytes']}"
            if file_hash(file) != entry["blake2b"]:
                return f"{name} has other contents than were written"
    except (OSError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def model_folder(path: str) -> str:
    """The Hugging Face folder that `path` means: itself, or the model of a checkpoint or of a run's newest one."""
    folder = Path(path).expanduser()
    if (folder / "config.json").is_file() or not folder.is_dir():
        return path
    if (folder / "model" / "config.json").is_file():
        return str(folder / "model")
    newest, _ = latest(folder / "checkpoints")
    return str(newest.model) if newest else path


def prune(folder: Path, keep: int) -> None:
    """Removes all but the newest `keep` numbered checkpoints."""
    for path in sorted(folder.glob(f"{_PREFIX}*"))[:-keep]:
        shutil.rmtree(path, ignore_errors=True)


def file_hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
