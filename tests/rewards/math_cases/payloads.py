"""Answers that would run code, were they ever handed to an interpreter of some kind."""

from __future__ import annotations

MARKER = "MARKER"  # replaced by the path of a file that must not come into being
_TOUCH = "__import__('os').system('touch MARKER')"
PAYLOADS: list[str] = [
    _TOUCH,
    f"1+{_TOUCH}",
    f"sqrt({_TOUCH})",
    f"\\sqrt{{{_TOUCH}}}",
    f"\\frac{{1}}{{{_TOUCH}}}",
    f"({_TOUCH}, 2)",
    f"\\text{{{_TOUCH}}}",
    "open('MARKER', 'w')",
    "open('MARKER','w').close() or 41",
    "exec(\"open('MARKER','w')\")",
    "eval(\"open('MARKER','w')\")",
    "(lambda: open('MARKER','w'))()",
    "[open('MARKER','w') for x in (1,)]",
    "().__class__.__bases__[0].__subclasses__()[140].__init__.__globals__['open']('MARKER','w')",
    "x.__class__.__mro__[1].__subclasses__",
    "Symbol('x').func.__globals__['__builtins__']['open']('MARKER','w')",
    "sympify(\"open('MARKER','w')\")",
    "Integer(1).__class__.__init__.__globals__",
    "{0.__class__.__init__.__globals__[open]}",
    "!!python/object/apply:os.system ['touch MARKER']",
    "\\immediate\\write18{touch MARKER}",
    "\\input{|touch MARKER}",
    "$(touch MARKER)",
    "`touch MARKER`",
    "; touch MARKER ;",
    "cos\nsystem\n(S'touch MARKER'\ntR.",
    "import os; os.system('touch MARKER')",
    "print(open('/etc/passwd').read())",
    'f\'{open("MARKER","w")}\'',
    "a if open('MARKER','w') else b",
]
