"""Files of the host, /proc, and links to both."""
# ruff: noqa: E501 - programs, some on one line

from __future__ import annotations

from . import Attempts

PROGRAMS = {
    "read a secret": Attempts('attempt("secret", lambda: read("@SECRET@"))', teeth=True),
    "read system files": Attempts(
        """
for path in ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/resolv.conf", "/root/.bashrc", "/var/log/dpkg.log"):
    attempt(path, lambda: read(path))
"""
    ),
    "list folders": Attempts(
        """
for path in ("/", "/home", "/root", "/tmp", "/etc", "/dev", "/sys", "/run", "/var", "/opt", "/mnt", "@FOLDER@"):
    attempt(path, lambda: os.listdir(path))
"""
    ),
    "write outside": Attempts(
        """
for path in ("@FOLDER@/new", "/tmp/rlvr-hostile", "/var/tmp/rlvr-hostile", "/dev/shm/rlvr-hostile", "../rlvr-hostile",
             "/rlvr-hostile", "/run/rlvr-hostile"):
    attempt(path, lambda: write(path))
    attempt("mkdir " + path, lambda: os.mkdir(path))
    attempt("symlink " + path, lambda: os.symlink("x", path))
attempt("secret", lambda: write("@SECRET@"))
attempt("append", lambda: write("@SECRET@", "ab"))
""",
    ),
    "write to the interpreter": Attempts(
        """
for path in (os.__file__, sys.executable, os.path.dirname(os.__file__) + "/new.py"):
    attempt(path, lambda: write(path, "ab"))
"""
    ),
    "empty by opening": Attempts(
        """
for path in ("@SECRET@", os.__file__):
    attempt("O_TRUNC for reading", lambda: os.open(path, os.O_RDONLY | os.O_TRUNC))
    attempt("truncate", lambda: os.truncate(path, 0))
    attempt("truncate by hand", lambda: libc.truncate(path.encode(), 0) and (_ for _ in ()).throw(OSError()))
"""
    ),
    "change what is there": Attempts(
        """
for path in ("@SECRET@", os.__file__, sys.executable):
    attempt("chmod", lambda: os.chmod(path, 0o777))
    attempt("chown", lambda: os.chown(path, os.getuid(), os.getgid()))
    attempt("utime", lambda: os.utime(path))
    attempt("setxattr", lambda: os.setxattr(path, "user.x", b"1"))
    attempt("rename", lambda: os.rename(path, "mine"))
    attempt("unlink", lambda: os.unlink(path))
    attempt("replace", lambda: (open("mine", "w").close(), os.replace("mine", path)))
attempt("rmdir", lambda: os.rmdir("@FOLDER@/empty"))
fd = os.open(os.__file__, os.O_RDONLY)
attempt("fchmod", lambda: os.fchmod(fd, 0o777))
attempt("fchown", lambda: os.fchown(fd, os.getuid(), -1))
attempt("futimens", lambda: os.utime(fd))
attempt("lease", lambda: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK))
attempt("notify", lambda: fcntl.fcntl(fd, fcntl.F_NOTIFY, fcntl.DN_MODIFY))
"""
    ),
    "links": Attempts(
        """
os.symlink("@SECRET@", "link")
attempt("through a symbolic link", lambda: read("link"))
attempt("write through it", lambda: write("link"))
os.symlink("@FOLDER@", "folder")
attempt("through a folder", lambda: read("folder/secret"))
attempt("new file through a folder", lambda: write("folder/new"))
os.symlink("/", "root")
attempt("through the root", lambda: read("root/etc/passwd"))
os.symlink("loop", "loop")
attempt("loop", lambda: read("loop"))
attempt("hard link", lambda: os.link("@SECRET@", "hard"))
attempt("hard link to the interpreter", lambda: os.link(os.__file__, "hard"))
attempt("rename the link's target", lambda: os.rename("folder/secret", "stolen"))
"""
    ),
    "climb": Attempts(
        """
attempt("dots", lambda: read("../" * 40 + "@SECRET@"))
fd = os.open(".", os.O_RDONLY)
attempt("from a folder's descriptor", lambda: os.open("../" * 40 + "@SECRET@", os.O_RDONLY, dir_fd=fd))
os.mkdir("in"); os.chdir("in")
attempt("after chdir", lambda: read("../" * 40 + "@SECRET@"))
attempt("chroot", lambda: os.chroot("."))
attempt("chdir to it", lambda: (os.chdir("@FOLDER@"), read("secret")))
attempt("pivot_root", lambda: call(155, b".", b"."))
""",
        x86_only=True,
    ),
    "file handles": Attempts(
        """
handle = ctypes.create_string_buffer(struct.pack("IIQQ", 8, 1, 2, 0), 128)
mount = ctypes.c_int()
attempt("name_to_handle_at", lambda: call(303, -100, b"@SECRET@", handle, ctypes.byref(mount), 0))
attempt("open_by_handle_at", lambda: call(304, -100, handle, os.O_RDONLY))
attempt("openat2", lambda: call(437, -100, b"@SECRET@", struct.pack("QQQ", 0, 0, 0), 24))
attempt("open_tree", lambda: call(428, -100, b"/", 1))
attempt("fsopen", lambda: call(430, b"tmpfs", 0))
attempt("path descriptor", lambda: os.read(os.open("@SECRET@", os.O_RDONLY | 0), 9))
path = -1
try: path = os.open("@SECRET@", os.O_PATH)
except OSError: pass
attempt("read of a path descriptor", lambda: read(f"/proc/self/fd/{path}"))
attempt("read of a path descriptor, directly", lambda: os.read(path, 9))
""",
        x86_only=True,
    ),
    "devices": Attempts(
        """
import stat
attempt("mknod", lambda: os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(254, 0)))
attempt("mknod null", lambda: os.mknod("null", stat.S_IFCHR | 0o600, os.makedev(1, 3)))
attempt("fifo", lambda: os.mkfifo("fifo"))
for path in ("/dev/vda", "/dev/sda", "/dev/mem", "/dev/kmsg", "/dev/tty", "/dev/ptmx", "/dev/fuse", "/dev/kvm", "/dev/net/tun"):
    attempt(path, lambda: os.open(path, os.O_RDWR))
"""
    ),
    "proc of others": Attempts(
        """
for pid in ("1", str(os.getppid()), "@VICTIM@", "@HOST@", "self/../1"):
    for name in ("environ", "cmdline", "maps", "mem", "root/etc/passwd", "cwd/x", "fd/0", "fd/3", "status", "io", "stack"):
        attempt(f"{pid}/{name}", lambda: read(f"/proc/{pid}/{name}"))
    attempt(f"{pid}/mem for writing", lambda: os.open(f"/proc/{pid}/mem", os.O_RDWR))
    attempt(f"list {pid}/fd", lambda: os.listdir(f"/proc/{pid}/fd"))
""",
        teeth=True,
    ),
    "proc itself": Attempts(
        """
for name in ("cpuinfo", "meminfo", "mounts", "cmdline", "kallsyms", "net/tcp", "net/unix", "sys/kernel/hostname", "keys"):
    attempt(name, lambda: read(f"/proc/{name}"))
attempt("list", lambda: os.listdir("/proc"))
attempt("self", lambda: os.listdir("/proc/self/fd"))
for name in ("self/oom_score_adj", "self/comm", "self/mem", "self/uid_map", "sysrq-trigger", "sys/kernel/core_pattern",
             "self/coredump_filter", "self/attr/current", "self/timens_offsets"):
    attempt(name, lambda: os.open(f"/proc/{name}", os.O_WRONLY))
for name in ("root/etc/passwd", "cwd/../../etc/passwd", "environ", "maps", "map_files"):
    attempt("self/" + name, lambda: read(f"/proc/self/{name}"))
attempt("sysfs", lambda: read("/sys/kernel/mm/transparent_hugepage/enabled"))
attempt("cgroups", lambda: os.listdir("/sys/fs/cgroup"))
""",
        teeth=True,
    ),
    "watch files": Attempts(
        """
attempt("inotify", lambda: libc.inotify_init1(0) >= 0 or (_ for _ in ()).throw(OSError()))
attempt("fanotify", lambda: call(300, 0, 0))
attempt("statvfs", lambda: os.statvfs("/"))
attempt("sync", lambda: call(162) or call(306, 0))
attempt("quota", lambda: call(179, 0, None, 0, None))
""",
        x86_only=True,
    ),
    "standard input": Attempts(
        """
attempt("write", lambda: os.write(0, b"x"))
attempt("grow", lambda: os.ftruncate(0, 1 << 30))
attempt("shrink", lambda: os.ftruncate(0, 0))
attempt("unseal", lambda: fcntl.fcntl(0, 1033, 0))
import mmap
attempt("map", lambda: mmap.mmap(0, 4, mmap.MAP_SHARED, mmap.PROT_WRITE))
"""
    ),
}
