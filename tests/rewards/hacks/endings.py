"""Programs that end, or do not end, at a moment of their choosing."""


def _at_both(statement: str) -> dict[str, str]:
    """Once while the program loads, once while it is called."""
    return {
        f"{statement} while loading": f"import os, sys, signal\ndef mix(a, b):\n    return 0\n{statement}\n",
        f"{statement} in the call": f"import os, sys, signal\ndef mix(a, b):\n    {statement}\n",
    }


PROGRAMS: dict[str, str] = {
    **_at_both("os._exit(0)"),
    **_at_both("sys.exit(0)"),
    **_at_both("raise SystemExit"),
    **_at_both("raise KeyboardInterrupt"),
    **_at_both("raise GeneratorExit"),
    **_at_both("raise StopIteration"),
    **_at_both("os.kill(os.getpid(), signal.SIGKILL)"),
    **_at_both("os.kill(os.getppid(), signal.SIGKILL)"),
    **_at_both("os.abort()"),
    **_at_both("os.close(3)"),
    **_at_both("os.closerange(0, 100)"),
    **_at_both("os.execv(sys.executable, [sys.executable, '-c', 'print(702)'])"),
    **_at_both("os.fork() and os._exit(0)"),
    "exit handlers": """
import atexit, os
atexit.register(lambda: print(702))
atexit.register(os._exit, 0)
def mix(a, b): return 0
""",
    "a thread that outlives": """
import threading, time, os
def later():
    time.sleep(0.2)
    print(702)
    os._exit(0)
threading.Thread(target=later).start()
def mix(a, b): return 0
""",
    "a process that outlives": """
import os, time
try:
    if os.fork() == 0:
        os.setsid()
        time.sleep(30)
except OSError: pass
def mix(a, b): return 0
""",
    "signals": """
import signal, os
for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGXCPU):
    try: signal.signal(number, lambda *args: os._exit(0))
    except OSError: pass
try: signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
except OSError: pass
def mix(a, b): return 0
""",
    "a finaliser": """
import os
class Last:
    def __del__(self): os._exit(0)
last = Last()
def mix(a, b):
    globals().clear()
    return 0
""",
    "a generator that never closes": """
def mix(a, b):
    try: yield 0
    finally: raise SystemExit(0)
""",
    "recursion": "def mix(a, b): return mix(a, b)\n",
    "all memory": "def mix(a, b): return len(bytearray(1 << 40))\n",
    "an endless loop": "def mix(a, b):\n    while True: pass\n",
    "a sleeper": "import time\ndef mix(a, b):\n    time.sleep(1000)\n",
    "an endless comparison": """
class Slow:
    def __eq__(self, other):
        while True: pass
    __hash__ = __lt__ = __sub__ = __bool__ = __repr__ = __str__ = __iter__ = __eq__
def mix(a, b): return Slow()
""",
    "an error that never ends": """
class Endless(Exception):
    def __str__(self):
        while True: pass
def mix(a, b): raise Endless
""",
    "skips the tests": """
import unittest
def mix(a, b): raise unittest.SkipTest("fine")
""",
    "a coroutine": "async def mix(a, b): return 702\n",
    "nothing": "mix = None\n",
    "does not compile": "def mix(a, b) return 0\n",
    "too deep for the parser": "def mix(a, b):\n    return " + "(" * 5000 + ")" * 5000 + "\n",
    "too deep for the compiler": "def mix(a, b):\n    return " + "-" * 50_000 + "1\n",
    "null bytes": "def mix(a, b):\n    return 0\n\0\n",
    "a sum without end": "def mix(a, b):\n    return " + "+".join(["a"] * 30_000) + "\n",
}
