"""The filter's program, run by a small interpreter of classic BPF: also for the architecture that is not this one."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from rlvr.rewards.sandbox import seccomp

ALLOW, EPERM, ENOSYS, ENOTTY, KILL = 0x7FFF0000, 0x50001, 0x50026, 0x50019, 0x80000000
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PID = 4321


def decide(filter: seccomp.Filter, machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the kernel would return for one call."""
    code = bytearray(filter.code)
    for offset in filter.pid_offsets:
        struct.pack_into("<I", code, offset, PID)
    data = struct.pack("<IIQ6Q", number, audit or AUDIT[machine], 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    position, accumulator = 0, 0
    while True:
        operation, true, false, constant = struct.unpack_from("<HBBI", code, 8 * position)
        position += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, constant)
        elif operation == 0x54:
            accumulator &= constant
        elif operation == 0x05:
            position += constant
        elif operation == 0x06:
            return constant
        else:
            holds = {0x15: accumulator == constant, 0x35: accumulator >= constant, 0x45: bool(accumulator & constant)}
            position += true if holds[operation] else false


@pytest.mark.parametrize("machine", list(AUDIT))
@pytest.mark.parametrize("may_fork", [False, True])
def test_every_number_has_its_answer(machine: str, may_fork: bool) -> None:
    filter = seccomp.build(may_fork, machine)
    column = list(AUDIT).index(machine)
    allowed = {pair[column] for pair in seccomp._ALLOWED.values()}
    allowed |= {pair[column] for pair in seccomp._FORKS.values()} if may_fork else set()
    conditional = {pair[column] for pair in seccomp._CONDITIONAL.values()}
    for number in range(600):
        if number in conditional:
            continue
        wanted = ALLOW if number in allowed else ENOSYS if number == 435 else EPERM
        assert decide(filter, machine, number) == wanted, number
    for number in (0xFFFFFFFF, 0x40000000, 0x40000000 | 57, 5000):
        assert decide(filter, machine, number) == EPERM
    assert decide(filter, machine, 0, audit=0x40000003) == KILL  # the 32-bit calls of the same machine
    assert len(filter.code) // 8 < 4096  # the kernel's limit


@pytest.mark.parametrize("machine", list(AUDIT))
def test_conditions(machine: str) -> None:
    column = list(AUDIT).index(machine)
    single, forking = seccomp.build(False, machine), seccomp.build(True, machine)

    def ask(name: str, *arguments: int, filter: seccomp.Filter = single) -> int:
        return decide(filter, machine, seccomp._CONDITIONAL[name][column], *arguments)

    high = 1 << 32
    assert ask("kill", PID, 15) == ask("kill", 0, 15) == ask("kill", PID, 0) == ALLOW
    assert ask("kill", PID, 9) == ask("kill", PID, 19) == ask("kill", PID, 9 + high) == EPERM
    assert ask("kill", PID + 1, 15) == ask("kill", 0xFFFFFFFF, 15) == ask("kill", 1, 0) == EPERM
    assert ask("tgkill", PID, 99, 6) == ALLOW
    assert ask("tgkill", PID, 99, 9) == ask("tgkill", PID + 1, 99, 6) == ask("tgkill", 0, 99, 6) == EPERM
    thread = 0x3D0F00  # the flags of the C library's threads
    assert ask("clone", thread) == ask("clone", thread, filter=forking) == ALLOW
    assert ask("clone", 17) == ask("clone", 0x4111) == EPERM
    assert ask("clone", 17, filter=forking) == ask("clone", 0x4111, filter=forking) == ALLOW  # fork and vfork
    assert ask("clone", 9, filter=forking) == EPERM  # a child whose end would kill its parent
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x8000, 0x2000):
        for flags in (17 | flag, thread | flag):
            assert ask("clone", flags) == ask("clone", flags, filter=forking) == EPERM, hex(flags)
    assert ask("openat", 0, 0, 0) == ask("openat", 0, 0, 0o1101) == ask("openat", 0, 0, 0o1102) == ALLOW
    assert ask("openat", 0, 0, 0o1000) == ask("openat", 0, 0, 0o1100) == EPERM
    assert ask("fcntl", 0, 3) == ask("fcntl", 0, 1030) == ALLOW
    for command in (8, 10, 15, 1024, 1026, 1031, 1033):  # owner, signal, lease, notification, pipe size, seals
        assert ask("fcntl", 0, command) == EPERM
    assert ask("ioctl", 0, 0x5401) == ALLOW and ask("ioctl", 0, 0x5412) == ask("ioctl", 0, 0x8901) == ENOTTY
    assert ask("prctl", 15) == ALLOW and {ask("prctl", option) for option in (1, 4, 8, 22, 24, 36, 38, 47)} == {EPERM}
    assert ask("prlimit64", 0, 7, 0, 99) == ask("prlimit64", 0, 3, 99) == ask("setrlimit", 3) == ALLOW
    assert ask("prlimit64", 1, 3, 0) == ask("prlimit64", PID, 3, 0) == EPERM
    for limit in (0, 1, 6, 7, 9, 15):  # a program that lowers its CPU time would be killed as if from outside
        assert ask("prlimit64", 0, limit, 99) == ask("prlimit64", 0, limit, high) == ask("setrlimit", limit) == EPERM
    assert ask("socketpair", 1, 1) == ask("socketpair", 1, 1 | 0o2004000) == ALLOW
    assert ask("socketpair", 1, 2) == ask("socketpair", 1, 5) == ask("socketpair", 2, 1) == EPERM
    assert ask("sendto", 3, 0, 0, 0, 0) == ALLOW
    assert ask("sendto", 3, 0, 0, 0, 8) == ask("sendto", 3, 0, 0, 0, high) == EPERM
    for name in ("sched_getaffinity", "getpgid", "getsid"):
        assert ask(name, 0) == ALLOW and ask(name, 1) == EPERM


def test_the_numbers_are_the_kernels() -> None:
    headers = ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h")
    for column, (header, pattern) in enumerate(
        zip(headers, (r"__NR_(\w+) (\d+)", r"#define __NR(?:3264)?_(\w+)\s+(\d+)"), strict=True)
    ):
        if not Path(header).exists():
            pytest.skip(f"{header} (linux-libc-dev) is not installed")
        kernel = {name: int(number) for name, number in re.findall(pattern, Path(header).read_text())}
        kernel |= {"newfstatat": kernel.get("newfstatat", kernel.get("fstatat", 79))}
        table = {**seccomp._ALLOWED, **seccomp._CONDITIONAL, **seccomp._FORKS, **seccomp._UNKNOWN}
        for name, pair in table.items():
            assert kernel.get(name, -1) == pair[column], (header, name)


def test_other_architectures_are_refused() -> None:
    with pytest.raises(KeyError, match="riscv64"):
        seccomp.build(False, "riscv64")
