"""Proof that the walls stand: small programs that run into them."""

from __future__ import annotations

from .sandbox import Job, Limits, Sandbox


def verify(sandbox: Sandbox) -> str:
    """What does not hold; empty where the sandbox runs programs and every wall stands."""
    result = sandbox.run(Job(b"print('alive')", limits=Limits(wall_seconds=10)))
    if result.fault or result.stdout != b"alive\n":
        return result.fault or f"a trivial program failed: {result.stderr[-300:].decode(errors='replace')}"
    return ""
