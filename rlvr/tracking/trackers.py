"""TensorBoard and Weights & Biases behind core's `Tracker`. Neither asks for a login, neither can end a run."""

from __future__ import annotations

import math
import netrc
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rlvr import registry
from rlvr.core import Tracker


class TensorBoardTracker:
    """Scalars as TensorBoard event files in `RUN/tensorboard`."""

    def __init__(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder / "tensorboard"))
        self.writer.add_text("recipe", f"```\n{recipe}\n```", 0)

    def metrics(self, iteration: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, iteration)
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()


class WandbTracker:
    """A Weights & Biases run: online where a key is known already, otherwise offline in `RUN/wandb`."""

    def __init__(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        import wandb

        mode = os.environ.get("WANDB_MODE") or ("online" if _has_key() else "offline")
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "rlvr"),
            name=folder.name,
            dir=str(folder),
            config=dict(recipe),
            mode="online" if mode == "online" else "disabled" if mode == "disabled" else "offline",
            settings=wandb.Settings(silent=True, console="off", init_timeout=30, disable_git=True),
        )

    def metrics(self, iteration: int, values: Mapping[str, float]) -> None:
        self.run.log({name: value for name, value in values.items() if math.isfinite(value)}, step=iteration)

    def close(self) -> None:
        self.run.finish()


def _has_key() -> bool:
    """Whether the user logged in before: asking now would stop a run that nobody watches."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return netrc.netrc().authenticators("api.wandb.ai") is not None
    except (OSError, netrc.NetrcParseError):
        return False


def open_trackers(names: Sequence[str], folder: Path, recipe: Mapping[str, Any]) -> Iterator[tuple[str, Tracker | str]]:
    """Each named tracker, or why it could not be started."""
    for name in names:
        try:
            yield name, registry.get("tracker", name)(folder, recipe)
        except ImportError as error:
            yield name, f"{error}. Install it: pip install 'rlvr[{name}]'"
        except Exception as error:  # a tracker's own code: whatever it raises, training goes on
            yield name, f"{type(error).__name__}: {error}"
