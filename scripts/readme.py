"""Writes what README.md says about the code from the code: the table of algorithms.

.venv/bin/python scripts/readme.py          # updates README.md
.venv/bin/python scripts/readme.py --check  # exit code 1 where it is out of date (a test runs this)
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from rlvr import registry

README = Path(__file__).resolve().parents[1] / "README.md"
_TABLE = re.compile(r"(<!-- algorithms -->\n).*?(<!-- /algorithms -->)", re.DOTALL)


def algorithm_table() -> str:
    """One row an algorithm: what it declares of itself."""
    rows = ["| name | advantage | surrogate | aggregation | paper |", "|---|---|---|---|---|"]
    for name in registry.REGISTRIES["algorithm"].names():
        cls = registry.get("algorithm", name)
        if not cls.__module__.startswith("rlvr.algorithms."):  # a plug-in's, which is not ours to describe
            continue
        aggregation = cls().aggregation.replace("_", " ")
        rows.append(f"| `{name}` | {cls.advantage} | {cls.surrogate} | {aggregation} | [paper]({cls.paper}) |")
    return "\n".join(rows) + "\n"


def updated(text: str) -> str:
    """README's text with the table of today."""
    return _TABLE.sub(lambda found: found.group(1) + algorithm_table() + found.group(2), text)


if __name__ == "__main__":
    old = README.read_text(encoding="utf-8")
    new = updated(old)
    if "--check" in sys.argv:
        sys.exit(new != old)
    README.write_text(new, encoding="utf-8")
