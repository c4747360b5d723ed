"""Printing: tables for a person, JSON for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """`value` as indented JSON on stdout; NaN and infinity are null, and what else JSON does not know is text."""
    from rlvr.records import without_nan

    said = json.dumps(without_nan(value), indent=2, ensure_ascii=False, default=str)
    # What a terminal might obey (a right-to-left mark, a C1 control) is escaped; the JSON says the same.
    print("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in said))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    """A table that fits the terminal. In a pipe nothing is cut or wrapped, so that `grep` finds whole lines."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from rlvr.tracking.console import harmless

    table = Table(*columns, title=escape(title) or None, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    for row in rows:
        table.add_row(*(harmless("" if cell is None else str(cell)) for cell in row))  # it may be a model's
    if sys.stdout.isatty():
        return Console(highlight=False).print(table)
    plain = Console(width=10_000, highlight=False, color_system=None)
    with plain.capture() as text:
        plain.print(table)
    print("\n".join(line.rstrip() for line in text.get().strip("\n").splitlines()))
