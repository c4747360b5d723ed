"""The quickstart with its control for several seeds, as a Markdown table.

python tests/bench/quickstart_seeds.py --seeds 0 1 2
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

FIELDS = (
    "seed",
    "accuracy_before",
    "accuracy_after",
    "accuracy_longer_after",
    "accuracy_more_cold_start",
    "length_before",
    "length_after",
    "seconds",
)


def summary(seed: int, control: bool, folder: Path) -> dict[str, float | None]:
    """Runs the quickstart in `folder`; what its summary says."""
    command = [sys.executable, "-m", "rlvr", "quickstart", "--seed", str(seed), *(["--control"] if control else [])]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"seed {seed} failed ({done.returncode}):\n{(done.stdout + done.stderr)[-3000:]}")
    values: dict[str, float | None] = json.loads((folder / "runs" / "quickstart" / "summary.json").read_text())
    return values


def row(values: dict[str, float | None]) -> str:
    cells = []
    for field in FIELDS:
        value = values.get(field)
        cells.append("-" if value is None else f"{value:.0f}" if field in ("seed", "seconds") else f"{value:.3g}")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--no-control", action="store_true")
    parser.add_argument("--out", type=Path, help="also write the table here")
    arguments = parser.parse_args()
    lines = [f"| {' | '.join(FIELDS)} |", "|" + "---|" * len(FIELDS)]
    print("\n".join(lines), flush=True)
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            lines.append(row(summary(seed, not arguments.no_control, Path(folder))))
        print(lines[-1], flush=True)
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
