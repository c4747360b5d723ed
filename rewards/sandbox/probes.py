"""Proof that the walls stand: a small program that runs into each of them, and what it felt.

Versions and configuration prove nothing: a kernel may know landlock and have it switched off, a container may hand
out namespaces and refuse mounts. So a profile counts only after this.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from rlvr.errors import UserError

from .launch import make_plan
from .local import LocalSandbox
from .protocol import PROFILES, Job, Limits, Profile

_LIMITS = Limits(wall_seconds=10.0, cpu_seconds=5.0, memory_mb=64, disk_mb=1, tasks=4)
_HEAD = """
import ctypes, errno, json, os, resource, socket, threading

def refused(action):
    try:
        action()
    except (OSError, MemoryError, RuntimeError):
        return True
    return False

def threads():
    end = threading.Event()
    try:
        for _ in range(8): threading.Thread(target=end.wait, daemon=True).start()
    finally:
        end.set()

def denied(number, *arguments):  # and not only senseless, as this request would be
    return ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0 and ctypes.get_errno() == errno.EPERM

def fill(name, size):
    with open(name, "wb") as file: file.write(bytes(size))

felt = {}
"""
# layer -> what it must do -> an expression that is true where it does. HOST is a file and PID a process of the host.
_PROBES = {
    "bubblewrap": {
        "files of the host are not there": "refused(lambda: os.stat(HOST))",
        "processes of the host are not there": "os.getppid() == 1",
    },
    "landlock": {
        "nothing but the interpreter can be read": "refused(lambda: os.listdir('/')) and refused(lambda: open(HOST))",
        "nothing but the private folder can be written": "refused(lambda: fill('/tmp/rlvr-probe', 1))"
        " and refused(lambda: fill('../rlvr-probe', 1)) and not refused(lambda: fill('own', 1))",
    },
    "seccomp": {
        "no sockets": "refused(socket.socket)",
        "no processes": "refused(lambda: os.fork() or os._exit(0))",
        "no programs": "refused(lambda: os.execv('/bin/true', ['true']))",
        "no signals to others": "refused(lambda: os.kill(PID, 0)) and refused(lambda: os.kill(os.getppid(), 0))",
        "no tracing": "denied(TRACE, 3, 0, 0, 0)",
    },
    "limits": {
        "memory": "refused(lambda: bytearray(1 << 30))",
        "size of files": "refused(lambda: open('large', 'wb').truncate(2 << 20))",
        "open files": "refused(lambda: [os.dup(0) for _ in range(100)])",
        "cores": "resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)",
        "threads": "refused(threads)",
        "CPU time": "resource.getrlimit(resource.RLIMIT_CPU)[1] <= 10",
    },
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One wall, and whether it held."""

    layer: str
    what: str
    holds: bool


def probe(sandbox: LocalSandbox) -> list[Finding]:
    """Runs into every wall of the sandbox's profile. Raises UserError where it runs no program at all."""
    plan = sandbox.plan
    absent = {"full": (), "landlock": ("bubblewrap",), "unsafe": ("bubblewrap", "landlock", "seccomp")}[plan.profile]
    source = (
        _HEAD + f"HOST, PID, TRACE = {__file__!r}, {os.getpid()}, {101 if os.uname().machine == 'x86_64' else 117}\n"
    )
    wanted = [(layer, what) for layer in _PROBES if layer not in absent for what in _PROBES[layer]]
    if not plan.own_user:
        wanted.remove(("limits", "threads"))  # watched and not refused: see `inside.watch`
    for layer, what in wanted:
        source += f"felt[{f'{layer}: {what}'!r}] = bool({_PROBES[layer][what]})\n"
    result = sandbox.run(Job((source + "print(json.dumps(felt))").encode(), limits=_LIMITS))
    try:
        felt = json.loads(result.stdout)
    except ValueError:
        words = result.fault or result.stderr.decode(errors="replace").strip().splitlines()[-1:] or result.limit
        raise UserError(f"a first program could not be run: {words}") from None
    return [Finding(layer, what, felt[f"{layer}: {what}"]) for layer, what in wanted]


def verify(sandbox: LocalSandbox) -> str:
    """What does not hold; empty where the sandbox runs programs and every wall stands."""
    try:
        broken = [finding for finding in probe(sandbox) if not finding.holds]
    except UserError as error:
        return str(error)
    return "; ".join(f"{finding.layer} does not hold ({finding.what})" for finding in broken)


def report() -> dict[str, str]:
    """For each profile (`unsafe` aside) whether it holds on this machine, and what was felt."""
    return {profile: _report(profile) for profile in PROFILES if profile != "unsafe"}


def _report(profile: Profile) -> str:
    try:
        with LocalSandbox(make_plan(profile), slots=1, queue_seconds=10.0) as sandbox:
            findings = probe(sandbox)
            note = f". {sandbox.plan.note}" if sandbox.plan.note else ""
            broken = [f"{finding.layer} ({finding.what})" for finding in findings if not finding.holds]
            if broken:
                return f"does NOT hold: {', '.join(broken)}"
            return f"holds ({len(findings)} probes): {sandbox.description}{note}"
    except UserError as error:
        return f"not available: {error}"
