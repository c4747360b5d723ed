"""`python -m rlvr.lab NAME`: what every method learned of a world beside what is true, as numbers and as a picture."""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs what is named; exit code 2 where a name is unknown or a library missing."""
    if missing := [name for name in ("gymnasium", "matplotlib") if importlib.util.find_spec(name) is None]:
        print(f"rlvr.lab needs {' and '.join(missing)}: pip install 'rlvr[lab]'", file=sys.stderr)
        sys.exit(2)
    from rlvr.lab import figures, worlds
    from rlvr.lab.methods import METHODS
    from rlvr.lab.planning import read_model, value_iteration

    shown = {
        "chain": (worlds.chain, 0.9, [*METHODS]),
        "grid": (worlds.grid, 0.9, [*METHODS]),
        "tokens": (worlds.token_world, 0.9, [*METHODS]),
        "cliff": (worlds.cliff, 1.0, ["SARSA", "Q-learning"]),
    }
    parser = argparse.ArgumentParser("python -m rlvr.lab", description=__doc__)
    parser.add_argument("name", choices=shown, metavar="NAME", help=", ".join(shown))
    parser.add_argument("--out", type=Path, default=Path("lab"), help="folder of the picture (lab)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)

    make, gamma, methods = shown[options.name]
    world, panels = make(), {}
    world.start = world.live  # anywhere: a state that nobody visits is a state that nobody knows
    for name in methods:
        learned = METHODS[name](world, gamma, options.seed)
        truth = value_iteration(read_model(world), gamma, learned.epsilon)
        panels[name] = truth[world.live], learned.values[world.live]
        print(f"{name:18} off by {float((truth - learned.values)[world.live].abs().max()):.4f}", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    picture = options.out / f"{options.name}.png"
    figures.beside(picture, f"Best values, gamma {gamma}", [world.names[s] for s in world.live], panels)
    print(picture)


if __name__ == "__main__":
    main()
