"""Opening a sandbox on this machine: the strongest profile whose walls hold."""

from __future__ import annotations

from collections.abc import Mapping

from rlvr.errors import UnknownName, UserError

from .launch import make_plan
from .local import LocalSandbox
from .probes import verify
from .protocol import PROFILES, Sandbox


def open_sandbox(
    profile: str = "auto",
    slots: int = 2,
    interpreter: str | None = None,
    max_disk_mb: int = 64,
    queue_seconds: float = 60.0,
    modules: Mapping[str, str] | None = None,
) -> Sandbox:
    """A sandbox on this machine, proved by running into its walls.

    `auto` takes the strongest isolated profile that holds here, `full` before `landlock`, and never `unsafe`.
    `slots` programs run at the same time; `start` waits up to `queue_seconds` for free ones. `modules` are trusted
    sources by dotted name, in the order of their imports, which every program finds imported. Raises UserError where
    the profile does not hold.
    """
    if slots < 1:
        raise ValueError(f"slots={slots} must be positive")
    if profile not in ("auto", *PROFILES):
        raise UnknownName("sandbox profile", profile, ("auto", *PROFILES))
    reasons = []
    for name in PROFILES:
        if name != profile and (profile != "auto" or name == "unsafe"):
            continue
        try:
            sandbox = LocalSandbox(make_plan(name, interpreter, max_disk_mb, modules or {}), slots, queue_seconds)
        except UserError as error:
            reasons.append(f"{name}: {error}")
            continue
        if not (leak := verify(sandbox)):
            return sandbox
        sandbox.close()
        reasons.append(f"{name}: {leak}")
    raise UserError(
        f"model-written programs cannot be isolated here. {' '.join(reasons)} `rlvr doctor` shows each layer. Where "
        "nothing else is at stake on this machine, the sandbox profile unsafe runs them with resource limits only."
    )
