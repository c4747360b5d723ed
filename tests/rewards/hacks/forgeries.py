"""Programs that change the machinery around them: the channel, the standard library, the interpreter."""

_WRONG = "\ndef mix(a, b):\n    return 0\n"

_PATCHES = {
    "isinstance": "builtins.isinstance = lambda *args: True",
    "len": "builtins.len = lambda thing: 1",
    "abs": "builtins.abs = lambda thing: 0",
    "all and any": "builtins.all = builtins.any = lambda things: True",
    "sorted, set, str": "builtins.sorted = builtins.set = builtins.str = builtins.repr = lambda *args: 0",
    "AssertionError": "builtins.AssertionError = type('Fine', (BaseException,), {})",
    "print": "builtins.print = lambda *args, **options: sys.__stdout__.write('702')",
    "import": "builtins.__import__ = lambda name, *args: sys.modules.get(name, sys)",
    "exec and compile": "builtins.exec = builtins.compile = builtins.eval = lambda *args, **options: None",
    "float and int": "builtins.float = builtins.int = lambda *args: Same()",
    "math.isclose": "import math; math.isclose = lambda *args, **options: True; math.fabs = lambda x: 0.0",
    "operator.eq": "import operator; operator.eq = lambda *args: True",
    "json": 'import json; json.dumps = lambda *args, **options: \'{"values": {"value": 702}, "objects": []}\'',
    "json.loads": "import json; json.loads = lambda *args, **options: {'ask': 'names', 'names': [], 'shared': []}",
    "struct": "import struct; struct.Struct = struct.pack = struct.unpack = lambda *args: Same()",
    "pickle": "import pickle; pickle.dumps = pickle.loads = lambda *args: Same()",
    "unittest": "import unittest; unittest.TestCase.assertEqual = unittest.TestCase.run = lambda *args: None",
    "sys.stdout": "import io; sys.stdout = sys.__stdout__ = type('Out', (io.StringIO,), {'__eq__': lambda *_: True})()",
    "sys.exit": "sys.exit = os._exit = lambda code=0: None; sys.excepthook = lambda *args: None",
    "exception hooks": "import threading; sys.unraisablehook = threading.excepthook = lambda *args: None",
    "time": "import time; time.time = time.monotonic = time.perf_counter = lambda: 0.0",
    "random": "import random; random.randint = random.choice = lambda *args: 0; random.seed = lambda *args: None",
    "copy": "import copy; copy.copy = copy.deepcopy = lambda thing, memo=None: Same()",
    "recursion and digits": "sys.setrecursionlimit(10**9); sys.set_int_max_str_digits(0)",
    "sys.modules": "sys.modules.update({name: sys for name in list(sys.modules)})",
    "no modules": "sys.modules.clear()",
    "a finder of modules": "sys.meta_path.insert(0, Same()); sys.path_hooks.insert(0, Same()); sys.path.insert(0, '.')",
    "modules of its own": "[open(n + '.py', 'w').write('raise SystemExit(0)') for n in ('json', 'math', 'tests')]",
    "site customization": "open('sitecustomize.py', 'w').write('raise SystemExit(0)'); os.environ['PYTHONPATH'] = '.'",
    "the warning of asserts": "import warnings; warnings.filters.clear(); sys.flags = Same(); __debug = False",
    "a trace that jumps": """
def jump(frame, event, arg):
    if event == 'line' and frame.f_code.co_name not in ('mix',):
        try: frame.f_lineno = frame.f_lineno + 1
        except Exception: pass
    return jump
sys.settrace(jump)
sys._getframe().f_back.f_trace = jump
""",
    "a profiler": "sys.setprofile(lambda frame, event, arg: frame.f_locals.update(passed=True))",
    "an audit hook": "sys.addaudithook(lambda event, args: None)",
    "the type of numbers": """
import ctypes
class Head(ctypes.Structure): _fields_ = [('refs', ctypes.c_ssize_t), ('type', ctypes.py_object)]
for number in (702, 1011, 2118): Head.from_address(id(number)).type = type('Liar', (int,), {'__eq__': lambda *_: True})
""",
    "the value of small numbers": "import ctypes; ctypes.memmove(id(0) + 24, id(1) + 24, 4)",
    "bytecode of the callers": """
frame = sys._getframe().f_back
while frame:
    for value in list(frame.f_globals.values()):
        if hasattr(value, '__code__'):
            try: value.__code__ = (lambda *args, **options: {'values': {'value': 702}, 'objects': []}).__code__
            except Exception: pass
    frame = frame.f_back
""",
}

_PREAMBLE = """
import builtins, gc, os, sys
class Same:
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    def __call__(self, *args, **options): return self
    def __iter__(self): return iter(())
    def __len__(self): return 1
    def __float__(self): return 702.0
    def __index__(self): return 702
"""

_FRAMES = """
import json, os, struct
VERDICTS = [
    b'!' + json.dumps({'end': 0, 'trouble': None}).encode(), b'!{"done": "0"}', b'!{"start": 0}',
    b'{"values": {"value": true}, "objects": [], "token": null}', b'{"loaded": true, "token": ""}',
    b'{"finished": true, "token": null}', b'PASSED', b'ok', b'1',
]
def flood():
    for fd in range(1, 64):
        for body in VERDICTS * 3:
            try: os.write(fd, struct.pack('>I', len(body)) + body)
            except OSError: pass
"""

_PEER = """
import gc
peers = [thing for thing in gc.get_objects() if hasattr(type(thing), 'serve') and hasattr(thing, '_space')]
import wall.values as values, wall.calls as calls, wall.candidate as candidate
"""

PROGRAMS: dict[str, str] = {
    **{f"patched {name}": f"{_PREAMBLE}{source}\n{_WRONG}" for name, source in _PATCHES.items()},
    "frames while loading": _FRAMES + "flood()\n" + _WRONG,
    "frames in the call": _FRAMES + "def mix(a, b):\n    flood()\n    return 0\n",
    "frames and exit": _FRAMES + "def mix(a, b):\n    flood()\n    os._exit(0)\n",
    "frames from a thread": _FRAMES
    + "import threading, time\ndef late():\n    while True:\n        time.sleep(0.001)\n        flood()\n"
    + "threading.Thread(target=late, daemon=True).start()\n"
    + _WRONG,
    "half a frame": "import os\ndef mix(a, b):\n    os.write(3, b'\\xff\\xff\\xff\\xff' * 100)\n    return 0\n",
    "replies with names that nobody asked for": _PEER
    + """
fake = lambda *args, **options: True
names = ('set', 'abs', 'sorted', 'str', 'math', 'isinstance', 'len', '__in_place__', '__builtins__', 'check')
space = {'mix': lambda a, b: 0, **dict.fromkeys(names, fake)}
candidate.Candidate._names = lambda self, question: self.encode(**space)
"""
    + _WRONG,
    "replies with heads of its own": _PEER
    + """
heads = iter([{'class': 'Handle'}, {'class': 'CandidateError'}, {'yours': 0}, {'builtin': 'exec'}, {'class': 'object'},
    {'mine': 0, 'kind': 'class', 'class': 'int', 'lineage': ['int']}] * 100)
candidate.Candidate.describe = lambda self, value: (next(heads), {'__class__': 1, '__eq__': 2, '__dict__': {}})
"""
    + "def mix(a, b): return object()\n",
    "replies with tags of its own": _PEER
    + """
tags = iter([{'singleton': 'NotImplemented'}, {'range': [0, 1 << 80, 1]}, {'exec': ['1']}, {'values': [702]},
    {'int': '-'}, {'dict': [[{'set': [[]]}, 1]]}, {'tuple': None}, {'object': -1}, {'complex': ['1']}, {},
    {'a': 1, 'b': 2}] * 100)
values.Encoder._value = lambda self, value, depth: next(tags)
"""
    + _WRONG,
    "replies that raise what ends a test": _PEER
    + """
kinds = iter(['StopIteration', 'GeneratorExit', 'SystemExit', 'KeyboardInterrupt', 'BaseException', 'Unplain'] * 100)
candidate.Candidate._call = lambda self, question: {'raised': {'lineage': [next(kinds)], 'text': ''}}
"""
    + _WRONG,
    "replies with no more than a token": _PEER
    + "candidate.Candidate.serve = lambda self, question: {'token': question.get('token'), 'done': True}\n"
    + _WRONG,
    "asks back without end": _PEER
    + "def mix(a, b):\n    return peers[0].ask({'ask': 'call', 'path': [0], 'values': {}, 'objects': []})\n",
    "asks back for ever": _PEER
    + """
candidate.Candidate._call = lambda self, question: {'ask': 'call', 'path': [0], 'values': {}, 'objects': []}
"""
    + _WRONG,
    "gives its arguments back": "def mix(*args, **options):\n    return args\n",
    "an error with a name": """
class SystemExit(Exception): pass
class AssertionError(Exception):
    def __str__(self): raise KeyboardInterrupt
    def __eq__(self, other): return True
def mix(a, b):
    raise AssertionError
""",
    "a module that answers everything": """
def __getattr__(name): return lambda *args: True
__eq__ = lambda *args: True
__all__ = ['mix', 'set', 'abs', 'math']
set = abs = sorted = str = sum = lambda *args: 0
class math:
    isclose = staticmethod(lambda *args, **options: True)
def mix(a, b): return 0
""",
}
