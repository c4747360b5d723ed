"""Signals, tracing, other processes, other programs, and what would outlive a run."""
# ruff: noqa: E501 - programs, some on one line

from __future__ import annotations

from rlvr.rewards.sandbox import Limits

from . import Attempts

_FORKING = Limits(wall_seconds=5.0, may_fork=True, tasks=16)

PROGRAMS = {
    "signal others": Attempts(
        """
for pid in (@VICTIM@, @HOST@, os.getppid(), 1, -@VICTIM@, -1):
    for number in (0, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        attempt(f"{number} to {pid}", lambda: os.kill(pid, number))
attempt("killpg", lambda: os.killpg(@VICTIM@, signal.SIGKILL))
attempt("kill itself hard", lambda: os.kill(os.getpid(), signal.SIGKILL))
attempt("stop itself", lambda: os.kill(0, signal.SIGSTOP))
"""
    ),
    "signal others by number": Attempts(
        """
info = ctypes.create_string_buffer(struct.pack("iii", 9, 0, -1), 128)
attempt("tkill", lambda: call(200, @VICTIM@, 9))
attempt("tgkill", lambda: call(234, @VICTIM@, @VICTIM@, 9))
attempt("rt_sigqueueinfo", lambda: call(129, @VICTIM@, 9, info))
attempt("rt_tgsigqueueinfo", lambda: call(297, @VICTIM@, @VICTIM@, 9, info))
attempt("pidfd_open", lambda: call(434, @VICTIM@, 0))
attempt("pidfd_open of the parent", lambda: call(434, os.getppid(), 0))
attempt("pidfd_send_signal", lambda: call(424, 0, 9, None, 0))
attempt("pidfd_getfd", lambda: call(438, 0, 0, 0))
attempt("kill with a wide register", lambda: call(62, ctypes.c_long((1 << 32) + @VICTIM@), 9))
""",
        x86_only=True,
    ),
    "signals by descriptor": Attempts(
        """
r, w = os.pipe()
attempt("owner", lambda: fcntl.fcntl(r, fcntl.F_SETOWN, @VICTIM@))
attempt("owner, extended", lambda: fcntl.fcntl(r, 15, struct.pack("ii", 1, @VICTIM@)))
attempt("which signal", lambda: fcntl.fcntl(r, fcntl.F_SETSIG, 9))
attempt("owner by ioctl", lambda: fcntl.ioctl(r, 0x8901, struct.pack("i", @VICTIM@)))
attempt("timer", lambda: call(222, 0, None, ctypes.byref(ctypes.c_int())))
attempt("death signal", lambda: libc.prctl(1, 9, 0, 0, 0) and (_ for _ in ()).throw(OSError()))
""",
        x86_only=True,
    ),
    "trace and read others": Attempts(
        """
for pid in (@VICTIM@, os.getppid(), @HOST@):
    attempt("ptrace attach", lambda: call(101, 16, pid, None, None))
    attempt("ptrace seize", lambda: call(101, 0x4206, pid, None, None))
    local = ctypes.create_string_buffer(16)
    vector = struct.pack("PN", ctypes.addressof(local), 16)
    attempt("process_vm_readv", lambda: call(310, pid, vector, 1, vector, 1, 0))
    attempt("process_vm_writev", lambda: call(311, pid, vector, 1, vector, 1, 0))
    attempt("kcmp", lambda: call(312, pid, pid, 0, 0, 0))
    attempt("robust list", lambda: call(274, pid, local, local))
    attempt("move_pages", lambda: call(279, pid, 0, None, None, None, 0))
    attempt("migrate_pages", lambda: call(256, pid, 0, None, None))
attempt("traceme", lambda: call(101, 0, 0, 0, 0))
attempt("dumpable", lambda: libc.prctl(4, 1, 0, 0, 0) and (_ for _ in ()).throw(OSError()))
attempt("ptracer", lambda: libc.prctl(0x59616D61, -1, 0, 0, 0) and (_ for _ in ()).throw(OSError()))
""",
        x86_only=True,
    ),
    "hinder others": Attempts(
        """
import resource
for pid in (@VICTIM@, os.getppid(), @HOST@):
    attempt("prlimit", lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0)))
    attempt("read limits", lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE))
    attempt("affinity", lambda: os.sched_setaffinity(pid, {0}))
    attempt("read affinity", lambda: os.sched_getaffinity(pid))
    attempt("scheduler", lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)))
    attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))
    attempt("I/O priority", lambda: call(251, 1, pid, 0))
    attempt("group", lambda: os.setpgid(pid, 0))
    attempt("session", lambda: os.getsid(pid))
attempt("all of a user", lambda: os.setpriority(os.PRIO_USER, 0, 19))
attempt("real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
attempt("raise limits", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (10000, 10000)))
attempt("raise memory", lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))
attempt("raise CPU", lambda: resource.setrlimit(resource.RLIMIT_CPU, (-1, -1)))
attempt("raise core", lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1)))
""",
        x86_only=True,
    ),
    "start programs": Attempts(
        """
attempt("system", lambda: os.system("true") and (_ for _ in ()).throw(OSError()))
attempt("popen", lambda: os.popen("echo out").read() or (_ for _ in ()).throw(OSError()))
attempt("subprocess", lambda: subprocess.run(["/bin/sh", "-c", "echo out"]))
attempt("python", lambda: subprocess.run([sys.executable, "-c", "1"]))
attempt("spawn", lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "true"], {}))
attempt("exec", lambda: os.execv("/bin/sh", ["sh", "-c", "echo LEAK"]))
attempt("exec the interpreter", lambda: os.execv(sys.executable, ["python", "-c", "print('LEAK')"]))
open("run", "w").write("#!/bin/sh\\necho LEAK")
attempt("chmod", lambda: os.chmod("run", 0o755))
attempt("exec its own file", lambda: os.execv("run", ["run"]))
attempt("exec by number", lambda: call(59, b"/bin/sh", None, None))
attempt("execveat", lambda: call(322, -100, b"/bin/sh", None, None, 0))
attempt("exec of memory", lambda: os.memfd_create("x"))
attempt("setuid program", lambda: os.execv("/usr/bin/su", ["su"]))
""",
        x86_only=True,
    ),
    "fork": Attempts(
        """
def die(pid):
    if pid == 0:
        print("LEAK child", flush=True)
        os._exit(0)
    return pid
attempt("fork", lambda: die(os.fork()))
attempt("fork by number", lambda: die(call(57)))
attempt("vfork", lambda: die(call(58)))
attempt("clone", lambda: die(call(56, 17, 0, 0, 0, 0)))
attempt("clone with the same parent", lambda: die(call(56, 0x8000 | 17, 0, 0, 0, 0)))
attempt("clone3", lambda: die(call(435, struct.pack("8Q", 0, 0, 0, 0, 17, 0, 0, 0), 64)))
import multiprocessing
attempt("multiprocessing", lambda: multiprocessing.get_context("fork").Process(target=print).start())
""",
        x86_only=True,
    ),
    "leave the group": Attempts(
        """
attempt("setsid", os.setsid)
attempt("setpgid", lambda: os.setpgid(0, 0))
attempt("subreaper", lambda: libc.prctl(36, 1, 0, 0, 0) and (_ for _ in ()).throw(OSError()))
"""
    ),
    "daemonise": Attempts(
        """
if os.fork() == 0:
    attempt("setsid", os.setsid)
    attempt("group", lambda: os.setpgid(0, 0))
    if os.fork() == 0:
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        os.close(1)
        while True: time.sleep(1)
    os._exit(0)
os.wait()
print("held: the parent is gone before its grandchild", flush=True)
""",
        limits=_FORKING,
    ),
    "children cannot reach others either": Attempts(
        """
pid = os.fork()
if pid == 0:
    attempt("parent's parent", lambda: os.kill(@HOST@, 0))
    attempt("victim", lambda: os.kill(@VICTIM@, 9))
    attempt("namespace", lambda: call(56, 0x10000000 | 17, 0, 0, 0, 0))
    attempt("exec", lambda: os.execv("/bin/sh", ["sh"]))
    attempt("file", lambda: read("@SECRET@"))
    attempt("network", lambda: socket.socket())
    os._exit(0)
os.waitpid(pid, 0)
""",
        limits=_FORKING,
        x86_only=True,
    ),
    "leave something behind": Attempts(
        """
attempt("shmget", lambda: call(29, 0x1234, 4096, 0o1666))
attempt("semget", lambda: call(64, 0x1234, 1, 0o1666))
attempt("msgget", lambda: call(68, 0x1234, 0o1666))
attempt("mq_open", lambda: call(240, b"rlvr", os.O_CREAT | os.O_RDWR, 0o666, None))
attempt("shm_open", lambda: os.open("/dev/shm/rlvr-hostile", os.O_CREAT | os.O_RDWR))
attempt("memfd", lambda: os.memfd_create("x"))
attempt("secret memory", lambda: call(447, 0))
attempt("key", lambda: call(248, b"user", b"rlvr", b"x", 1, -4))
attempt("keyctl", lambda: call(250, 0, -4, 1))
attempt("request_key", lambda: call(249, b"user", b"rlvr", None, -4))
from multiprocessing import shared_memory
attempt("shared memory", lambda: shared_memory.SharedMemory(create=True, size=10))
attempt("lock memory", lambda: libc.mlock(ctypes.create_string_buffer(1 << 20), 1 << 20) and (_ for _ in ()).throw(OSError()))
attempt("timer descriptor", lambda: call(283, 0, 0))
attempt("signal descriptor", lambda: call(289, -1, None, 8, 0))
""",
        x86_only=True,
    ),
}
