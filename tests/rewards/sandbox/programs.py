"""What the tests of the sandbox share: a program that answers, and looking after processes."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

from rlvr.rewards.sandbox import CHANNEL_FD, Sandbox
from rlvr.rewards.sandbox.inside.watch import children

ECHO = textwrap.dedent(f"""
    import os, sys
    def read(count):
        data = b""
        while len(data) < count:
            part = os.read({CHANNEL_FD}, count - len(data))
            if not part: sys.exit(7)
            data += part
        return data
    while True:
        message = read(int.from_bytes(read(4), "big"))[::-1]
        data = len(message).to_bytes(4, "big") + message
        while data: data = data[os.write({CHANNEL_FD}, data):]
""").encode()


def servers(sandbox: Sandbox) -> list[int]:
    return [slot._pid for slot in sandbox._slots if slot._pid]  # type: ignore[attr-defined]


def wait_for_program(server: int) -> list[int]:
    """The process of the run that has just been started."""
    until = time.monotonic() + 60
    while not (program := children(server)) and time.monotonic() < until:
        time.sleep(0.005)
    assert program
    time.sleep(0.05)  # it should have come to the program's first line
    return program


def wait_for_the_end_of(pids: list[int]) -> None:
    """Processes that were killed are gone in a moment (or wait, dead, for a lazy parent)."""
    until = time.monotonic() + 60
    while any(_alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
