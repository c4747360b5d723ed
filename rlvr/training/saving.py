"""Writes checkpoints that a `kill -9` cannot tear: under another name, flushed to disk, then renamed."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from rlvr.training.checkpoint import Checkpoint, file_hash

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from rlvr.training.local_backend import LocalBackend


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
    except Exception as error:  # each library that writes has types of its own, see above
        return str(error) or type(error).__name__
    return None


def _write_manifest(folder: Path, iteration: int) -> None:
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    entries = {str(f.relative_to(folder)): {"bytes": f.stat().st_size, "blake2b": file_hash(f)} for f in files}
    for file in files:
        _flush(file)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"iteration": iteration, "files": entries}, indent=1))
    _flush(manifest)
    _flush(folder)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
