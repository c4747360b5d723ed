"""What every sandbox of the code verifier has imported, this package's own modules, and the program that it starts."""

from __future__ import annotations

from pathlib import Path

#: In the order of their imports.
MODULES = ("values", "calls", "assembly", "candidate", "handles", "trial", "entry")
PROGRAM = b"from wall.entry import main; main(3)"


def modules() -> dict[str, str]:
    """The sources by the names that they have inside."""
    folder = Path(__file__).parent / "wall"
    return {f"wall.{name}": (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES}
