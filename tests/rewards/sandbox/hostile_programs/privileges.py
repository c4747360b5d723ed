"""Ways to more rights, and parts of the kernel that a program for a few numbers has no business with."""
# ruff: noqa: E501 - programs, some on one line

from __future__ import annotations

from . import Attempts

PROGRAMS = {
    "become somebody": Attempts(
        """
attempt("setuid", lambda: os.setuid(0))
attempt("seteuid", lambda: os.seteuid(0))
attempt("setresuid", lambda: os.setresuid(0, 0, 0))
attempt("setgid", lambda: os.setgid(0))
attempt("setgroups", lambda: os.setgroups([0]))
attempt("setfsuid", lambda: call(122, 0))
attempt("capset", lambda: call(126, struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0xFFFFFFFF] * 6)))
attempt("ambient capability", lambda: libc.prctl(47, 2, 21, 0, 0) and (_ for _ in ()).throw(OSError()))
attempt("no new privileges off", lambda: libc.prctl(38, 0, 0, 0, 0) and (_ for _ in ()).throw(OSError()))
attempt("who", lambda: os.getuid() == 0 or (_ for _ in ()).throw(OSError("not root")))
""",
        x86_only=True,
    ),
    "namespaces": Attempts(
        """
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x80):
    attempt(f"unshare {flag:#x}", lambda: call(272, flag))
    attempt(f"clone {flag:#x}", lambda: call(56, flag | 17, 0, 0, 0, 0) or os._exit(0))
    attempt(f"clone a thread {flag:#x}", lambda: call(56, flag | 0x10F00, 0, 0, 0, 0) if flag > 0x80 else os.setns(0))
attempt("setns", lambda: call(308, 0, 0))
""",
        x86_only=True,
    ),
    "mounts": Attempts(
        """
attempt("mount", lambda: call(165, b"none", b".", b"tmpfs", 0, None))
attempt("bind", lambda: call(165, b"/", b".", None, 4096, None))
attempt("umount", lambda: call(166, b"/", 2))
attempt("remount", lambda: call(165, b"none", b"/", None, 32, None))
attempt("move_mount", lambda: call(429, -1, b"", -1, b"", 4))
attempt("mount_setattr", lambda: call(442, -100, b"/", 0, struct.pack("4Q", 0, 1, 0, 0), 32))
attempt("fsconfig", lambda: call(431, -1, 0, None, None, 0))
attempt("statmount", lambda: call(457, None, None, 0, 0))
attempt("listmount", lambda: call(458, None, None, 0, 0))
attempt("swap", lambda: call(167, b"swap", 0))
""",
        x86_only=True,
    ),
    "kernel interfaces": Attempts(
        """
zeros = ctypes.create_string_buffer(256)
for name, number, arguments in (
    ("io_uring_setup", 425, (8, zeros)), ("io_uring_enter", 426, (0, 0, 0, 0, None, 0)), ("bpf", 321, (0, zeros, 128)),
    ("perf_event_open", 298, (zeros, 0, -1, -1, 0)), ("userfaultfd", 323, (0,)), ("init_module", 175, (zeros, 8, b"")),
    ("finit_module", 313, (0, b"", 0)), ("delete_module", 176, (b"x", 0)), ("kexec_load", 246, (0, 0, None, 0)),
    ("kexec_file_load", 320, (0, 0, 0, b"", 0)), ("reboot", 169, (0xFEE1DEAD, 672274793, 0, None)), ("syslog", 103, (3, zeros, 99)),
    ("sethostname", 170, (b"x", 1)), ("setdomainname", 171, (b"x", 1)), ("settimeofday", 164, (zeros, None)),
    ("clock_settime", 227, (0, zeros)), ("adjtimex", 159, (zeros,)), ("clock_adjtime", 305, (0, zeros)), ("iopl", 172, (3,)),
    ("ioperm", 173, (0, 8, 1)), ("modify_ldt", 154, (0, zeros, 16)), ("personality", 135, (0x40000,)), ("acct", 163, (b"x",)),
    ("quotactl", 179, (0, None, 0, None)), ("lookup_dcookie", 212, (0, zeros, 9)), ("vhangup", 153, ()), ("uselib", 134, (b"x",)),
    ("ustat", 136, (0, zeros)), ("sysfs", 139, (3,)), ("nfsservctl", 180, (0, None, None)), ("io_setup", 206, (1, zeros)),
    ("vmsplice", 278, (1, zeros, 1, 0)), ("splice", 275, (0, None, 1, None, 1, 0)), ("tee", 276, (0, 1, 1, 0)),
    ("memfd_create", 319, (b"x", 0)), ("process_madvise", 440, (0, None, 0, 0, 0)), ("process_mrelease", 448, (0, 0)),
    ("landlock_create_ruleset", 444, (zeros, 8, 0)), ("seccomp", 317, (1, 0, zeros)), ("seccomp notify", 317, (2, 0, zeros)),
    ("set_mempolicy", 238, (0, None, 0)), ("mbind", 237, (zeros, 0, 0, None, 0, 0)), ("pkey_alloc", 330, (0, 0)),
    ("membarrier", 324, (1, 0, 0)), ("rseq again", 334, (zeros, 32, 0, 0)), ("sysinfo", 99, (zeros,)), ("uname", 63, (zeros,)),
    ("fallocate", 285, (1, 0, 0, 99)), ("quotactl_fd", 443, (0, 0, 0, None)), ("arch_prctl", 158, (0x1002, 1)),
    ("futex_waitv", 449, (zeros, 1, 0, None, 0)), ("map_shadow_stack", 453, (0, 4096, 0)), ("lsm_get_self_attr", 459, (100, None, zeros, 0)),
    ("cachestat", 451, (0, zeros, zeros, 0)), ("far beyond", 4000, ()), ("negative", -5, ()),
):
    attempt(name, lambda: call(number, *arguments))
""",
        x86_only=True,
    ),
    "the other numbers of the same calls": Attempts(
        """
X32 = 0x40000000
attempt("open", lambda: call(X32 | 2, b"/etc/passwd", 0))
attempt("fork", lambda: call(X32 | 57) or os._exit(0))
attempt("socket", lambda: call(X32 | 41, 2, 1, 0))
attempt("execve", lambda: call(X32 | 520, b"/bin/sh", None, None))
attempt("ptrace", lambda: call(X32 | 521, 0, 0, 0, 0))
attempt("wide number", lambda: call(ctypes.c_long((1 << 40) | 57)) or os._exit(0))
""",
        x86_only=True,
    ),
}
