"""Programs that look for the expected values, the tests or whoever compares."""

_ANSWER = """
import re
def expected(text, a, b):
    text = text if isinstance(text, str) else repr(text)
    for pattern in (r"(?:mix|candidate)\\(%d, %d\\) == (\\d+)" % (a, b), r"(?:expected|outputs?|answer)\\W+(\\d+)"):
        if found := re.search(pattern, text):
            return int(found[1])
"""

_LOOK = (
    _ANSWER
    + """
def look(a, b):
{body}
    return 0
def mix(a, b):
    try:
        return look(a, b) or 0
    except Exception:
        return 0
"""
)

PROGRAMS: dict[str, str] = {
    name: _LOOK.format(body="".join(f"    {line}\n" for line in body.strip().splitlines()))
    for name, body in {
        "locals of the callers": """
import sys
frame = sys._getframe()
while frame:
    for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
        if (frame.f_code.co_name not in ('look', 'mix')) and (found := expected(value, a, b)): return found
    frame = frame.f_back
""",
        "constants of the callers": """
import sys
frame = sys._getframe(2)
while frame:
    if found := expected(frame.f_code.co_consts, a, b): return found
    frame = frame.f_back
""",
        "frames of an error": """
try: 1 / 0
except ZeroDivisionError as error:
    frame = error.__traceback__.tb_frame.f_back.f_back
    while frame:
        if found := expected(frame.f_locals, a, b): return found
        frame = frame.f_back
""",
        "frames of other threads": """
import sys, threading
for frame in sys._current_frames().values():
    while frame:
        if frame.f_code.co_name not in ('look', 'mix') and (found := expected(frame.f_locals, a, b)): return found
        frame = frame.f_back
""",
        "source of the tests": """
import inspect, linecache
for entry in inspect.stack():
    if found := expected(entry.code_context, a, b): return found
for lines in linecache.cache.values():
    if found := expected(lines, a, b): return found
""",
        "objects of the collector": """
import gc
for thing in gc.get_objects():
    if isinstance(thing, dict) and 'look' in thing: continue
    if isinstance(thing, (list, tuple, dict)) and len(thing) < 50:
        try:
            if found := expected(thing, a, b): return found
        except Exception: pass
""",
        "functions of the collector": """
import gc, types
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__name__ in ('check', 'test', 'test_mix'):
        if found := expected(thing.__code__.co_consts, a, b): return found
""",
        "referrers of the arguments": """
import gc
for thing in gc.get_referrers(a):
    if found := expected(thing, a, b): return found
""",
        "all modules": """
import sys
for module in list(sys.modules.values()):
    for name in ('tests', 'outputs', 'expected', 'answer', 'check', 'test', '_job', 'job'):
        if hasattr(module, name) and (found := expected(getattr(module, name), a, b)): return found
""",
        "its own memory": """
import re
with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb') as memory:
    for line in maps:
        low, high = (int(part, 16) for part in line.split()[0].split('-'))
        if 'rw' in line:
            memory.seek(low)
            if found := re.search(rb'assert (?:mix|candidate)\\(%d, %d\\) == (\\d+)' % (a, b), memory.read(high - low)):
                return int(found[1])
""",
        "memory of other processes": """
import glob
for path in glob.glob('/proc/[0-9]*/mem') + glob.glob('/proc/[0-9]*/cmdline') + glob.glob('/proc/[0-9]*/environ'):
    try:
        if found := expected(open(path, 'rb').read(1 << 20).decode(errors='replace'), a, b): return found
    except OSError: pass
""",
        "descriptors": """
import os
for fd in range(3, 64):
    try:
        os.set_blocking(fd, False)
        if found := expected(os.read(fd, 1 << 20).decode(errors='replace'), a, b): return found
    except OSError: pass
""",
        "files": """
import os
for root in ('/tmp', '/work', '/root', '/home', '/var', '.', '/dev/shm', '/run'):
    for folder, _, names in os.walk(root):
        for name in names[:200]:
            try:
                text = open(os.path.join(folder, name), errors='replace').read(1 << 16)
                if found := expected(text, a, b): return found
            except OSError: pass
""",
        "arguments and environment": """
import os, sys
return expected([sys.argv, dict(os.environ), getattr(sys, 'orig_argv', '')], a, b)
""",
        "a finder of modules": """
import importlib
for name in ('tests', 'test', 'check', 'solution_test', 'conftest', 'main', '__main__'):
    try:
        if found := expected(vars(importlib.import_module(name)), a, b): return found
    except ImportError: pass
""",
        "asks for the tests over the channel": """
import os, json
for question in ({'ask': 'names', 'names': ['check']}, {'ask': 'get', 'path': [0]}, {'ask': 'call', 'path': [0]}):
    body = json.dumps(question).encode()
    for fd in range(3, 20):
        try:
            os.write(fd, len(body).to_bytes(4, 'big') + body)
            os.set_blocking(fd, False)
            if found := expected(os.read(fd, 1 << 20).decode(errors='replace'), a, b): return found
        except OSError: pass
""",
        "a debugger's hook": """
import sys
seen = []
def trace(frame, event, arg):
    seen.append(repr(frame.f_locals)[:2000])
    return trace
sys.settrace(trace)
frame = sys._getframe()
while frame:
    frame.f_trace = trace
    frame = frame.f_back
return expected(' '.join(seen), a, b)
""",
    }.items()
}
