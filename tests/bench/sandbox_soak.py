"""Many runs in a row, one in fifty hostile, and what they leave behind: nothing.

    python tests/bench/sandbox_soak.py [--runs 10000] [--profile full] [--passes 2]

Ends with exit code 1 where a pass leaves processes, descriptors, files or memory, where a result differs between
passes, or where the sandbox itself failed.
"""

from __future__ import annotations

import argparse
import gc
import glob
import hashlib
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from rlvr.rewards.sandbox import Job, Limits, Result, Sandbox, open_sandbox
from rlvr.rewards.sandbox.inside.watch import children

_SMALL = Limits(wall_seconds=10.0, cpu_seconds=0.3, memory_mb=96, disk_mb=4, output_kb=64)
#: Each has one possible ending, on a busy machine too.
HOSTILE: dict[str, Job] = {
    "loop": Job(b"while True: pass"),
    "sleep": Job(b"import time\ntime.sleep(99)", limits=replace(_SMALL, wall_seconds=0.2)),
    "memory": Job(b"x = []\nwhile True: x.append(bytearray(1 << 22))", limits=replace(_SMALL, cpu_seconds=9.0)),
    "fork": Job(b"import os\nwhile True: os.fork()"),
    "flood": Job(b"while True: print('x' * 999)"),
    "disk": Job(b"import time\nfor n in range(20): open(str(n), 'wb').write(bytes(1 << 19))\ntime.sleep(99)"),
    "secret": Job(b"print(open('/etc/shadow').read())"),
    "network": Job(b"import socket\nsocket.create_connection(('127.0.0.1', 22))"),
    "signal": Job(b"import os\nos.kill(-1, 9)"),
    "crash": Job(b"import ctypes\nctypes.string_at(0)"),
    "threads": Job(
        b"import threading, time\nfor _ in range(8): threading.Thread(target=time.sleep, args=(99,)).start()",
        limits=replace(_SMALL, wall_seconds=0.3),
    ),
    "children": Job(
        b"import os, time\nfor _ in range(6):\n    if os.fork() == 0: time.sleep(99)\nprint('gone')",
        limits=replace(_SMALL, may_fork=True, tasks=16),
    ),
    "links": Job(b"import os\nfor n in range(99): os.makedirs(f'{n}/a'); os.symlink('/', f'{n}/b')"),
    "exit": Job(b"import os\nos._exit(0)"),
}


@dataclass(frozen=True)
class Held:
    """What this process and its sandbox hold at one moment."""

    processes: int
    descriptors: int
    directories: int
    host_mb: float
    servers_mb: float


def held(sandbox: Sandbox) -> Held:
    gc.collect()
    pids = [slot._pid for slot in sandbox._slots]  # type: ignore[attr-defined]
    return Held(
        sum(len(children(pid)) for pid in pids),
        len(os.listdir("/proc/self/fd")) + sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids if _ours(pid)),
        len(glob.glob(f"{tempfile.gettempdir()}/rlvr-sandbox-*-{os.getpid()}-*")),
        _resident_mb(os.getpid()),
        sum(_resident_mb(pid) for pid in pids),
    )


def _ours(pid: int) -> bool:
    return os.access(f"/proc/{pid}/fd", os.R_OK)


def _resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def soak(sandbox: Sandbox, runs: int, every: int = 50) -> tuple[str, Counter[str]]:
    """Runs them and returns a digest of all results, and how often each ending came."""
    digest, endings = hashlib.blake2b(), Counter[str]()
    names = list(HOSTILE)
    for number in range(runs):
        name = names[number // every % len(names)] if number % every == every - 1 else ""
        job = HOSTILE[name] if name else Job(f"print({number} ** 2, sum(range({number % 97})))".encode())
        if name and job.limits == Limits():
            job = replace(job, limits=_SMALL)
        result = sandbox.run(job)
        ending = describe(result)
        endings[f"{name or 'plain'}: {ending}"] += 1
        stdout = result.stdout if result.limit != "output" else b""
        digest.update(repr((number, ending, stdout)).encode())
    return digest.hexdigest(), endings


def describe(result: Result) -> str:
    return f"FAULT {result.fault}" if result.fault else result.limit or f"status {result.exit_status}"


def problems(before: Held, after: Held) -> list[str]:
    """What has grown. Memory may settle; a leak of one page a run would show as 40 MB in 10,000."""
    found = [
        f"{name} grew from {getattr(before, name)} to {getattr(after, name)}"
        for name in ("processes", "descriptors", "directories")
        if getattr(after, name) > getattr(before, name)
    ]
    for name in ("host_mb", "servers_mb"):
        if getattr(after, name) > getattr(before, name) + 8:
            found.append(f"{name} grew from {getattr(before, name):.1f} to {getattr(after, name):.1f}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--profile", default="auto")
    options = parser.parse_args()
    with open_sandbox(options.profile, slots=1) as sandbox:
        print(sandbox.description)
        soak(sandbox, 200)  # caches of both sides fill
        before, digests, failed = held(sandbox), set(), False
        servers = [slot._pid for slot in sandbox._slots]  # type: ignore[attr-defined]
        for number in range(options.passes):
            began = time.monotonic()
            digest, endings = soak(sandbox, options.runs)
            digests.add(digest)
            found = problems(before, held(sandbox))
            failed |= bool(found) or any("FAULT" in ending for ending in endings)
            print(f"pass {number + 1}: {options.runs} runs in {time.monotonic() - began:.0f} s; results {digest[:16]}")
            print("  " + "; ".join(f"{ending} x{count}" for ending, count in sorted(endings.items())))
            print("  " + ("; ".join(found) or f"nothing left: {held(sandbox)}"))
        if servers != [slot._pid for slot in sandbox._slots]:  # type: ignore[attr-defined]
            print("a fork server was restarted")
            failed = True
        if len(digests) > 1:
            print("the passes differ")
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
