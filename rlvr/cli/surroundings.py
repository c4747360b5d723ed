"""What lies around the package: shared memory, the hub, and whether the heavy libraries import at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

#: Seconds that the hub may take to answer, and a library to import.
HUB_SECONDS, IMPORT_SECONDS = 3.0, 120.0
#: DeepSpeed's and torch's ways to talk between processes want about this much.
_ENOUGH_GIB = 1.0
#: On a machine without a GPU DeepSpeed must be told so, and vLLM shall not start a process of its own.
_CPU = {"DS_ACCELERATOR": "cpu", "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "ERROR"}


def shared_memory(folder: Path = Path("/dev/shm")) -> str:
    """How much shared memory is free, what killed runs left in it, and what to do where it is too little."""
    if not folder.is_dir():
        return "none: this system has no /dev/shm"
    free = shutil.disk_usage(folder).free / 2**30
    left = sum(f.stat().st_size for f in folder.glob("deepspeed_allreduce_buffer*") if f.is_file()) / 2**20
    text = f"{free:.1f} GiB free"
    if free < _ENOUGH_GIB:
        text += "; several ranks want more: start the container with --shm-size=8g"
    if left:
        text += f"; {left:.0f} MiB are left by DeepSpeed runs: rm /dev/shm/deepspeed_allreduce_buffer*"
    return text


def hub() -> str:
    """Whether the hub of models and data answers, without asking it for anything else."""
    from huggingface_hub import constants

    from rlvr.hub import trouble

    if constants.is_offline_mode():
        return "switched off here (HF_HUB_OFFLINE): models and data must be files or in the cache"
    if (why := trouble(HUB_SECONDS)) is None:
        return f"{constants.ENDPOINT} answers"
    return f"{why}: set HTTPS_PROXY, or HF_ENDPOINT to a mirror, or use files (model.path=FOLDER, data.data_dir=FOLDER)"


def imports() -> dict[str, str]:
    """DeepSpeed and vLLM, each imported by an interpreter of its own: why it fails, empty where it works."""
    names = ("deepspeed", "vllm")
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(_imports, names), strict=True))


def _imports(name: str) -> str:
    gpu = Path("/dev/nvidiactl").exists()
    environment = {**os.environ, **({} if gpu else _CPU)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", f"import {name}"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"takes more than {IMPORT_SECONDS:.0f} s"
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
