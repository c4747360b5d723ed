"""`python -m rlvr.lab NAME`: what every method learned of a world beside what is true, as numbers and as a picture."""

import argparse
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs what is named; exit code 2 where a name is unknown or a library missing."""
    parser = argparse.ArgumentParser("python -m rlvr.lab", description=__doc__)
    if missing := [name for name in ("gymnasium", "matplotlib") if importlib.util.find_spec(name) is None]:
        parser.error(f"this needs {' and '.join(missing)}: pip install 'rlvr[lab]'")
    from rlvr.lab import worlds
    from rlvr.lab.methods import METHODS
    from rlvr.lab.planning import read_model, value_iteration

    shown: Any = {"chain": worlds.chain, "grid": worlds.grid, "tokens": worlds.token_world, "cliff": worlds.cliff}
    parser.add_argument("name", choices=shown, metavar="NAME", help=", ".join(shown))
    parser.add_argument("--out", type=Path, default=Path("lab"), help="folder of the picture (lab)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)

    gamma, methods = (1.0, ("SARSA", "Q-learning")) if options.name == "cliff" else (0.9, tuple(METHODS))
    world, panels = shown[options.name](), {}
    world.start = world.live  # anywhere: a state that nobody visits is a state that nobody knows
    for name in methods:
        learned = METHODS[name](world, gamma, options.seed)
        truth = value_iteration(read_model(world), gamma, learned.epsilon)
        panels[name] = truth[world.live], learned.values[world.live]
        print(f"{name:18} off by {float((truth - learned.values)[world.live].abs().max()):.4f}", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    picture = options.out / f"{options.name}.png"
    draw(picture, f"Best values, gamma {gamma}", [world.names[s] for s in world.live], panels)
    print(picture)


def draw(path: Path, title: str, names: Sequence[str], panels: Mapping[str, Any]) -> None:
    """A panel for each method: its values (dots) on the true ones (steps), both of the states called `names`."""
    from matplotlib.figure import Figure

    columns, places = min(4, len(panels)), range(len(names))
    figure = Figure(figsize=(13, 1 + 2 * -(-len(panels) // columns)), layout="constrained")
    axes = figure.subplots(-(-len(panels) // columns), columns, sharex=True, sharey=True, squeeze=False).flatten()
    for axis, (name, (truth, learned)) in zip(axes, panels.items(), strict=False):
        axis.step(places, truth, where="mid", color="0.6", label="true")
        axis.plot(places, learned, "o", markersize=3, label="learned")
        axis.set_title(f"{name}, off by {float((truth - learned).abs().max()):.4f}", fontsize=9)
        axis.set_xticks(places, names, fontsize=6, rotation=90)
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    axes[0].legend(fontsize=7)
    figure.suptitle(title)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
