"""Checkpoints that a `kill -9` cannot tear.

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
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from rlvr.training.local_backend import LocalBackend

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


def save(
    folder: Path,
    name: str,
    iteration: int,
    backend: LocalBackend,
    tokenizer: PreTrainedTokenizerBase,
    trainer_state: dict[str, Any],
) -> Checkpoint:
    """Writes `folder/name` atomically; every rank takes part. Raises OSError (disk full) with nothing left behind."""
    ranks = backend.ranks
    temporary = folder / f".writing-{ranks.told(uuid.uuid4().hex)}"
    problem = _trying(lambda: _begin(folder, temporary)) if ranks.first else None
    shard, weights = backend.shard(), _collected(backend)  # all ranks are needed for these, so nothing may fail before
    ranks.wait()
    if shard and problem is None:
        problem = _trying(lambda: torch.save(shard, temporary / f"shard_{ranks.rank:03d}.pt"))
    problem = next(filter(None, ranks.all(problem)), None)
    if ranks.first and problem is None:
        problem = _trying(lambda: _write(temporary, iteration, backend, weights, tokenizer, trainer_state))
        problem = problem or _trying(lambda: _put_in_place(temporary, folder / name))
    problem = ranks.told(problem)
    if problem is not None:
        shutil.rmtree(temporary, ignore_errors=True)
        room = shutil.disk_usage(folder.parent).free / 2**20  # torch says of a full disk: unexpected pos 64 vs 0
        raise OSError(f"the checkpoint {name} could not be written ({room:,.0f} MiB are free there): {problem}")
    return Checkpoint(folder / name, iteration)


def _begin(folder: Path, temporary: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".writing-*"):  # of a process that was killed here
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir()


def _collected(backend: LocalBackend) -> dict[str, Tensor]:
    """The policy's weights, on the first rank; copies, where a weight may be whole only for a moment."""
    if backend.ranks.alone:
        return dict(backend.policy)
    weights = {}
    tied = backend.model.all_tied_weights_keys  # a copy would no longer be seen to be the same tensor
    for name, tensor in backend.policy:
        if backend.ranks.first and name not in tied:
            weights[name] = tensor.cpu().clone()
    return weights


def _write(
    temporary: Path,
    iteration: int,
    backend: LocalBackend,
    weights: dict[str, Tensor],
    tokenizer: PreTrainedTokenizerBase,
    trainer_state: dict[str, Any],
) -> None:
    backend.model.save_pretrained(temporary / "model", state_dict=weights)
    tokenizer.save_pretrained(temporary / "model")
    torch.save(trainer_state, temporary / "trainer.pt")
    _write_manifest(temporary, iteration)


def _put_in_place(temporary: Path, final: Path) -> None:
    old = final.parent / f".writing-old-{uuid.uuid4().hex}"
    if final.exists():
        final.rename(old)
    temporary.rename(final)
    _flush(final.parent)
    shutil.rmtree(old, ignore_errors=True)


def _trying(action: Callable[[], object]) -> str | None:
    """Why `action` failed: a full disk is RuntimeError to torch, Exception or SafetensorError to others."""
    try:
        action()
    except Exception as error:
        return str(error) or type(error).__name__
    return None


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
            if _hash(file) != entry["blake2b"]:
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


def _write_manifest(folder: Path, iteration: int) -> None:
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    entries = {str(f.relative_to(folder)): {"bytes": f.stat().st_size, "blake2b": _hash(f)} for f in files}
    for file in files:
        _flush(file)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"iteration": iteration, "files": entries}, indent=1))
    _flush(manifest)
    _flush(folder)


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
