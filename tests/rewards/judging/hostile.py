"""A plugin of a verifier that does what the completion names: hang, crash, fork, eat memory, print, lie."""

import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import sys
import threading
import time

from rlvr.core import Verdict
from rlvr.registry import verifier


@verifier("hostile")
def hostile(prompt, completion, *, note=""):
    do = completion.text
    if do == "good":
        return 1.0
    return globals()["do_" + do]()


def do_sleep():
    time.sleep(1000)


def do_raise():
    raise RuntimeError("on purpose")


def do_exit():
    os._exit(3)


def do_segfault():
    ctypes.string_at(0)


def do_kill():
    os.kill(os.getpid(), signal.SIGKILL)


def do_stop():
    os.kill(os.getpid(), signal.SIGSTOP)


def do_memory():
    hoard = []
    while True:
        hoard.append(bytes(16 << 20))


def do_one_big_allocation():
    return len(bytearray(1 << 40))


def do_print():
    for _ in range(64):
        sys.stdout.write("x" * (1 << 20))
        sys.stderr.write("y" * (1 << 20))
        os.write(1, b"z" * 99999)
    return 0.5


def do_fork_and_return():
    os.fork()
    return 1.0


def do_leave_child():
    if os.fork() == 0:
        os.setsid()
        time.sleep(1000)
        os._exit(0)
    return 1.0


def do_leave_grandchild():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
    os.wait()
    return 1.0


def do_fork_then_hang():
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    time.sleep(1000)


def do_close_fds():
    os.closerange(0, 256)
    return 1.0


def do_system_exit():
    sys.exit(0)


def do_interrupt():
    raise KeyboardInterrupt


def do_bare():
    raise BaseException("bare")


def do_spin():
    while True:
        pass


def do_c_loop():
    return len(str(9**9**9))


def do_ignore_sigterm():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)


def do_alarm():
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    return 1.0


def do_recurse():
    return do_recurse()


def do_string():
    return "1.0"


def do_nan():
    return float("nan")


def do_above():
    return 1.5


def do_none():
    return None


def do_huge():
    return "x" * (64 << 20)


def do_huge_answer():
    return Verdict(1.0, "correct", "x" * (64 << 20))


def do_many_parts():
    return Verdict(1.0, "correct", parts={str(i): 0.0 for i in range(100000)})


def do_nan_part():
    return Verdict(1.0, "correct", parts={"a": float("nan")})


def do_steal():
    for fd in range(3, 32):
        try:
            os.set_blocking(fd, False)
            while os.read(fd, 1 << 16):
                pass
        except OSError:
            pass
    return 1.0


class Evil(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


def do_evil_error():
    raise Evil()


class Slow:
    def item(self):
        time.sleep(1000)


def do_slow_value():
    return Slow()


def do_lie():
    for fd in range(3, 1024):
        with contextlib.suppress(OSError):
            os.write(fd, struct.pack(">Q", 7) + b"garbage")
    return 1.0


def do_lie_about_length():
    for fd in range(3, 1024):
        with contextlib.suppress(OSError):
            os.write(fd, b"\xff" * 64)
    return 1.0


def do_threads():
    for _ in range(2):
        threading.Thread(target=time.sleep, args=(1000,), daemon=False).start()
    return 1.0
