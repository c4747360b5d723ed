"""`rlvr quickstart`: the main job on an embedded default."""

from __future__ import annotations

from typing import Annotated

import typer

from rlvr.cli.options import Json


def command(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the model, the problems and all sampling.")] = 0,
    control: Annotated[
        bool, typer.Option("--control", help="Also spend GRPO's time on more cold start instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Watch a small language model learn to reason, on a CPU, in a few minutes.

    Makes a tiny Llama and its tokenizer, teaches it the form of an answer, trains it with GRPO through the math
    verifier, and scores held-out problems before and after. Writes runs/quickstart.
    """
    from rlvr.cli.output import print_json, print_table
    from rlvr.quickstart import FOLDER, Quickstart, quickstart, rows

    result = quickstart(seed, control, settings=["tracking.display=none"] if as_json else [])
    if as_json:
        return print_json({name: getattr(result, name) for name in Quickstart.__slots__})
    print_table(("quickstart", "before -> after"), rows(result))
    print(f"Everything is in {FOLDER}: the recipe, the metrics, every completion, the checkpoints.")
