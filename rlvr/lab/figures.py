"""A picture of what was learned beside what is true."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor


def beside(path: Path, title: str, names: Sequence[str], panels: Mapping[str, tuple[Tensor, Tensor]]) -> None:
    """A panel for each method: its values (dots) on the true ones (steps), both of the states called `names`."""
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
