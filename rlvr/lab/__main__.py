"""`python -m rlvr.lab NAME`: one experiment, its numbers, and its picture."""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs what is named; exit code 2 where a name or a library is missing."""
    if missing := [name for name in ("gymnasium", "matplotlib") if importlib.util.find_spec(name) is None]:
        print(f"rlvr.lab needs {' and '.join(missing)}: pip install 'rlvr[lab]'", file=sys.stderr)
        sys.exit(2)
    from rlvr.lab.experiments import EXPERIMENTS

    parser = argparse.ArgumentParser("python -m rlvr.lab", description=__doc__)
    parser.add_argument("name", choices=EXPERIMENTS, metavar="NAME", help=", ".join(EXPERIMENTS))
    parser.add_argument("--out", type=Path, default=Path("lab"), help="folder of the picture (lab)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=5, help="seeds a curve is measured on (5)")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    picture = options.out / f"{options.name}.png"
    for name, numbers in EXPERIMENTS[options.name](picture, options.seed, options.runs).items():
        print(f"{name:32}", *(f"{number:8.4f}" for number in numbers))
    print(picture)


if __name__ == "__main__":
    main()
