"""DeepSpeed's settings as they follow from a recipe, and from a JSON file of its own where the recipe names one.

The recipe decides what both could say (stage, offloading, dtype, clipping); a file adds what only DeepSpeed knows, such
as bucket sizes, and may repeat the rest or leave it to the recipe with "auto". Loads no DeepSpeed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rlvr.schema import Recipe

#: Sections that a file may not have, and why. The loop counts, schedules and steps itself.
_NOT_HERE = {
    "optimizer": "the recipe's train section says lr, betas and weight_decay of AdamW",
    "scheduler": "the recipe's train.schedule and train.warmup say it",
    "train_batch_size": "the recipe's train.prompts_per_iteration, sampling.group_size and train.minibatch say it",
    "train_micro_batch_size_per_gpu": "the recipe's train.tokens_per_microbatch says it",
    "gradient_accumulation_steps": "follows from train.minibatch and train.tokens_per_microbatch",
    "managed_gradient_accumulation": "rlvr owns the boundary of an update",
    "gradient_predivide_factor": "rlvr owns the scale of the loss",
    "prescale_gradients": "rlvr owns the scale of the loss",
}


def zero_config(recipe: Recipe) -> dict[str, Any]:
    """The settings for `deepspeed.initialize`. Expects that `zero_problems` finds nothing."""
    return _merged(_given(recipe.backend.config), _decided(recipe))


def zero_problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) for a DeepSpeed file that cannot be read or contradicts the recipe."""
    if recipe.backend.config is None:
        return
    path = Path(recipe.backend.config).expanduser()
    try:
        given = _given(recipe.backend.config)
    except (OSError, ValueError) as error:
        yield "backend.config", f"{path} cannot be read as a JSON object: {error}"
        return
    for name, why in _NOT_HERE.items():
        if name in given and given[name] != "auto":
            yield "backend.config", f"{path} sets {name}, but {why}; take it out of the file"
    for key, theirs, ours in _contradictions(given, _decided(recipe)):
        yield (
            "backend.config",
            f"{path} says {key} = {json.dumps(theirs)}, the recipe {json.dumps(ours)}; make them agree",
        )


def _given(config: str | None) -> dict[str, Any]:
    if config is None:
        return {}
    value = json.loads(Path(config).expanduser().read_text())
    if not isinstance(value, dict):
        raise ValueError(f"it holds a {type(value).__name__}")
    return value


def _decided(recipe: Recipe) -> dict[str, Any]:
    """What the recipe decides."""
    backend, dtype = recipe.backend, recipe.model.dtype
    zero: dict[str, Any] = {"stage": backend.zero_stage}
    if backend.offload_optimizer:
        zero["offload_optimizer"] = {"device": "cpu"}
    if backend.offload_parameters:
        zero["offload_param"] = {"device": "cpu"}
    return {
        "zero_optimization": zero,
        "gradient_clipping": recipe.train.grad_clip,
        "bf16": {"enabled": dtype == "bfloat16"},
        "fp16": {"enabled": dtype == "float16"},
    }


#: What holds unless a file says otherwise.
_DEFAULTS: dict[str, Any] = {
    # Gradients are summed over micro-batches and ranks in fp32: bf16 would lose the small ones.
    "data_types": {"grad_accum_dtype": "fp32"},
    "communication_data_type": "fp32",
    "steps_per_print": None,
}
#: What holds whatever a file says: an update's boundary and the scale of its loss are the backend's.
_OURS: dict[str, Any] = {
    "train_micro_batch_size_per_gpu": 1,
    "gradient_accumulation_steps": 1,
    "managed_gradient_accumulation": False,
    "zero_optimization": {"overlap_comm": False},
}


def _merged(given: Mapping[str, Any], decided: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in (_DEFAULTS, given, decided, _OURS):
        _lay_over(merged, {name: value for name, value in part.items() if name not in _NOT_HERE or part is _OURS})
    return merged


def _lay_over(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, Mapping):
            inner = under.get(name)
            under[name] = dict(inner) if isinstance(inner, Mapping) else {}
            _lay_over(under[name], value)
        elif value != "auto":
            under[name] = value


def _contradictions(
    given: Mapping[str, Any], decided: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    for name, ours in decided.items():
        theirs = given.get(name, "auto")
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            yield from _contradictions(theirs, ours, f"{prefix}{name}.")
        elif theirs not in ("auto", ours):
            yield f"{prefix}{name}", theirs, ours
