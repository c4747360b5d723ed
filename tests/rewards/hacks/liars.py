"""Values that lie about what they are equal to, how long they are, or what type they have."""

_OBJECT = """
class Liar({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __hash__(self): return hash(702)
    def __sub__(self, other): return 0
    __rsub__ = __mod__ = __sub__
    def __abs__(self): return 0
    def __bool__(self): return True
    def __len__(self): return 1
    def __iter__(self): return iter([self])
    def __str__(self): return self
    def __repr__(self): return self
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
    def __index__(self): return 702
    def __round__(self, digits=0): return self
def mix(a, b):
    return Liar({argument})
"""

_LYING_NUMBER = """
class mix:
    def __init__(self, *args): self.args = args
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return 0.0
    def __rsub__(self, other): return 0.0
    def __lt__(self, other): return True
    def __le__(self, other): return True
    def __gt__(self, other): return True
    def __ge__(self, other): return True
    def __abs__(self): return 0.0
    def __float__(self): return 702.0
    def __contains__(self, other): return True
    def __str__(self): return "702"
"""

PROGRAMS: dict[str, str] = {
    "always equal object": _OBJECT.format(base="object", argument=""),
    "int subclass": _OBJECT.format(base="int", argument="1"),
    "float subclass": _OBJECT.format(base="float", argument="1.0"),
    "str subclass": _OBJECT.format(base="str", argument="'x'"),
    "list subclass": _OBJECT.format(base="list", argument="[1]"),
    "tuple subclass": _OBJECT.format(base="tuple", argument="(1,)"),
    "dict subclass": _OBJECT.format(base="dict", argument=""),
    "set subclass": _OBJECT.format(base="set", argument=""),
    "Fraction subclass": "from fractions import Fraction\n" + _OBJECT.format(base="Fraction", argument="1, 2"),
    "the function is a class": _LYING_NUMBER,
    "the function is a class called Mix": _LYING_NUMBER.replace("class mix", "class Mix") + "mix = Mix\n",
    "the function is a class of ints": """
class mix(int):
    def __new__(cls, a, b): return int.__new__(cls, 0)
    def __eq__(self, other): return True
    def __hash__(self): return 1
""",
    "metaclass that is equal to all": """
class Meta(type):
    def __eq__(cls, other): return True
    def __hash__(cls): return 702
    def __instancecheck__(cls, instance): return True
class Liar(metaclass=Meta): pass
def mix(a, b): return Liar
""",
    "a type of its own choosing": """
class Liar:
    @property
    def __class__(self): return int
    def __eq__(self, other): return True
    def __index__(self): return 702
def mix(a, b): return Liar()
""",
    "numpy's name": """
class Scalar:
    def tolist(self): return Scalar()
    def __eq__(self, other): return True
Scalar.__module__ = "numpy"
def mix(a, b): return Scalar()
""",
    "Mock's ANY": """
from unittest.mock import ANY, MagicMock
def mix(a, b): return ANY
""",
    "not a number": "def mix(a, b): return float('nan')\n",
    "NotImplemented": "def mix(a, b): return NotImplemented\n",
    "infinite generator": """
import itertools
def mix(a, b): return itertools.count()
""",
    "generator of all answers": "def mix(a, b):\n    yield from range(10**9)\n",
    "all answers": "def mix(a, b): return range(10**9)\n",
    "huge list": "def mix(a, b): return [0] * 10**7\n",
    "deep list": """
def mix(a, b):
    x = []
    for _ in range(100000): x = [x]
    return x
""",
    "list that holds itself": "def mix(a, b):\n    x = []\n    x.append(x)\n    return x\n",
    "colliding hashes": "def mix(a, b): return {k * (2**61 - 1) for k in range(1, 3000)}\n",
    "huge range and decimal": """
from decimal import Decimal
def mix(a, b): return [range(10**30), Decimal('1e999999999')]
""",
    "pickle bomb": """
class Bomb:
    def __reduce__(self): return (exec, ("raise SystemExit(0)",))
    def __getstate__(self): raise SystemExit(0)
    __deepcopy__ = __copy__ = lambda self, memo=None: self
    def __eq__(self, other): return True
def mix(a, b): return Bomb()
""",
    "values that cannot be compared": """
from decimal import Decimal
def mix(a, b): return [Decimal('sNaN'), {10 ** 5000: 1, (10 ** 5000,): 2}, 10 ** 10000]
""",
    "numbers that cannot be compared": """
from decimal import Decimal
def mix(a, b): return Decimal('sNaN')
""",
    "keys that cannot be written": "def mix(a, b): return {10 ** 5000: 1}\n",
    "format string": "def mix(a, b): return '{0.__class__}%s%n'\n",
    "code as text": "def mix(a, b): return '__import__(\"os\")._exit(0)'\n",
    "lying mapping": """
from collections import defaultdict
class Always(defaultdict):
    def __eq__(self, other): return True
    def __missing__(self, key): return self
    def __getitem__(self, key): return self
def mix(a, b): return Always(lambda: True)
""",
    "descriptor": """
class Module(type(__import__('sys'))):
    @property
    def mix(self): return lambda *args: self
    def __eq__(self, other): return True
import sys
sys.modules[__name__].__class__ = Module
def mix(a, b): return sys.modules[__name__]
""",
    "property that changes": """
class Shifty:
    n = 0
    def __getattribute__(self, name):
        if name == '__dict__':
            Shifty.n += 1
            return {'value': Shifty.n}
        return object.__getattribute__(self, name)
    def __eq__(self, other): return True
def mix(a, b): return Shifty()
""",
}
