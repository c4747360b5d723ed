"""`make quickstart`: a small language model learns to reason from a verifiable reward, on a CPU.

The same parts as any run: a tiny random model, a supervised cold start by one recipe, GRPO by another,
held-out problems before and after. The cold start leaves a policy that mixes two habits: answering
directly, which it can only guess, and working the problem out. Nobody tells it which to prefer: the
reward does. With `control`, the time that GRPO took is spent on more cold start instead.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlvr.config import Resolved, load_recipe
from rlvr.errors import UserError
from rlvr.folder import write_json
from rlvr.outcome import TrainReport
from rlvr.run import train_recipe

FOLDER = Path("runs/quickstart")
#: Fewest updates that a control makes, so that its schedule has room to warm up and decay.
_MIN_CONTROL = 20


@dataclass(frozen=True, slots=True)
class Quickstart:
    """What `summary.json` holds. Accuracies are sampled pass@1 at temperature 1, lengths are mean tokens."""

    accuracy_before: float
    accuracy_after: float
    accuracy_longer_before: float
    accuracy_longer_after: float
    accuracy_more_cold_start: float | None
    length_before: float
    length_after: float
    seconds: float
    seconds_cold_start: float
    seconds_grpo: float
    seconds_control: float | None
    seed: int


def quickstart(
    seed: int,
    control: bool,
    folder: Path = FOLDER,
    *,
    settings: Sequence[str] = (),
    cold_start: Sequence[str] = (),
    grpo: Sequence[str] = (),
) -> Quickstart:
    """Runs it all and writes `folder`, replacing an earlier quickstart there.

    `settings` are key=value for each of its runs, `cold_start` and `grpo` for one of them.
    """
    from rlvr.training.tiny import save_tiny

    began = time.perf_counter()
    if folder.exists():
        _remove(folder)
    random_model = save_tiny(folder / "random", seed)
    cold = _trained(
        _recipe("quickstart_cold_start", random_model, folder / "cold_start", seed, *settings, *cold_start),
        title="cold start",
    )
    start = _model(cold)
    learned = _trained(_recipe("quickstart", start, folder, seed, *settings, *grpo), title="GRPO", into=True)
    seconds = time.perf_counter() - began
    before, after = learned.evals[0], learned.evals[learned.iterations]
    more = _control(cold, learned, folder, seed, settings) if control else None
    result = Quickstart(
        accuracy_before=before["eval/chain/accuracy"],
        accuracy_after=after["eval/chain/accuracy"],
        accuracy_longer_before=before["eval/chain_longer/accuracy"],
        accuracy_longer_after=after["eval/chain_longer/accuracy"],
        accuracy_more_cold_start=None if more is None else more[0],
        length_before=before["eval/chain/tokens_mean"],
        length_after=after["eval/chain/tokens_mean"],
        seconds=round(seconds, 1),
        seconds_cold_start=round(cold.seconds, 1),
        seconds_grpo=round(learned.seconds, 1),
        seconds_control=None if more is None else round(more[1], 1),
        seed=seed,
    )
    write_json(folder / "summary.json", {name: getattr(result, name) for name in Quickstart.__slots__})
    return result


def _control(
    cold: TrainReport, learned: TrainReport, folder: Path, seed: int, settings: Sequence[str]
) -> tuple[float, float]:
    """More cold start for as long as GRPO took: (accuracy on the same problems, seconds)."""
    updates = max(_MIN_CONTROL, round(learned.seconds / (cold.seconds / cold.iterations)))
    base = load_recipe("quickstart").recipe
    resolved = _recipe(
        "quickstart_cold_start",
        _model(cold),
        folder / "control",
        seed,
        *settings,
        f"train.iterations={updates}",
        f"train.eval_every={updates}",
        "train.lr=1e-3",
        "data.train.options.lessons=false",
        f"data.train.options.count={32 * updates}",
        f"data.train.options.seed={seed + 1_000_000}",
        f"data.eval=[{base.data.eval[0].model_dump_json(exclude_none=True, exclude_defaults=True)}]",
    )
    report = _trained(resolved, title="control: more cold start")
    return report.evals[report.iterations]["eval/chain/accuracy"], report.seconds


def _recipe(name: str, model: Path, folder: Path, seed: int, *overrides: str) -> Resolved:
    given = [
        f"model.path={model}",
        f"run={folder}",
        f"train.seed={seed}",
        f"data.train.options.seed={seed}",
        *overrides,
    ]
    return load_recipe(name, given)


def _trained(resolved: Resolved, title: str, into: bool = False) -> TrainReport:
    """A run of it to its end. Raises `UserError` where SIGTERM ended it earlier: the rest would make no sense."""
    report = train_recipe(resolved, title=title, into=into)
    if report.iterations < resolved.recipe.train.iterations:
        raise UserError(f"{report.folder} was stopped after iteration {report.iterations}. Start again.")
    return report


def _model(report: TrainReport) -> Path:
    if report.checkpoint is None:
        raise UserError(
            f"{report.folder} has no checkpoint: {' '.join(report.events)}. Make room on the disk and start again."
        )
    return report.checkpoint / "model"


def _remove(folder: Path) -> None:
    """Makes room for a new quickstart; anything else that stands there is not ours to delete."""
    if not (folder / "random" / "config.json").is_file():
        raise UserError(f"{folder} exists and is no quickstart's. Move it away, then start again.")
    shutil.rmtree(folder)


def rows(result: Quickstart) -> list[tuple[str, Any]]:
    """The table for a person."""
    table: list[tuple[str, Any]] = [
        ("held-out problems solved", f"{result.accuracy_before:.1%} -> {result.accuracy_after:.1%}"),
        (
            "two steps longer than any trained on",
            f"{result.accuracy_longer_before:.1%} -> {result.accuracy_longer_after:.1%}",
        ),
        ("tokens of an answer", f"{result.length_before:.1f} -> {result.length_after:.1f}"),
    ]
    if result.accuracy_more_cold_start is not None:
        table.append(
            ("with more cold start instead", f"{result.accuracy_before:.1%} -> {result.accuracy_more_cold_start:.1%}")
        )
    table.append(
        (
            "seconds",
            f"{result.seconds:.0f} (cold start {result.seconds_cold_start:.0f}, GRPO {result.seconds_grpo:.0f})",
        )
    )
    table.append(("seed", result.seed))
    return table
