"""What every sandbox of the code verifier has imported, this package's own modules, and the program that it starts."""

from __future__ import annotations

from pathlib import Path

#: In the order of their imports.
MODULES = ("values", "calls", "assemble", "candidate", "handles", "trial", "inside")
PROGRAM = b"from wall.code_inside import main; main(3)"


def modules() -> dict[str, str]:
    """The sources by the names that they have inside."""
    folder = Path(__file__).parent
    return {f"wall.code_{name}": (folder / f"code_{name}.py").read_text(encoding="utf-8") for name in MODULES}
