"""`rlvr check resume`: N iterations equal k iterations, a stop, and N - k more; weights, optimizer, log and records."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.records import read_lines

from . import Outcome

#: What a clock says, and so may differ.
CLOCKS = ("time/", "rollout/tokens_per_second", "verifier/seconds_p95", "verifier/worker_restarts")


def check_resume(
    source: str | Path | Mapping[str, Any], overrides: Sequence[str], plugins: Sequence[str], iterations: int, stop: int
) -> Outcome:
    """Trains the recipe twice for `iterations`, once with a stop after `stop`, in folders that are deleted again.

    Under a launcher on the ranks of one host, which see the same folders.
    """
    from rlvr.run import train_recipe
    from rlvr.training.ranks import joined

    if not 0 < stop < iterations:
        raise UserError(f"the stop must come within the run: 0 < {stop} < {iterations} does not hold.")
    recipe = load_recipe(source, overrides, plugins).recipe
    with (
        tempfile.TemporaryDirectory(prefix="rlvr-resume-") as own,
        joined(recipe.launch, zero=recipe.backend.zero_stage > 0) as ranks,
    ):
        folder = ranks.told(own)

        def settings(name: str) -> list[str]:
            fixed = [f"train.iterations={iterations}", "tracking.display=none", "tracking.rollouts_every=1"]
            return [*overrides, *fixed, "train.keep_checkpoints=1", f"run={Path(folder) / name}"]

        whole = train_recipe(load_recipe(source, settings("whole"), plugins))
        train_recipe(load_recipe(source, settings("parts"), plugins), stop_after=stop)
        parts = train_recipe(load_recipe(source, settings("parts"), plugins), resume=True)
        figures, failures = ranks.first_does(lambda: _differences(whole.folder, parts.folder))
    return Outcome("resume", {"iterations": f"{iterations}, stopped after {stop}", **figures}, tuple(failures))


def _differences(*runs: Path) -> tuple[dict[str, object], list[str]]:
    """What two runs have that is not the same: figures, and what failed."""
    from torch import load

    from rlvr.training.checkpoint import latest

    states = []
    for run in runs:
        found, damaged = latest(run / "checkpoints")
        if found is None:
            raise UserError(f"{run} kept no checkpoint: {' '.join(damaged) or 'is the disk full?'}")
        state = found.trainer_state() | {shard.name: load(shard, weights_only=True) for shard in found.shards}
        states.append(dict(_tensors(state)) | dict(_weights(found.model)))
    figures, failures = _tensors_differ(*states)
    for name in ("metrics.jsonl", "rollouts.jsonl"):
        rows = [[_timeless(row) for row in read_lines(run / name)] for run in runs]
        different = sum(a != b for a, b in zip(*rows, strict=False)) + abs(len(rows[0]) - len(rows[1]))
        figures[f"different lines of {name}"] = f"{different} of {len(rows[0])}"
        if different:
            failures.append(f"{different} lines of {name} differ")
    return figures, failures


def _tensors_differ(whole: dict[str, Any], parts: dict[str, Any]) -> tuple[dict[str, object], list[str]]:
    import torch

    gap, different = 0.0, sorted(set(whole) ^ set(parts))
    for name in set(whole) & set(parts):
        if not torch.equal(whole[name], parts[name]):
            different.append(name)
            gap = max(gap, float((whole[name].double() - parts[name].double()).abs().max()))
    figures: dict[str, object] = {
        "different tensors of weights and optimizer": f"{len(different)} of {len(whole)}",
        "largest difference": gap,
    }
    return figures, [f"{name} differs" for name in different[:5]]


def _tensors(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The tensors of a nested state, by their paths."""
    import torch

    if isinstance(value, torch.Tensor):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _tensors(item, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _tensors(item, f"{path}/{index}")


def _weights(model: Path) -> Iterator[tuple[str, Any]]:
    from safetensors.torch import load_file

    for file in sorted(model.glob("*.safetensors")):
        for name, tensor in load_file(str(file)).items():
            yield f"model/{name}", tensor


def _timeless(row: Mapping[str, Any]) -> str:
    def clean(key: str, value: Any) -> Any:
        return {k: v for k, v in value.items() if k != "seconds"} if key == "verdict" else value

    kept = {key: clean(key, value) for key, value in row.items() if not key.startswith(CLOCKS)}
    return json.dumps(kept, sort_keys=True)
