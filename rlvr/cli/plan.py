"""`rlvr plan`: the memory that a recipe needs, by part, and what to change if it does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rlvr.cli.options import Json, Overrides, Plugins
from rlvr.cli.output import print_json, print_table

if TYPE_CHECKING:
    from rlvr.schema import Recipe
    from rlvr.training.fitting import Change
    from rlvr.training.memory import Estimate

#: The part of a device that a plan may fill; the rest is for the context, kernels and what lies between blocks.
USABLE = 0.9


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of one that ships with rlvr.")],
    overrides: Overrides = None,
    device_gib: Annotated[
        float | None, typer.Option(min=0.1, help="Plan for GPUs of so many GiB; default: what this machine has.")
    ] = None,
    ranks: Annotated[
        int | None, typer.Option(min=1, help="Devices in all; default: launch.devices times the hosts.")
    ] = None,
    prompt_tokens: Annotated[int, typer.Option(min=1, help="Tokens of the longest prompt.")] = 512,
    shape: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A config.json with the model's shape, where model.path is not here."),
    ] = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Estimate the memory of one device, part by part, from the model's shape alone: no weights are loaded.

    rlvr plan grpo_7b_8x80gb --device-gib 80

    Leaves with exit code 1 where the recipe does not fit, after it has said what to change.
    """
    from rlvr import assemble
    from rlvr.config import load_recipe
    from rlvr.training.fitting import fitting, setting_of
    from rlvr.training.memory import GIB, estimate
    from rlvr.training.shape import read_config

    resolved = load_recipe(recipe, list(overrides or []), [str(p) for p in plugin or ()])
    planned = resolved.recipe
    config = read_config(shape or planned.model.path, None if shape else planned.model.revision)
    setting, what = setting_of(planned, assemble.device_of(planned), ranks, device_gib, prompt_tokens)
    algorithm = assemble.algorithm_of(planned)
    needs = estimate(planned, algorithm, config, setting)
    room = (setting.device_bytes or 0.0) * USABLE
    fits = needs.peak() <= room
    made, then = ([], needs) if fits else fitting(planned, algorithm, config, setting, room)
    if as_json:
        print_json(_as_json(needs, made, then, room, fits))
    else:
        _show(needs, f"{resolved.source}, {what}")
        print(f"{needs.peak() / GIB:.1f} GiB of {(setting.device_bytes or 0.0) / GIB:.1f} on a device: ", end="")
        print("it fits." if fits else "it does not fit.")
        for note in needs.notes:
            print(note + ".")
        if not fits:
            _advise(planned, made, then, room)
    if not fits:
        raise typer.Exit(1)


def _show(needs: Estimate, title: str) -> None:
    from rlvr.training.memory import GIB

    rows: list[tuple[str, ...]] = [(p.name, p.place, p.phase, f"{p.bytes / GIB:.2f}") for p in needs.parts]
    for phase in ("sampling", "training"):
        rows.append((f"while {phase}", "device", "", f"{needs.total(phase) / GIB:.2f}"))
    if host := needs.peak("host"):
        rows.append(("of the host, a rank", "host", "", f"{host / GIB:.2f}"))
    print_table(("part", "where", "when", "GiB"), rows, title=title)


def _advise(recipe: Recipe, made: list[Change], then: Estimate, room: float) -> None:
    from rlvr.training.memory import GIB

    settings = " ".join(_written(c) for c in made)
    if then.peak() <= room:
        print(f"With {settings} it needs {then.peak() / GIB:.1f} GiB and fits.")
    else:
        print(f"Even with {settings or 'no change that helps'} it needs {then.peak() / GIB:.1f} GiB.", end=" ")
        print("Take more or larger devices (--ranks, --device-gib), a smaller model, or a lower sampling.max_tokens.")


def _written(change: Change) -> str:
    """As it is typed behind a recipe's name; adapters want another learning rate, too."""
    value = str(change.value).lower() if isinstance(change.value, bool) else str(change.value)
    return f"{change.key}={value}" + (" train.lr=2e-5" if change.key == "lora" else "")


def _as_json(needs: Estimate, made: list[Change], then: Estimate, room: float, fits: bool) -> dict[str, object]:
    return {
        "parts": [{"name": p.name, "place": p.place, "phase": p.phase, "bytes": int(p.bytes)} for p in needs.parts],
        "parameters": needs.shape.parameters,
        "trained": needs.shape.trained,
        "ranks": needs.setting.ranks,
        "peak": {"device": int(needs.peak()), "host": int(needs.peak("host"))},
        "room": int(room),
        "fits": fits,
        "notes": list(needs.notes),
        "changes": {c.key: c.value for c in made},
        "peak_with_changes": int(then.peak()),
    }
