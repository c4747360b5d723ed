"""The program that every sandbox of the code verifier starts: this package's own modules, sent in as text."""

from __future__ import annotations

import textwrap
from functools import cache
from pathlib import Path

#: In the order of their imports.
MODULES = ("values", "calls", "assemble", "candidate", "handles", "trial", "inside")


@cache
def inside() -> bytes:
    """The program's source."""
    folder = Path(__file__).parent
    sources = {f"code_{name}": (folder / f"code_{name}.py").read_text(encoding="utf-8") for name in MODULES}
    return textwrap.dedent(f"""
        import sys, types
        package = sys.modules["wall"] = types.ModuleType("wall")
        package.__path__ = []
        for name, source in {sources!r}.items():
            module = sys.modules["wall." + name] = types.ModuleType("wall." + name)
            module.__package__ = "wall"
            setattr(package, name, module)
            exec(compile(source, "<" + name + ">", "exec", dont_inherit=True), module.__dict__)
        package.code_inside.main(3)
    """).encode()
