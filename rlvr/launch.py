"""Starts a run's ranks by DeepSpeed's own launcher, for a recipe that says where (`launch`)."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from rlvr.errors import UserError
from rlvr.schema import LaunchSection, Recipe
from rlvr.training.ranks import placed_by


def wants_launch(recipe: Recipe) -> bool:
    """Whether this process is to start ranks, and is none itself."""
    launch = recipe.launch
    return ((launch.devices or 1) > 1 or launch.hostfile is not None) and placed_by(os.environ).alone


def command(launch: LaunchSection, arguments: Sequence[str]) -> list[str]:
    """The launcher's command line for `rlvr ARGUMENTS` on every rank."""
    words = [sys.executable, "-m", "deepspeed.launcher.runner", "--no_local_rank"]
    if launch.hostfile is not None:
        words += ["--hostfile", str(Path(launch.hostfile).expanduser())]
    if launch.devices is not None:
        words += ["--num_gpus", str(launch.devices)]
    words += ["--master_port", str(launch.port or _free_port())]
    return [*words, "--module", "rlvr", *arguments]


def run_ranks(launch: LaunchSection, arguments: Sequence[str]) -> int:
    """Runs `rlvr ARGUMENTS` on every rank and returns the launcher's exit code.

    A SIGTERM goes to the ranks of this host and not to the launcher, which would kill them: they save and end well.
    """
    if launch.hostfile is not None and not Path(launch.hostfile).expanduser().is_file():
        raise UserError(
            f"launch.hostfile: no file at {launch.hostfile!r}. It has a line for each host: worker-1 slots=8."
        )
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    if importlib.util.find_spec("deepspeed") is None:
        raise UserError("launch needs DeepSpeed: pip install 'rlvr[deepspeed]'.")
    import psutil  # comes with DeepSpeed; imported before a signal may ask for it, twice even
    import torch

    if not torch.cuda.is_available():
        environment.setdefault("DS_ACCELERATOR", "cpu")
        environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // (launch.devices or 1))))
    refuse_abandoned_compilations()
    with subprocess.Popen(command(launch, arguments), env=environment) as launcher:
        before = signal.signal(signal.SIGTERM, lambda *_: _terminate_ranks(psutil, launcher.pid))
        try:
            return launcher.wait()
        except KeyboardInterrupt:
            launcher.send_signal(signal.SIGINT)
            launcher.wait()
            raise
        finally:
            signal.signal(signal.SIGTERM, before)


def refuse_abandoned_compilations() -> None:
    """Refuses to start where a compilation of DeepSpeed's was killed: every rank would wait without end for its lock.

    Whoever compiles an extension of torch's holds the lock file open until it has finished, so one that no process
    of this machine has open is left over (/proc tells; elsewhere nothing is refused).
    """
    left = _locks_without_owner()
    if left:
        time.sleep(1.0)  # an owner that finishes closes its lock a moment before it removes it
        left &= _locks_without_owner()
    if left:
        raise UserError(
            f"A compilation of DeepSpeed's operations was killed and left {', '.join(sorted(left))}, on which this run "
            "would wait without end. Remove it, unless another machine that shares this folder is compiling just now."
        )


def _locks_without_owner() -> set[str]:
    root = Path(os.environ.get("TORCH_EXTENSIONS_DIR", "~/.cache/torch_extensions")).expanduser()
    locks = {str(file.resolve()) for pattern in ("*/lock", "*/*/lock") for file in root.glob(pattern)}
    if not locks or not Path("/proc/self/fd").is_dir():
        return set()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # a process that has ended meanwhile, or somebody else's
            locks.discard(os.readlink(descriptor))
    return locks


def _terminate_ranks(psutil: ModuleType, launcher: int) -> None:
    for process in psutil.Process(launcher).children(recursive=True):
        with suppress(psutil.Error):
            if "deepspeed.launcher.launch" not in process.cmdline():
                process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
