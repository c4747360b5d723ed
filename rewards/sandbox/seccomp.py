"""The system calls that a sandboxed program may make, as a seccomp filter (classic BPF).

An allow list: whatever is not named here fails with EPERM. What it leaves is what an interpreter needs for
computing, threads, its own files, pipes and signals to itself. Left out on purpose: sockets, starting programs
or (by default) processes, tracing, namespaces, mounts, keys, io_uring, shared memory and queues that outlive
the process, and everything that changes a file by its path without landlock being asked (chmod, utime, truncate).

Sources: seccomp(2), linux/filter.h, linux/seccomp.h; numbers from asm/unistd_64.h and asm-generic/unistd.h.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ARCHES = tuple(_AUDIT_ARCH)

# name -> number on (x86_64, aarch64); -1 where an architecture has no such call.
_ALLOWED = {
    # input and output on descriptors that it holds
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "lseek": (8, 62), "close": (3, 57), "close_range": (436, 436), "dup": (32, 23),
    "dup2": (33, -1), "dup3": (292, 24), "pipe": (22, -1), "pipe2": (293, 59), "sendfile": (40, 71),
    "fsync": (74, 82), "fdatasync": (75, 83), "ftruncate": (77, 46), "flock": (73, 32),
    "select": (23, -1), "pselect6": (270, 72), "poll": (7, -1), "ppoll": (271, 73), "epoll_create": (213, -1),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, -1), "epoll_pwait": (281, 22),
    "eventfd2": (290, 19), "recvfrom": (45, 207), "shutdown": (48, 210),
    # files: landlock decides which
    "stat": (4, -1), "fstat": (5, 80), "lstat": (6, -1), "newfstatat": (262, 79), "statx": (332, 291),
    "access": (21, -1), "faccessat": (269, 48), "faccessat2": (439, 439), "getdents64": (217, 61), "getcwd": (79, 17),
    "chdir": (80, 49), "fchdir": (81, 50), "rename": (82, -1), "renameat": (264, 38), "renameat2": (316, 276),
    "mkdir": (83, -1), "mkdirat": (258, 34), "rmdir": (84, -1), "unlink": (87, -1), "unlinkat": (263, 35),
    "symlink": (88, -1), "symlinkat": (266, 36), "readlink": (89, -1), "readlinkat": (267, 78), "umask": (95, 166),
    # memory
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216),
    "madvise": (28, 233), "msync": (26, 227),
    # time, and waiting for it
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "gettimeofday": (96, 169), "time": (201, -1), "times": (100, 153), "getrusage": (98, 165),
    "getitimer": (36, 102), "setitimer": (38, 103), "alarm": (37, -1), "pause": (34, -1),
    # its own signals, threads and identity
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132),
    "restart_syscall": (219, 128), "futex": (202, 98), "set_robust_list": (273, 99), "set_tid_address": (218, 96),
    "rseq": (334, 293), "sched_yield": (24, 124), "getrandom": (318, 278), "exit": (60, 93), "exit_group": (231, 94),
    "wait4": (61, 260), "waitid": (247, 95), "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173),
    "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "getgroups": (115, 158),
    "getresuid": (118, 148), "getresgid": (120, 150), "getpgrp": (111, -1), "getrlimit": (97, 163),
}  # fmt: skip
# Allowed for some arguments only; `_conditions` says which.
_CONDITIONAL = {
    "open": (2, -1), "openat": (257, 56), "clone": (56, 220), "kill": (62, 129), "tgkill": (234, 131),
    "fcntl": (72, 25), "ioctl": (16, 29), "prctl": (157, 167), "setrlimit": (160, 164), "prlimit64": (302, 261),
    "socketpair": (53, 199),
    "sendto": (44, 206), "sched_getaffinity": (204, 123), "getpgid": (121, 155), "getsid": (124, 156),
}  # fmt: skip
_FORKS = {"fork": (57, -1), "vfork": (58, -1)}
_UNKNOWN = {"clone3": (435, 435)}  # "not implemented" makes the C library use clone, whose flags a filter can read

_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032)  # duplicate, descriptor and status flags, record locks, pipe size
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # isatty, window size, FIONREAD, FIONBIO, close on exec
_PRCTL = (15, 16)  # the thread's name
_CLONE_THREAD = 0x10000
_BAD_CLONE = 0xFE02A000  # every namespace, the parent's sibling, tracing, a shared I/O context
_SIGCHLD = 17
_SIGKILL, _SIGSTOP = 9, 19  # refused even to itself, so that a death by SIGKILL always came from outside
# The one limit that programs set for good reasons. With RLIMIT_CPU one could have the kernel kill it, and so pass its
# own end off as a fault of the sandbox.
_RLIMIT_STACK = 3
_O_ACCMODE, _O_TRUNC = 3, 0o1000
_EPERM, _ENOSYS, _ENOTTY = 1, 38, 25

_RET_ALLOW, _RET_ERRNO, _RET_KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_LD, _JA, _JEQ, _JGE, _JSET, _RET, _AND = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06, 0x54
_NR, _ARCH = 0, 4  # offsets in struct seccomp_data; arguments are 64 bits each from 16, little endian
_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant
_YES: _Instruction = (_RET, 0, 0, _RET_ALLOW)
_PID = 0x5AFEB0C5  # stands for the process id until there is a process


@dataclass(frozen=True, slots=True)
class Filter:
    """A BPF program, and the byte offsets at which the process id of the program has to be filled in (32 bits)."""

    code: bytes
    pid_offsets: tuple[int, ...]


def supported() -> bool:
    """Whether the filter is known for this machine's architecture."""
    return platform.machine() in _AUDIT_ARCH


def build(may_fork: bool, machine: str | None = None) -> Filter:
    """The filter for a program that may (or may not) start processes. Raises KeyError for other architectures."""
    machine = machine or platform.machine()
    column = _ARCHES.index(machine) if machine in _ARCHES else None
    if column is None:
        raise KeyError(f"no seccomp filter for {machine}")
    answers: dict[int, list[_Instruction]] = {}
    for pair in {**_ALLOWED, **(_FORKS if may_fork else {})}.values():
        answers[pair[column]] = [_YES]
    for pair in _UNKNOWN.values():
        answers[pair[column]] = [_no(_ENOSYS)]
    for name, rules in _conditions(may_fork).items():
        answers[_CONDITIONAL[name][column]] = rules
    answers.pop(-1, None)
    runs: list[tuple[int, list[_Instruction]]] = []  # the number from which on, up to the next, there is one answer
    for number in sorted({0} | answers.keys() | {number + 1 for number in answers}):
        answer = answers.get(number, [_no()])
        if not runs or runs[-1][1] != answer:
            runs.append((number, answer))
    body = [(_LD, 0, 0, _ARCH), (_JEQ, 1, 0, _AUDIT_ARCH[machine]), (_RET, 0, 0, _RET_KILL_PROCESS), (_LD, 0, 0, _NR)]
    body += _search(runs)
    pids = tuple(8 * index + 4 for index, instruction in enumerate(body) if instruction[3] == _PID)
    return Filter(b"".join(struct.pack("<HBBI", *i) for i in body), pids)


def _search(runs: Sequence[tuple[int, list[_Instruction]]]) -> list[_Instruction]:
    """Finds the run of call numbers by halving, because the kernel walks the filter for each possible number
    whenever it is installed: 0.3 ms a program where it is one long chain."""
    if len(runs) == 1:
        return runs[0][1]
    middle = len(runs) // 2
    low, high = _search(runs[:middle]), _search(runs[middle:])
    return [(_JGE, 0, 1, runs[middle][0]), (_JA, 0, 0, len(low)), *low, *high]


def _conditions(may_fork: bool) -> dict[str, list[_Instruction]]:
    """For each call with conditions the instructions that decide it; each list ends in a return."""
    return {
        "open": _no_truncating_read(1),
        "openat": _no_truncating_read(2),
        "clone": _fork() if may_fork else _thread(),
        "kill": [*_refuse(1, (_SIGKILL, _SIGSTOP)), *_one_of(0, [_PID, 0])],  # 0: its own group
        "tgkill": [*_refuse(2, (_SIGKILL, _SIGSTOP)), *_one_of(0, [_PID])],
        "fcntl": _one_of(1, _FCNTL),
        "ioctl": _one_of(1, _IOCTL, _ENOTTY),
        "prctl": _one_of(0, _PRCTL),
        "setrlimit": _one_of(0, [_RLIMIT_STACK]),
        "prlimit64": [_argument(0), (_JEQ, 1, 0, 0), _no(), *_reading_or(2, 1, _RLIMIT_STACK)],
        "socketpair": [_argument(0), (_JEQ, 1, 0, 1), _no(), _argument(1), (_AND, 0, 0, 0xF), *_if_equal([1])],
        "sendto": [(_LD, 0, 0, 16 + 4 * 8 + 4), (_JEQ, 1, 0, 0), _no(), *_one_of(4, [0])],  # no address: 64 bits of 0
        "sched_getaffinity": _one_of(0, [0]),
        "getpgid": _one_of(0, [0]),
        "getsid": _one_of(0, [0]),
    }


def _argument(index: int) -> _Instruction:
    """Loads the lower half of an argument: all that the kernel looks at for an int."""
    return (_LD, 0, 0, 16 + 8 * index)


def _no(error: int = _EPERM) -> _Instruction:
    return (_RET, 0, 0, _RET_ERRNO | error)


def _if_equal(values: Sequence[int], error: int = _EPERM) -> list[_Instruction]:
    """Allows where the accumulator is one of the values."""
    tests: list[_Instruction] = [(_JEQ, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [*tests, _no(error), _YES]


def _one_of(index: int, values: Sequence[int], error: int = _EPERM) -> list[_Instruction]:
    return [_argument(index), *_if_equal(values, error)]


def _refuse(index: int, values: Sequence[int]) -> list[_Instruction]:
    """Refuses where the argument is one of the values, and goes on otherwise."""
    tests: list[_Instruction] = []
    for value in values:
        tests += [(_JEQ, 0, 1, value), _no()]
    return [_argument(index), *tests]


def _thread() -> list[_Instruction]:
    """Allows a new thread in this very process, and nothing more."""
    return [_argument(0), (_JSET, 0, 1, _BAD_CLONE), _no(), (_JSET, 1, 0, _CLONE_THREAD), _no(), _YES]


def _fork() -> list[_Instruction]:
    """Allows a thread or a child whose end is told by SIGCHLD (another signal there would reach the parent)."""
    child = [(_AND, 0, 0, 0xFF), *_if_equal([_SIGCHLD])]
    return [_argument(0), (_JSET, 0, 1, _BAD_CLONE), _no(), (_JSET, 0, 1, _CLONE_THREAD), _YES, *child]


def _reading_or(pointer: int, index: int, value: int) -> list[_Instruction]:
    """Allows where the pointer argument is null (nothing is set) or the other argument has the value."""
    low, high = _argument(pointer), (_LD, 0, 0, 16 + 8 * pointer + 4)
    return [low, (_JEQ, 0, 3, 0), high, (_JEQ, 0, 1, 0), _YES, *_one_of(index, [value])]


def _no_truncating_read(index: int) -> list[_Instruction]:
    """Refuses O_RDONLY | O_TRUNC, which empties a file although landlock (before its third version) sees a read."""
    return [_argument(index), (_AND, 0, 0, _O_ACCMODE | _O_TRUNC), (_JEQ, 0, 1, _O_TRUNC), _no(), _YES]
