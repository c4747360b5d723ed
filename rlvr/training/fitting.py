"""What to change in a recipe so that it fits into the memory of the devices that it is to run on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.training.memory import GIB, Estimate, Setting, completions, estimate, width, zero_stage

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

    from rlvr.algorithms.base import Algorithm
    from rlvr.schema import Recipe


def setting_of(
    recipe: Recipe, device: str, ranks: int | None, device_gib: float | None, prompt_tokens: int
) -> tuple[Setting, str]:
    """Where a recipe is to run, and the same in words; `device` is what this machine has for it."""
    import torch

    count = ranks or ranks_of(recipe)
    if device_gib is not None and recipe.backend.device != "cpu":
        return Setting(count, False, prompt_tokens, device_gib * GIB), f"{count} x {device_gib:g} GiB"
    if device != "cpu":
        found = torch.cuda.get_device_properties(torch.device(device))
        return Setting(count, False, prompt_tokens, found.total_memory), f"{count} x {found.name}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / count
    return Setting(count, True, prompt_tokens, memory), f"{count} x this machine's CPU (--device-gib plans for GPUs)"


def ranks_of(recipe: Recipe) -> int:
    """The devices that a recipe asks for: those of each host times the hosts; 1 where it asks for none."""
    devices, hostfile = recipe.launch.devices, recipe.launch.hostfile
    if hostfile is None or not Path(hostfile).expanduser().is_file():
        return devices or 1
    lines = [line.partition("#")[0].split() for line in Path(hostfile).expanduser().read_text().splitlines()]
    slots = [next((int(w[6:]) for w in words if w.startswith("slots=")), 1) for words in lines if words]
    return sum(devices or slot for slot in slots)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that may be changed in a recipe to need less."""

    key: str
    value: object


def changes(recipe: Recipe, setting: Setting) -> Sequence[Change]:
    """What can be changed, the cheapest in speed and result first."""
    train, backend = recipe.train, recipe.backend
    found = []
    if width(recipe) == 4 and not setting.cpu:
        found.append(Change("model.dtype", "bfloat16"))
    length = setting.prompt_tokens + recipe.sampling.max_tokens
    tokens = train.tokens_per_microbatch
    while tokens // 2 >= length:
        tokens //= 2
        found.append(Change("train.tokens_per_microbatch", tokens))
    if not recipe.model.gradient_checkpointing:
        found.append(Change("model.gradient_checkpointing", True))
    if recipe.engine.name == "hf":
        rows = min(recipe.engine.batch_size, completions(recipe, setting))
        found += [Change("engine.batch_size", rows // k) for k in (2, 4, 8) if rows // k >= 1]
    if setting.ranks > 1:
        found += [Change("backend.zero_stage", stage) for stage in (1, 2, 3) if stage > zero_stage(recipe)]
    if recipe.backend.name == "deepspeed" and not setting.cpu:
        if not backend.offload_optimizer:
            found.append(Change("backend.offload_optimizer", True))
        if not backend.offload_parameters:
            found.append(Change("backend.offload_parameters", True))
    if recipe.lora is None:
        found.append(Change("lora", {}))
    return found


def fitting(
    recipe: Recipe, algorithm: Algorithm, config: PreTrainedConfig, setting: Setting, room: float
) -> tuple[list[Change], Estimate]:
    """Changes that together make one rank fit into `room` bytes, and what it needs then; all that help if none do."""

    def needs(made: Sequence[Change]) -> Estimate:
        return estimate(changed(recipe, made), algorithm, config, setting)

    made: list[Change] = []
    current = needs(made)
    helped = True
    while helped and current.peak() > room:
        helped = False
        for change in changes(changed(recipe, made), setting):
            tried = [*(c for c in made if c.key != change.key), change]
            smaller = needs(tried)
            if smaller.peak() < current.peak():
                made, current, helped = tried, smaller, True
            if current.peak() <= room:
                break
    if current.peak() <= room:
        for change in list(made):  # what a later change has made needless
            without = [c for c in made if c is not change]
            if (less := needs(without)).peak() <= room:
                made, current = without, less
    return made, current


def changed(recipe: Recipe, made: Sequence[Change]) -> Recipe:
    """The recipe with some values changed."""
    values = recipe.model_dump()
    for change in made:
        section, _, key = change.key.partition(".")
        if key:
            values[section][key] = change.value
        else:
            values[section] = change.value
    return type(recipe).model_validate(values)
