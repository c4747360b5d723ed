"""The memory that a recipe needs, by part: arithmetic on a model's shape, before anything is loaded.

A run alternates: it samples, then it trains. What is always there (weights, optimizer) adds to the larger of the
two. `GiB` is 2^30 bytes. tests/bench/memory_plan.py compares with measured peaks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import torch

from rlvr.functional.tokens import CHUNK_ELEMENTS
from rlvr.rollout.row_cache import GROWTH, GROWTH_RATE
from rlvr.training.activations import activation_bytes
from rlvr.training.shape import Shape, shape_of
from rlvr.zero import zero_config

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

    from rlvr.algorithms.base import Algorithm
    from rlvr.schema import Recipe

GIB = 2**30
#: What vLLM needs beside weights and cache: activations of a step, captured graphs.
VLLM_WORK = 2 * GIB
Phase: TypeAlias = Literal["always", "sampling", "training"]
Place: TypeAlias = Literal["device", "host"]


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of one rank, and when and where it holds them."""

    name: str
    bytes: float
    phase: Phase = "always"
    place: Place = "device"


@dataclass(frozen=True, slots=True)
class Setting:
    """What the arithmetic needs to know beside the recipe."""

    ranks: int = 1
    cpu: bool = False  # the device is the host: offloading moves nothing
    prompt_tokens: int = 512  # of the longest prompt
    device_bytes: float | None = None  # of which vLLM takes its share


@dataclass(frozen=True, slots=True)
class Estimate:
    """The parts, and the shape that they were made from; `notes` say in words what the numbers do not."""

    parts: tuple[Part, ...]
    shape: Shape
    setting: Setting
    notes: tuple[str, ...] = ()

    def total(self, phase: Phase, place: Place = "device") -> float:
        """Bytes in a phase, with what is always there."""
        return sum(p.bytes for p in self.parts if p.place == place and p.phase in ("always", phase))

    def peak(self, place: Place = "device") -> float:
        """Bytes of one rank at the worst moment."""
        return max(self.total("sampling", place), self.total("training", place))


def estimate(recipe: Recipe, algorithm: Algorithm, config: PreTrainedConfig, setting: Setting) -> Estimate:
    """The memory of one rank of a run."""
    shape = shape_of(config, recipe.lora)
    parts = [
        *_policy(recipe, shape, setting),
        *_other_models(recipe, algorithm, shape, setting),
        *_passes(recipe, algorithm, config, shape, setting),
    ]
    notes: tuple[str, ...] = ()
    if algorithm.source == "on_policy" and recipe.engine.name == "hf":
        parts += _ahead(recipe, shape, setting, _hf_engine(recipe, shape, setting))
    if algorithm.source == "on_policy" and recipe.engine.name == "vllm":
        parts += _ahead(recipe, shape, setting, _vllm_engine(recipe, shape, setting))
        notes = (_vllm_room(recipe, shape, setting),)
    return Estimate(tuple(p for p in parts if p.bytes > 0), shape, setting, notes)


def width(recipe: Recipe) -> int:
    """Bytes of a number in the compute type."""
    return 4 if recipe.model.dtype == "float32" else 2


def _policy(recipe: Recipe, shape: Shape, setting: Setting) -> list[Part]:
    """Weights, gradients and optimizer of the policy, and what ZeRO needs to divide them."""
    parts = _trained(recipe, shape.parameters, shape.trained, setting)
    if recipe.backend.offload_parameters:
        parts = [replace(p, place=_host(setting)) if p.name == "weights" else p for p in parts]
    if recipe.backend.offload_optimizer:
        moved = ("gradients", "optimizer and master weights")
        parts = [replace(p, place=_host(setting)) if p.name in moved else p for p in parts]
    return parts


def _host(setting: Setting) -> Place:
    return "device" if setting.cpu else "host"


def _trained(recipe: Recipe, weights: int, trained: int, setting: Setting, prefix: str = "") -> list[Part]:
    """A model of so many `weights`, of which so many are `trained`."""
    w, stage, share = width(recipe), zero_stage(recipe), 1 / setting.ranks
    # fp32 weights are their own masters on the plain backend; ZeRO keeps a flat copy of its share in any case.
    masters = trained * 4 if w < 4 or stage >= 1 else 0
    # Stage 3 makes room for its gradients, and for those on their way, once.
    kept: Phase = "always" if stage == 3 else "training"
    parts = [
        Part(f"{prefix}weights", weights * w * (share if stage == 3 else 1)),
        Part(f"{prefix}gradients", trained * 4 * (share if stage >= 2 else 1), kept),
        Part(f"{prefix}optimizer and master weights", (masters + trained * 8) * (share if stage >= 1 else 1)),
    ]
    if stage >= 2:
        settings = zero_config(recipe)["zero_optimization"]
        bucket = min(trained, int(settings.get("reduce_bucket_size", 5e8)))
        parts.append(Part(f"{prefix}gradients on their way", bucket * 4, kept))
        if stage == 3:  # weights are gathered as they are used, and let go when so many are there
            gathered = min(weights, int(settings.get("stage3_max_live_parameters", 1e9)))
            parts.append(Part(f"{prefix}gathered weights", gathered * w, "training"))
    return parts


def _other_models(recipe: Recipe, algorithm: Algorithm, shape: Shape, setting: Setting) -> list[Part]:
    """The reference, the policy before the iteration, and a critic of its own."""
    w, share = width(recipe), 1 / setting.ranks
    divided = share if zero_stage(recipe) == 3 else 1
    parts = []
    # Preferences ask their reference once, before the first update, and let it go.
    if "ref_logprobs" in algorithm.needs and recipe.lora is None and algorithm.source != "pairs":
        parts.append(Part("reference", shape.parameters * w * divided))
    if "kl_old" in algorithm.needs:
        parts.append(Part("policy before the iteration", shape.parameters * w))
    if "values" in algorithm.needs and recipe.critic.kind == "model":
        head = 0 if shape.tied else shape.embedding  # its output embedding is not kept
        trained = shape.trained - (head if recipe.lora is None else 0)
        parts += _trained(recipe, shape.parameters - head, trained, setting, "critic: ")
    return parts


def _passes(
    recipe: Recipe, algorithm: Algorithm, config: PreTrainedConfig, shape: Shape, setting: Setting
) -> list[Part]:
    """Activations of a micro-batch at full length, and what its log-probs are computed from."""
    w, length = width(recipe), setting.prompt_tokens + recipe.sampling.max_tokens
    rows = microbatch_rows(recipe, algorithm, length, setting)
    dtype = torch.float32 if w == 4 else torch.bfloat16
    held, peak = activation_bytes(
        config,
        rows,
        length,
        dtype,
        checkpointing=recipe.model.gradient_checkpointing,
    )
    models = 2 if "values" in algorithm.needs and recipe.critic.kind == "model" else 1
    # The head's backward pass comes first, while all activations are held. Logits come in chunks, three copies of
    # one at a time; a narrower output embedding is widened, and its gradient is made in fp32.
    head_is_trained = recipe.lora is None and algorithm.head == "tokens"
    wide = shape.embedding * 4 if w < 4 else 0
    gradient = shape.embedding * (4 + (w if w < 4 else 0)) if head_is_trained else 0
    tokens = rows * length
    hidden = 3 * tokens * shape.hidden * w
    chunk = 3 * 4 * min(max(CHUNK_ELEMENTS, 16 * shape.vocabulary), tokens * shape.vocabulary)
    at_head = models * held + hidden + chunk + wide + gradient
    # A tied embedding's gradient from the head waits until the one from the input arrives, and is added to it.
    later = models * peak + (2 * shape.embedding * w if shape.tied and head_is_trained else 0)
    activations = models * peak
    return [
        Part("activations", activations, "training"),
        Part("logits and output embedding", max(at_head, later) - activations, "training"),
    ]


def _hf_engine(recipe: Recipe, shape: Shape, setting: Setting) -> list[Part]:
    """What the engine holds beside the weights that are trained, while it samples."""
    w = width(recipe)
    rows = min(recipe.engine.batch_size, completions(recipe, setting))
    length = setting.prompt_tokens + recipe.sampling.max_tokens
    capacity = setting.prompt_tokens
    while capacity < length:  # as the cache grows
        capacity = max(capacity + 1 + GROWTH, int((capacity + 1) * (1 + GROWTH_RATE)))
    layer = rows * 2 * shape.key_heads * shape.head_size * w
    # While a layer's cache grows, its keys stand there twice; where rows differ in length, a layer's keys and values
    # are repeated for the query heads.
    repeated = shape.heads // shape.key_heads
    moving = layer * length * max(0.5, repeated if repeated > 1 else 0)
    copies = 4 if recipe.sampling.temperature != 1.0 else 3
    parts = [
        Part("KV cache", layer * shape.layers * capacity + moving, "sampling"),
        Part("logits of a step", rows * shape.vocabulary * 4 * copies, "sampling"),
        Part("output embedding in fp32", shape.embedding * 4 if w < 4 else 0, "sampling"),
    ]
    if zero_stage(recipe) == 3 or recipe.engine.max_staleness:
        parts.append(Part("whole weights of the engine", shape.parameters * w))
    return parts


def _ahead(recipe: Recipe, shape: Shape, setting: Setting, parts: list[Part]) -> list[Part]:
    """An engine that samples ahead holds at all times what one that takes turns holds while it samples."""
    bound = recipe.engine.max_staleness
    if not bound:
        return parts
    held = (bound - 1) * shape.parameters * width(recipe)  # newer weights that wait until it is free
    waiting = Part("weights held for the engine", held, place="device" if setting.cpu else "host")
    return [*(replace(part, phase="always") for part in parts), waiting]


def _vllm_engine(recipe: Recipe, shape: Shape, setting: Setting) -> list[Part]:
    """On a GPU vLLM takes its share and gives it back while it sleeps; on a CPU it never sleeps."""
    engine = recipe.engine
    if setting.cpu:
        weights = shape.parameters * width(recipe) / engine.tensor_parallel
        return [Part("vLLM: weights", weights), Part("vLLM: KV cache", engine.kv_cache_gib * GIB)]
    return [Part("vLLM: weights, KV cache", engine.gpu_memory_utilization * (setting.device_bytes or 0.0), "sampling")]


def _vllm_room(recipe: Recipe, shape: Shape, setting: Setting) -> str:
    """How many completions of full length vLLM has room for at once."""
    engine, w, tp = recipe.engine, width(recipe), recipe.engine.tensor_parallel
    length = setting.prompt_tokens + recipe.sampling.max_tokens
    taken = engine.kv_cache_gib * GIB
    if not setting.cpu:
        taken = engine.gpu_memory_utilization * (setting.device_bytes or 0.0) - shape.parameters * w / tp - VLLM_WORK
    rows = int(taken / (shape.cached * w * length / tp))
    if rows < 1:
        return "vLLM has no room for a single completion: raise engine.gpu_memory_utilization or engine.tensor_parallel"
    return f"vLLM has room for the keys and values of {rows} completions of {length:,} tokens at once"


def zero_stage(recipe: Recipe) -> int:
    return recipe.backend.zero_stage if recipe.backend.name == "deepspeed" else 0


def completions(recipe: Recipe, setting: Setting) -> int:
    """Completions of an iteration on one rank."""
    return math.ceil(recipe.train.prompts_per_iteration / setting.ranks) * recipe.sampling.group_size


def microbatch_rows(recipe: Recipe, algorithm: Algorithm, length: int, setting: Setting) -> int:
    """Rows of `length` tokens in a micro-batch."""
    group = {"on_policy": recipe.sampling.group_size, "pairs": 2}.get(algorithm.source, 1)
    available = math.ceil(recipe.train.prompts_per_iteration / setting.ranks) * group
    least = 2 if algorithm.source == "pairs" else 1
    return max(least, min(available, recipe.train.tokens_per_microbatch // length))
