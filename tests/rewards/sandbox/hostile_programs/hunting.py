"""What a program may find in its own process: nothing of the sandbox's, and nothing of earlier programs."""
# ruff: noqa: E501 - programs, some on one line

from __future__ import annotations

from . import Attempts

PROGRAMS = {
    "descriptors": Attempts(
        """
for fd in range(3, 1024):
    try:
        os.fstat(fd)
    except OSError:
        continue
    print("LEAK descriptor", fd)
print("held: looked at all")
attempt("read", lambda: os.read(3, 1))
attempt("write", lambda: os.write(3, b"x"))
attempt("control of the server", lambda: socket.socket(fileno=0).getpeername())
"""
    ),
    "environment": Attempts(
        """
for name in os.environ:
    print("LEAK", name)
attempt("environment block", lambda: read("/proc/self/environ"))
pointer = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
i = 0
while pointer and pointer[i]:
    print("LEAK", pointer[i])
    i += 1
print("held", sys.argv)
if len(sys.argv) != 1: print("LEAK", sys.argv)
"""
    ),
    "frames": Attempts(
        """
frame = sys._getframe()
while frame:
    for name, value in list(frame.f_locals.items()):
        if isinstance(value, socket.socket):
            print("LEAK", name)
    if "config" in frame.f_locals or "server" in frame.f_locals: print("LEAK frame of the server", list(frame.f_locals))
    frame = frame.f_back
print("held: walked up")
import gc
for thing in gc.get_objects():
    if isinstance(thing, socket.socket) and thing.fileno() >= 0: print("LEAK", thing)
    if type(thing).__name__ == "Server" and thing.control.fileno() >= 0: print("LEAK", thing)
for name, module in list(sys.modules.items()):
    if "sandbox" in name or "inside" in name: print("LEAK", name)
"""
    ),
}

#: Run after a program that held `@TOKEN@` in its text, its input and its files: looks through all of its own memory.
SCAN = r"""
import ctypes, ctypes.util, os, re, sys
needle = bytes(b ^ 1 for b in bytes.fromhex("@XORED@"))
libc = ctypes.CDLL(None)
libc.memmem.restype = ctypes.c_void_p
libc.memmem.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]
# Without /proc: a pipe says which pages can be read (EFAULT for those that cannot).
r, w = os.pipe()
os.set_blocking(w, False)
write = ctypes.CDLL(None, use_errno=True).write
write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
anchors = [id(object()), id(sys), ctypes.addressof(ctypes.c_int()), id(needle), ctypes.addressof(ctypes.create_string_buffer(1 << 20))]
libc.sbrk.restype = ctypes.c_void_p
libc.sbrk.argtypes = [ctypes.c_long]
anchors.append(libc.sbrk(0) - 4096)
own = ctypes.addressof(ctypes.c_char_p(needle))
seen, found, pages = set(), 0, 0
own_places = {id(needle)}
for anchor in anchors:
    for direction in (1, -1):
        page, misses = anchor & ~4095, 0
        while misses < 300 and pages < 100000:
            if page in seen:
                page += 4096 * direction
                continue
            if write(w, page, 1) == 1:
                os.read(r, 1)
                seen.add(page)
                pages += 1
                misses = 0
                at = libc.memmem(page, 4096, ctypes.cast(needle, ctypes.c_void_p), len(needle))
                if at and not (id(needle) <= at < id(needle) + 200): found += 1
            else:
                misses += 1
            page += 4096 * direction
print("LEAK" if found else "held", found, "places in", pages, "pages")
"""
