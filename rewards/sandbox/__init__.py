"""The sandbox that untrusted programs run in.

    with open_sandbox() as sandbox:
        result = sandbox.run(Job(b"print(input())", stdin=b"hello"))

A `LocalSandbox` has several slots, each a fork server of its own; what runs inside one is in `inside`.
"""

from .opening import open_sandbox
from .protocol import (
    CHANNEL_FD,
    MAX_MESSAGE_BYTES,
    PROFILES,
    Job,
    Limits,
    Profile,
    Result,
    Run,
    Sandbox,
    SandboxBusy,
)

__all__ = [
    "CHANNEL_FD",
    "MAX_MESSAGE_BYTES",
    "PROFILES",
    "Job",
    "Limits",
    "Profile",
    "Result",
    "Run",
    "Sandbox",
    "SandboxBusy",
    "open_sandbox",
]
