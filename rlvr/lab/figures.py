"""Pictures of what was learned beside what is true."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor


def beside(path: Path, title: str, names: Sequence[str], panels: Mapping[str, tuple[Tensor, Tensor]]) -> None:
    """A panel for each method: its values (dots) on the true ones (steps), both of the states called `names`."""
    rows, places = -(-len(panels) // 4), range(len(names))
    figure = Figure(figsize=(13, 1 + 2 * rows), layout="constrained")
    axes = figure.subplots(rows, 4, sharex=True, sharey=True, squeeze=False).flatten()
    for axis, (name, (truth, learned)) in zip(axes, panels.items(), strict=False):
        axis.step(places, truth, where="mid", color="0.6", label="true")
        axis.plot(places, learned, "o", markersize=3, label="learned")
        axis.set_title(f"{name}, off by {float((truth - learned).abs().max()):.4f}", fontsize=9)
        axis.set_xticks(places, names, fontsize=6, rotation=90)
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    axes[0].legend(fontsize=7)
    figure.suptitle(title)
    figure.savefig(path)


def curves(
    path: Path,
    title: str,
    labels: tuple[str, str],
    x: Sequence[float],
    lines: Mapping[str, Tensor],
    truth: Mapping[str, float],
) -> None:
    """`lines[name] [runs, X]` as their median in a band from the least to the most; `truth` dashed."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axis = figure.subplots()
    for name, runs in lines.items():
        (line,) = axis.plot(x, runs.median(dim=0).values, label=name)
        axis.fill_between(x, runs.amin(dim=0), runs.amax(dim=0), alpha=0.15, color=line.get_color())
    for number, (name, y) in enumerate(truth.items()):
        axis.axhline(y, color=f"C{number}", linestyle="--", linewidth=1, label=name)
    axis.set(title=title, xlabel=labels[0], ylabel=labels[1])
    axis.legend()
    figure.savefig(path)
