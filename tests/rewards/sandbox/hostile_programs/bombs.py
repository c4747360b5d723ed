"""Programs that try to use up the machine, or to hold on to it."""
# ruff: noqa: E501 - programs, some on one line

from __future__ import annotations

from rlvr.rewards.sandbox import Limits

from . import Bomb

_FORKING = Limits(wall_seconds=1.0, memory_mb=128, disk_mb=4, tasks=16, may_fork=True)
_SHORT_CPU = Limits(wall_seconds=5.0, cpu_seconds=0.2, memory_mb=128)
_SHORT = Limits(wall_seconds=0.3, memory_mb=128)

PROGRAMS = {
    "fork bomb, forking denied": Bomb("import os\nwhile True: os.fork()", ("exit",)),
    "fork bomb, forking allowed": Bomb(
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", ("wall", "tasks"), _FORKING
    ),
    "fork bomb whose parents die": Bomb(
        "import os\nwhile True:\n    try:\n        if os.fork(): os._exit(0)\n    except OSError: pass",
        ("exit", "wall", "tasks"),
        _FORKING,
    ),
    "thread bomb": Bomb(
        "import threading, time\nthreading.stack_size(32768)\nwhile True:\n"
        "    try: threading.Thread(target=time.sleep, args=(100,), daemon=True).start()\n    except RuntimeError: pass",
        ("wall", "tasks", "cpu"),
    ),
    "memory, at once": Bomb("x = bytearray(1 << 40)", ("memory",)),
    "memory, little by little": Bomb("x = []\nwhile True: x.append(bytearray(1 << 20))", ("memory",)),
    # there may be no memory left even for saying so: then Python ends with status 1 and no word
    "memory, small objects": Bomb("x = []\nwhile True: x.append([])", ("memory", "wall", "exit")),
    "memory, doubling a list": Bomb("x = [0]\nwhile True: x = x + x", ("memory",)),
    "memory, swallowing the error": Bomb(
        "x = []\nwhile True:\n    try: x.append(bytearray(1 << 20))\n    except MemoryError: pass", ("wall", "memory")
    ),
    "memory by maps": Bomb(
        "import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 1 << 24)\n    m.write(b'x' * (1 << 24))\n    x.append(m)",
        ("exit", "memory", "wall"),
    ),
    "memory in pipes": Bomb(
        "import os\nx = []\nwhile True:\n    r, w = os.pipe()\n    os.set_blocking(w, False)\n    os.write(w, bytes(1 << 20))\n"
        "    x.append(r)",
        ("exit",),
    ),
    "disk, one file": Bomb("f = open('f', 'wb')\nwhile True: f.write(bytes(1 << 20))", ("exit", "disk")),
    "disk, many files": Bomb(
        "n = 0\nwhile True:\n    n += 1\n    try: open(f'f{n}', 'wb').write(bytes(1 << 19))\n    except OSError: pass",
        ("disk", "wall"),
    ),
    "disk, deleted files": Bomb(
        "import os\nkeep = []\nwhile True:\n    try:\n        f = open('f', 'wb', 0)\n        os.unlink('f')\n"
        "        f.write(bytes(1 << 21))\n        keep.append(f)\n    except OSError: pass",
        ("disk", "wall"),
    ),
    "disk, sparse and mapped": Bomb(
        "import mmap, os\nn = 0\nkeep = []\nwhile True:\n    n += 1\n    f = open(f'f{n}', 'w+b')\n    f.truncate(1 << 21)\n"
        "    m = mmap.mmap(f.fileno(), 1 << 21)\n    m.write(bytes([1]) * (1 << 21))\n    keep.append(m)\n    f.close()",
        ("disk", "signal", "exit", "memory"),
    ),
    "disk, deleted and mapped": Bomb(
        "import ctypes, os, time\nlibc = ctypes.CDLL(None)\nlibc.mmap.restype = ctypes.c_void_p\n"
        "libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]\n"
        "while True:\n    fd = os.open('f', os.O_RDWR | os.O_CREAT)\n    os.unlink('f')\n    os.ftruncate(fd, 1 << 19)\n"
        "    place = libc.mmap(None, 1 << 19, 3, 1, fd, 0)\n    os.close(fd)\n    ctypes.memset(place, 1, 1 << 19)\n    time.sleep(0.01)",
        ("disk",),
    ),
    "many empty files": Bomb(
        "n = 0\nwhile True:\n    n += 1\n    open(f'f{n}', 'w').close()", ("disk", "exit", "wall")
    ),
    "folders within folders": Bomb(
        "import os\nwhile True:\n    os.mkdir('d', 0o700)\n    os.chdir('d')", ("disk", "exit", "wall")
    ),
    "folders that nobody may enter": Bomb(
        "import os\nfor n in range(100):\n    os.makedirs(f'{n}/x')\n    open(f'{n}/x/y', 'w').close()\n"
        "os.umask(0o777)\nfor n in range(50): os.mkdir(f'closed{n}')",
        ("exit", "disk"),
    ),
    "strange names": Bomb(
        "import os\nfor n in range(1, 256):\n    if n not in (46, 47): open(bytes([n, n]), 'w').close()\n"
        "os.mkdir(b'\\xff' * 200)\nos.symlink('/', 'etc')\nos.symlink('..', b'\\n\\xfe')",
        ("exit",),
    ),
    "flood of output": Bomb("while True: print('x' * 10000)", ("output",)),
    "flood of errors": Bomb("import sys\nwhile True: sys.stderr.write('x' * 10000)", ("output",)),
    "flood from below": Bomb("import os\nwhile True: os.write(1, bytes(65536))", ("output",)),
    "flood of messages": Bomb("import os\nwhile True: os.write(3, bytes(65536))", ("exit", "wall"), channel=True),
    "a message without end": Bomb(
        "import os\nos.write(3, b'\\0\\x70\\0\\0')\nwhile True: os.write(3, bytes(65536))",
        ("exit", "wall"),
        channel=True,
    ),
    "a loop": Bomb("while True: pass", ("cpu",), _SHORT_CPU),
    "a loop that ignores signals": Bomb(
        "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
        "while True: pass",
        ("cpu",),
        _SHORT_CPU,
    ),
    "threads that loop": Bomb(
        "import threading\ndef f():\n    while True: pass\nfor _ in range(8): threading.Thread(target=f).start()",
        ("cpu",),
        _SHORT_CPU,
    ),
    "sleep": Bomb("import time\nwhile True: time.sleep(100)", ("wall",), _SHORT),
    "sleep without signals": Bomb(
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: time.sleep(100)",
        ("wall",),
        _SHORT,
    ),
    "wait for standard input that never ends": Bomb("import os\nr, w = os.pipe()\nos.read(r, 1)", ("wall",), _SHORT),
    "close everything and wait": Bomb(
        "import os, time\nos.closerange(0, 100)\nwhile True: time.sleep(100)", ("wall",), _SHORT
    ),
    "a thread that outlives the program": Bomb(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(100,)).start()", ("wall",), _SHORT
    ),
    "an exit handler that hangs": Bomb("import atexit, time\natexit.register(time.sleep, 100)", ("wall",), _SHORT),
    "a finaliser that hangs": Bomb(
        "import time\nclass A:\n    def __del__(self): time.sleep(100)\nx = A()\ndel x", ("wall",), _SHORT
    ),
    "endless recursion": Bomb(
        "import sys\nsys.setrecursionlimit(1 << 30)\ndef f(): f()\nf()", ("exit", "signal", "memory", "wall")
    ),
    "recursion in C": Bomb(
        "import sys\nsys.setrecursionlimit(1 << 30)\nx = []\nfor _ in range(10 ** 6): x = [x]\nrepr(x)",
        ("exit", "signal", "memory", "wall"),
    ),
    "all descriptors": Bomb("import os\nwhile True: os.dup(0)", ("exit",)),
    "crash": Bomb("import ctypes\nctypes.string_at(0)", ("signal",)),
    "abort with a core": Bomb("import os\nos.abort()", ("signal",)),
    "a call of another architecture": Bomb(
        "import ctypes, mmap, platform\nm = mmap.mmap(-1, 4096, prot=7)\n"
        "m.write(b'\\xb8\\x01\\x00\\x00\\x00\\xcd\\x80\\xc3')\n"  # mov eax, 1; int 0x80; ret
        "ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()",
        ("signal",),
    ),
    "a power": Bomb("print(9 ** 9 ** 9)", ("wall", "cpu", "memory")),
    "a pattern": Bomb("import re\nre.match('(a+)+$', 'a' * 40 + 'b')", ("wall", "cpu")),
    "a source that is hard to compile": Bomb(
        "x = " + "(" * 90 + ")" * 90 + "\n" + "-" * 100000 + "1", ("exit", "signal", "memory")
    ),
    "a huge source": Bomb("x = [" + "1," * 500_000 + "]", ("exit", "memory", "wall")),
    "null bytes": Bomb("print(1)\0", ("exit",)),
}
