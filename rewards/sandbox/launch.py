"""How a fork server is started: which interpreter, under which user, behind which walls.

A `Plan` is what one profile came to on this machine; `argv` and `settings` make a fork server of it.
Nothing here decides that a wall holds: `probes` does, by running into it.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rlvr.errors import UserError

from . import seccomp
from .inside.watch import empty
from .protocol import Profile

START_SECONDS = 30.0  # for an interpreter to start and to import what it preloads
#: Imported before the forks, so that a program finds them for nothing. What is large and rare is left out, because
#: each fork copies the page tables of everything that is mapped.
PRELOAD = """
    abc array atexit bisect collections contextlib copy dataclasses datetime enum functools heapq io itertools json
    linecache math numbers operator queue random re string struct threading time traceback types typing warnings
""".split()
#: The whole environment of a sandboxed interpreter: the same order of sets in each run, and one memory arena.
ENVIRONMENT = {"PYTHONHASHSEED": "0", "MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"}
_FLAGS = ("-s", "-S", "-B", "-X", "utf8")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_DATA = ("/etc/ld.so.cache", "/usr/share/zoneinfo")
_INSIDE = ("child", "watch", "server")  # in the order of their imports
# The interpreter may not be able to read this package, so its modules come as text.
_BOOT = """
import sys
make = type(sys)
package = sys.modules["inside"] = make("inside")
package.__path__ = []
for name, source in zip(sys.argv[1::2], sys.argv[2::2]):
    module = sys.modules["inside." + name] = make("inside." + name)
    module.__package__ = "inside"
    exec(compile(source, name + ".py", "exec"), module.__dict__)
for name in [name for name in sys.modules if name.startswith("inside")]:
    del sys.modules[name]  # programs find nothing of it
module.main()
"""
# Which files the interpreter needs: its library, itself, and the folders of every shared library that it maps.
_ASK = """
import json, os, sys
for name in ("ctypes", "hashlib", "ssl", "decimal", "zlib", "bz2", "lzma", "sqlite3", "math", "select", "uuid"):
    try: __import__(name)
    except ImportError: pass
import ctypes
with open("/proc/self/maps") as file:
    mapped = {line.split(None, 5)[5].strip() for line in file if len(line.split(None, 5)) == 6}
libraries = {os.path.dirname(p) for p in mapped if p.startswith("/") and ".so" in os.path.basename(p)}
standard = os.path.realpath(os.path.dirname(os.__file__))
read = {standard, os.path.realpath(sys.executable)} | {p for p in libraries if not p.startswith(standard)}
print(json.dumps({"python": list(sys.version_info[:3]), "read": sorted(read)}))
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """One profile on this machine: `uids` says whether each slot gets a user of its own (we are root)."""

    profile: Profile
    interpreter: str
    version: str
    read: tuple[str, ...]
    uids: bool
    max_disk_mb: int
    modules: Mapping[str, str]
    note: str = ""

    @property
    def isolated(self) -> bool:
        return self.profile != "unsafe"

    @property
    def own_user(self) -> bool:
        """Whether nobody else runs under a slot's user, so that the kernel can count its tasks."""
        return self.uids or self.profile == "full"


def make_plan(
    profile: Profile,
    interpreter: str | None = None,
    max_disk_mb: int = 64,
    modules: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """What a profile comes to here. Raises UserError saying what is missing."""
    if sys.platform != "linux":
        raise UserError("the sandbox for model-written programs needs Linux (landlock, seccomp). Run there instead.")
    if profile == "full" and not shutil.which("bwrap"):
        raise UserError(
            "the sandbox profile full needs bubblewrap, and there is no bwrap on the PATH. Install the package "
            "bubblewrap (apt-get install bubblewrap), or use the profile landlock, which needs no package."
        )
    if profile != "unsafe" and not seccomp.supported():
        raise UserError("there is no seccomp filter for this machine's architecture: only x86_64 and aarch64 have one.")
    uids = os.geteuid() == 0 and _may_change_user()
    tried = []
    for candidate in _interpreters(interpreter):
        found = _ask(candidate, pick_uid() if uids else None)
        if isinstance(found, str):
            tried.append(f"{candidate}: {found}")
            continue
        note = f"{tried[0]}; {candidate} is used instead" if tried else ""
        version = ".".join(map(str, found["python"]))
        return Plan(profile, candidate, version, tuple(found["read"]), uids, max_disk_mb, modules, note)
    raise UserError("no Python interpreter can run in the sandbox: " + "; ".join(tried or ["none was found"]) + ".")


def _interpreters(wanted: str | None) -> Iterator[str]:
    """The interpreter that runs this, then others that a stranger may read, nearest version first."""
    if wanted is not None:
        yield os.path.realpath(wanted)
        return
    own = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    yield own
    major, minor = sys.version_info[:2]
    versions = sorted(range(9, 20), key=lambda other: abs(other - minor))
    seen = {own}
    for name in [*(f"python{major}.{other}" for other in versions), "python3"]:
        for folder in ("/usr/local/bin", "/usr/bin", "/opt/python/bin"):
            path = os.path.realpath(f"{folder}/{name}")
            if os.path.exists(path) and path not in seen:
                seen.add(path)
                yield path


def _ask(interpreter: str, uid: int | None) -> dict[str, Any] | str:
    """What the interpreter, run by the sandbox's user, says of itself; or why it cannot be used."""
    try:
        done = subprocess.run(
            [interpreter, *_FLAGS, "-c", _ASK],
            capture_output=True,
            cwd="/",
            env=ENVIRONMENT,
            timeout=START_SECONDS,
            **as_user(uid),
        )
    except (OSError, subprocess.SubprocessError) as error:
        reason = "the sandbox's user may not read it" if isinstance(error, PermissionError) else str(error)
        return reason
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        return words[-1] if words else f"it ends with exit code {done.returncode}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found if found["python"] >= [3, 9] else "it is older than Python 3.9"


def as_user(uid: int | None) -> dict[str, Any]:
    """The arguments of Popen that run it as a bare user."""
    return {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}


def pick_uid() -> int:
    """A user id that nobody has, drawn afresh for each slot so that no two share their limits."""
    best = (0, 0)
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = map(int, line.split())
        best = max(best, (count, first))
    count, first = best
    low = 1 << 30 if count > 1 << 31 else first + count // 2  # a container may map few users
    return random.SystemRandom().randrange(low, min(first + count, 1 << 31) - 1)


def _may_change_user() -> bool:
    try:
        return subprocess.run(["/bin/true"], **as_user(pick_uid()), timeout=START_SECONDS).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False  # root without CAP_SETUID


def server_arguments() -> list[str]:
    """The texts of the fork server's modules, as the arguments that `_BOOT` reads."""
    folder = Path(__file__).parent / "inside"
    return [part for name in _INSIDE for part in (name, (folder / f"{name}.py").read_text())]


def command(plan: Plan, work: str, info_fd: int) -> list[str]:
    """The command line of a fork server whose private directory is `work`."""
    interpreter = [plan.interpreter, *_FLAGS, "-c", _BOOT, *server_arguments()]
    if plan.profile != "full":
        return interpreter
    # fmt: off
    arguments = ["--unshare-all", "--as-pid-1", "--hostname", "sandbox", "--cap-drop", "ALL", "--info-fd", str(info_fd)]
    # fmt: on
    for path in [*readable(plan), *_loaders()]:
        if os.path.exists(path):
            arguments += ["--dev-bind" if path.startswith("/dev/") else "--ro-bind", path, path]
    for link in ("/lib", "/lib32", "/lib64"):
        if os.path.islink(link):
            arguments += ["--symlink", os.readlink(link), link]
    arguments += ["--size", str(plan.max_disk_mb << 20), "--tmpfs", work, "--remount-ro", "/", "--chdir", "/"]
    return [shutil.which("bwrap") or "bwrap", *arguments, "--", *interpreter]


def _loaders() -> list[str]:
    """The dynamic loaders at the place where programs name them."""
    found = [path for pattern in ("/lib64/ld-*.so*", "/lib/ld-*.so*") for path in glob.glob(pattern)]
    return [os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)) for path in found]


def readable(plan: Plan) -> list[str]:
    """What a program may read: the interpreter, a few devices and the time zones."""
    return [*plan.read, *_DEVICES, *_DATA]


def settings(plan: Plan, work: str) -> dict[str, Any]:
    """What the fork server is told when it starts."""
    filters = [seccomp.build(may_fork) for may_fork in (False, True)] if plan.isolated else []
    return {
        "work": work,
        "work_is_mount": plan.profile == "full",
        "read": readable(plan),
        "landlock": plan.isolated,
        "filters": [(f.code.hex(), f.pid_offsets) for f in filters],
        "own_user": plan.own_user,
        "server_tasks": 1,
        "preload": PRELOAD,
        "modules": dict(plan.modules),
    }


def make_work(uid: int | None) -> str:
    """A new private directory on the host for a slot without mounts. Raises OSError."""
    space = os.stat("/proc/self/ns/pid").st_ino  # process ids mean something within one namespace only
    for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if uid is None or _passable(folder):
            _sweep(folder, space)
            work = tempfile.mkdtemp(prefix=f"rlvr-sandbox-{space}-{os.getpid()}-", dir=folder)
            if uid is not None:
                os.chown(work, uid, uid)
            return work
    raise OSError("there is no temporary folder that the sandbox's user can reach")


def _sweep(folder: str, space: int) -> None:
    """Removes directories whose process was killed together with its fork server, so that neither could."""
    for work in glob.glob(f"{folder}/rlvr-sandbox-{space}-*"):
        pid = os.path.basename(work).split("-")[3]
        if not os.path.exists(f"/proc/{pid}"):
            with contextlib.suppress(OSError):  # another user's, or its server is just doing the same
                empty(work)
                os.rmdir(work)


def _passable(folder: str) -> bool:
    """Whether any user may pass through a folder and all those above it."""
    path = Path(folder).resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))
