"""Writes docs/metrics.md, the glossary of metrics, from the code.

.venv/bin/python scripts/glossary.py          # updates docs/metrics.md
.venv/bin/python scripts/glossary.py --check  # exit code 1 where it is out of date (a test runs this)
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from rlvr.tracking.glossary import described

FILE = Path(__file__).resolve().parents[1] / "docs" / "metrics.md"
_HEAD = """# Metrics

What stands in `metrics.jsonl`, in the page of `rlvr view` and in trackers. `scripts/glossary.py` writes this file.
`*` stands for what a recipe or a verifier names.
"""


def glossary() -> str:
    """The file's text: one table a section, the part of a name before the first slash."""
    parts = [_HEAD]
    for section, entries in itertools.groupby(sorted(described().items()), key=lambda item: item[0].partition("/")[0]):
        rows = [f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in entries]
        parts.append("\n".join([f"\n## {section}\n", "| metric | meaning |", "|---|---|", *rows, ""]))
    return "".join(parts)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(FILE.read_text(encoding="utf-8") != glossary())
    FILE.write_text(glossary(), encoding="utf-8")
