"""What is done to one of DeepSpeed's engines: a step, and the count of those it made."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor


def step(engine: Any, lr: float) -> dict[str, float]:
    """A step on what the engine has accumulated, and the gradient's norm before clipping; none where it is broken."""
    for group in engine.optimizer.param_groups:
        group["lr"] = lr
    engine.step()
    norm, applied = engine.get_global_grad_norm(), engine.was_step_applied()
    return {
        "train/grad_norm": float(norm) if applied and norm is not None else math.inf,
        "train/skipped_updates": float(not applied),
    }


def steps_of(engine: Any) -> float:
    """The steps that an engine's Adam has made."""
    return max((float(moments["step"]) for moments in engine.basic_optimizer.state.values()), default=0.0)


def set_steps(moments: dict[str, Any], steps: float) -> None:
    """Has Adam's state of one tensor say that it made so many steps, on which its bias correction depends."""
    if isinstance(moments["step"], Tensor):
        moments["step"].fill_(steps)
    else:
        moments["step"] = int(steps)
