"""The run folder: one place to look, to share and to delete.

runs/NAME/{recipe.yaml, env.json, metrics.jsonl, rollouts.jsonl, events.jsonl, summary.json, checkpoints/}
"""

from __future__ import annotations

import difflib
import json
import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

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
    folder.mkdir(parents=True, exist_ok=True)
    recipe.write_text(resolved.as_yaml())
    (folder / "env.json").write_text(json.dumps(environment(), indent=1) + "\n")
    return folder


def refuse_changes(old: str, new: str, folder: Path) -> None:
    """Raises `UserError` with the lines that differ; where a value came from does not matter."""
    before, after = ([line.split("  # ")[0] for line in text.splitlines()] for text in (old, new))
    changed = [
        line
        for line in difflib.unified_diff(before, after, lineterm="", n=0)
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    if changed:
        raise UserError(
            f"{folder} was begun with another recipe, so resuming it would not continue the same run:\n"
            + "\n".join(f"    {line}" for line in changed)
            + "\nGive the settings it began with (recipe.yaml), or start a new run with run=NAME."
        )


def environment() -> dict[str, Any]:
    """What a reader needs to judge or repeat the numbers: versions, machine, command."""
    versions = {}
    for name in (
        "rlvr",
        "torch",
        "transformers",
        "tokenizers",
        "datasets",
        "math-verify",
        "sympy",
        "numpy",
        "vllm",
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
    temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
    temporary.replace(path)
