"""Programs that try to get out of the sandbox, to harm the host, or to outlive their run.

Each `Attempts` program makes some attempts and prints `held` or `LEAK` for each; each `Bomb` tries to exhaust
something and has to end in one of the named ways. `teeth` marks attempts that succeed outside isolation (in the
profile unsafe) and harm nobody there: the suite runs them to show that they would be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rlvr.rewards.sandbox import Limits

PRELUDE = """
import ctypes, errno, fcntl, os, signal, socket, struct, subprocess, sys, threading, time

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def call(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def attempt(name, action):
    try:
        value = action()
    except Exception as error:
        print("held", name, type(error).__name__, error, flush=True)
    else:
        print("LEAK", name, repr(value)[:200], flush=True)


def read(path):
    with open(path, "rb") as file:
        return file.read(100)


def write(path, mode="wb"):
    with open(path, mode) as file:
        file.write(b"owned")
"""


@dataclass(frozen=True)
class Attempts:
    """A program of attempts. `@SECRET@`, `@PORT@`, `@VICTIM@`, ... are filled in by the suite."""

    source: str
    teeth: bool = False
    limits: Limits = field(default_factory=lambda: Limits(wall_seconds=5.0))
    x86_only: bool = False


@dataclass(frozen=True)
class Bomb:
    """A program that tries to use up something; `ends` are the endings that are right: limits, `exit`, or `signal`."""

    source: str
    ends: tuple[str, ...]
    limits: Limits = field(default_factory=lambda: Limits(wall_seconds=1.0, memory_mb=128, disk_mb=4, output_kb=256))
    channel: bool = False
