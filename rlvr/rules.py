"""Rules that hold between the sections of a recipe, checked before anything is loaded.

Each yields (key, what is wrong and what to do). They assume that every section by itself is valid.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rlvr import registry
from rlvr.data_rules import data_problems
from rlvr.errors import did_you_mean
from rlvr.hub import looks_local
from rlvr.schema import CriticSection, Recipe
from rlvr.zero import zero_problems

if TYPE_CHECKING:
    from rlvr.algorithms.base import Algorithm


#: Below this rate, times alpha / rank, adapters hardly move: whole weights are usually trained at 1e-6.
LEAST_LORA_LR = 5e-6


def cross_checks(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Every rule that the recipe breaks."""
    yield from _names(recipe)
    yield from data_problems(recipe)
    yield from _algorithm(recipe)
    yield from _offline(recipe)
    yield from _reward(recipe)
    yield from _schedule(recipe)
    yield from _backend(recipe)
    yield from _lora(recipe)
    yield from _sampler(recipe)
    yield from _engine(recipe)


def evaluation_checks(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The rules of an evaluation, which trains nothing: it may be greedy, cut the distribution, run in float16."""
    yield from _names(recipe)
    yield from _engine(recipe)


def _names(recipe: Recipe) -> Iterator[tuple[str, str]]:
    for kind, name in (("engine", recipe.engine.name), ("backend", recipe.backend.name)):
        known = registry.REGISTRIES[kind].names()
        if name not in known:
            yield f"{kind}.name", f"no {kind} is called {name!r}{did_you_mean(name, known)}. Known: {', '.join(known)}"
    path = recipe.engine.path
    if (recipe.engine.name == "recorded") != (path is not None):
        yield "engine.path", "is the run whose completions engine.name=recorded takes: give both, or neither"
    elif path is not None and not (Path(path).expanduser() / "rollouts.jsonl").is_file():
        yield "engine.path", f"{path!r} is no run with recorded completions: there is no rollouts.jsonl in it"


def _algorithm(recipe: Recipe) -> Iterator[tuple[str, str]]:
    if recipe.algorithm.name not in registry.REGISTRIES["algorithm"].names():
        return  # reported where the options are checked
    algorithm = registry.get("algorithm", recipe.algorithm.name)
    if algorithm.source != "on_policy":
        return
    sampling = recipe.sampling
    if sampling.group_size < algorithm.min_group_size:
        yield (
            "sampling.group_size",
            f"must be at least {algorithm.min_group_size} for {recipe.algorithm.name}: its baseline is made of the "
            f"other completions of the prompt; got {sampling.group_size}",
        )
    if sampling.group_size < 2 and recipe.algorithm.options.get("baseline") in ("group", "group_mean"):
        yield "sampling.group_size", "must be at least 2 for a baseline made of the group; got 1"
    if algorithm.step_kind == "natural":
        yield from _natural(recipe)
    with suppress(TypeError):  # options that do not exist are reported where they are checked
        yield from _needs(recipe, algorithm(**recipe.algorithm.options))
    if sampling.temperature == 0:
        yield "sampling.temperature", "must be above 0 in training: greedy completions of a prompt are all the same"
    if sampling.top_p < 1 or sampling.top_k > 0:
        yield (
            "sampling.top_p" if sampling.top_p < 1 else "sampling.top_k",
            "must be off in training (top_p 1, top_k 0): a truncated distribution is not the policy's. Every ratio "
            "would be off by the probability of what was cut off, and no weight (`correction`) makes up for tokens "
            "that are never drawn. Lower the temperature instead, which the trainer applies too",
        )


def _needs(recipe: Recipe, algorithm: Algorithm) -> Iterator[tuple[str, str]]:
    """What the algorithm, with these options, makes no use of or cannot do without."""
    name, train, critic = recipe.algorithm.name, recipe.train, recipe.critic
    if critic != CriticSection() and "values" not in algorithm.needs:
        yield "critic", f"is set, but {name} has no critic with these options; leave it out"
    if critic.path is not None and critic.kind == "head":
        yield "critic.path", "is where a critic of its own starts: set critic.kind=model too, or leave it out"
    if "kl_old" in algorithm.needs and algorithm.step_kind == "adam" and train.epochs == 1 and train.minibatch is None:
        yield (
            "train.epochs",
            f"must be above 1 for {name}, or train.minibatch set: at an iteration's first update the KL to the "
            "policy before it is 0, and so is its gradient",
        )


def _natural(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What a natural step cannot work with."""
    name, train = recipe.algorithm.name, recipe.train
    if recipe.backend.zero_stage:
        yield (
            "backend.zero_stage",
            f"must be 0 for {name}; got {recipe.backend.zero_stage}. A natural step is made of second derivatives and "
            "of steps that are tried and taken back, which need gradients and weights whole",
        )
    if recipe.model.dtype != "float32":
        yield (
            "model.dtype",
            f"must be float32 for {name}: second derivatives in {recipe.model.dtype} are mostly rounding, and the "
            "bound is measured on weights that rounding would move",
        )
    if train.epochs > 1 or train.minibatch is not None:
        key = "train.epochs" if train.epochs > 1 else "train.minibatch"
        yield key, f"must be left out for {name}: its bound holds for one step from the policy that sampled"


def _offline(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Text for an auxiliary loss goes with the option that weighs it."""
    wanted = bool(recipe.algorithm.options.get("language_coef"))
    if wanted and recipe.data.language is None:
        yield "data.language", "is required by algorithm.language_coef: name the texts, e.g. {name: text, path: ...}"
    if recipe.data.language is not None and not wanted:
        yield "data.language", "is read only where algorithm.language_coef is above 0, as return_conditioned has it"


def _reward(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What is made of rewards needs completions that are rewarded."""
    reward, default = recipe.reward, type(recipe.reward)()
    if reward.verdict_weight == 0 and reward.model is None:
        yield "reward.verdict_weight", "is 0 and there is no reward.model: nothing would be maximised"
    if reward.model is not None and (problem := missing_folder(reward.model)):
        yield "reward.model", problem
    if reward.overlong_buffer > recipe.sampling.max_tokens:
        yield "reward.overlong_buffer", f"is more than sampling.max_tokens={recipe.sampling.max_tokens}"
    if recipe.algorithm.name not in registry.REGISTRIES["algorithm"].names():
        return
    if registry.get("algorithm", recipe.algorithm.name).source != "on_policy":
        for key in type(reward).model_fields:
            if getattr(reward, key) != getattr(default, key):
                yield f"reward.{key}", f"has no meaning for {recipe.algorithm.name}, which samples no completions"
        if recipe.sampling.dynamic_rounds:
            yield "sampling.dynamic_rounds", f"has no meaning for {recipe.algorithm.name}, which samples no completions"


def _sampler(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What is made of the sampler's age and of its differences needs a sampler."""
    name, engine, correction = recipe.algorithm.name, recipe.engine, recipe.correction
    if name not in registry.REGISTRIES["algorithm"].names():
        return
    algorithm = registry.get("algorithm", name)
    if engine.max_staleness and algorithm.source != "on_policy":
        yield "engine.max_staleness", f"has no meaning for {name}, which samples no completions"
    if engine.max_staleness and algorithm.step_kind == "natural":
        yield "engine.max_staleness", f"must be 0 for {name}: its bound holds for one step from the policy that sampled"
    if engine.max_staleness and engine.tensor_parallel > 1:
        yield (
            "engine.max_staleness",
            "must be 0 with engine.tensor_parallel above 1: ranks that share an engine sample together, and would talk "
            "to each other in two threads at once",
        )
    if correction.name not in ("auto", "none") and algorithm.source != "on_policy":
        yield "correction.name", f"has no meaning for {name}, which samples no completions"
    read_by = {"cap": ("auto", "token", "sequence"), "low": ("mask",), "high": ("mask",)}
    for key, kinds in read_by.items():
        if correction.name not in kinds and getattr(correction, key) != getattr(type(correction)(), key):
            yield f"correction.{key}", f"is read where correction.name is one of {', '.join(kinds)}; leave it out"


def missing_folder(path: str) -> str | None:
    """What is wrong with a path that looks local and is no folder; a hub id is left to the hub."""
    return f"no folder at {path!r}" if looks_local(path) and not Path(path).expanduser().is_dir() else None


def _schedule(recipe: Recipe) -> Iterator[tuple[str, str]]:
    train = recipe.train
    if train.minibatch is not None:
        known = recipe.algorithm.name in registry.REGISTRIES["algorithm"].names()
        source = registry.get("algorithm", recipe.algorithm.name).source if known else "on_policy"
        group = {"on_policy": recipe.sampling.group_size, "pairs": 2}.get(source, 1)
        rows = train.prompts_per_iteration * group
        if train.minibatch > rows:
            yield (
                "train.minibatch",
                f"is {train.minibatch} completions, more than the {rows} of an iteration "
                f"({train.prompts_per_iteration} prompts x {group}); leave it out to use all",
            )
        if source == "pairs" and train.minibatch % 2:
            yield "train.minibatch", f"counts completions, two a pair, so it must be even; got {train.minibatch}"
    if (train.eval_every or train.eval_at_start) and not recipe.data.eval:
        yield "train.eval_every", "is set, but data.eval names nothing to evaluate; set it to 0 or name a suite"
    if train.keep_best is not None and not train.eval_every:
        yield "train.keep_best", "needs train.eval_every: without evaluations there is no best"


def _lora(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Adapters start at 0 and are small: a rate that suits whole weights leaves them there."""
    lora, lr = recipe.lora, recipe.train.lr
    if lora is not None and lr * max(1.0, lora.alpha / lora.rank) < LEAST_LORA_LR:
        yield (
            "train.lr",
            f"is {lr:g}, a rate for whole weights; adapters need ten times as much and more. Set train.lr=2e-5 "
            f"(1e-5 to 1e-4 is usual for reinforcement learning with LoRA), or leave lora out",
        )


def _backend(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What the ranks and DeepSpeed can do together."""
    backend, launch = recipe.backend, recipe.launch
    if backend.name == "local":
        for key in ("zero_stage", "offload_optimizer", "offload_parameters", "config"):
            if getattr(backend, key) != getattr(type(backend)(), key):
                yield f"backend.{key}", "belongs to backend.name=deepspeed; set that, or leave it out"
        if (launch.devices or 1) > 1 or launch.hostfile:
            key = "launch.hostfile" if launch.hostfile else "launch.devices"
            yield key, "starts several ranks, but the backend local trains on one; set backend.name=deepspeed"
        if recipe.model.dtype == "float16":
            yield (
                "model.dtype",
                "float16 needs a loss scale: backend.name=deepspeed with zero_stage 1 to 3; or bfloat16",
            )
        return
    yield from zero_problems(recipe)
    if backend.offload_parameters and backend.zero_stage != 3:
        yield "backend.offload_parameters", f"needs zero_stage 3, which divides them; got {backend.zero_stage}"
    if not backend.zero_stage:  # each rank holds everything, and DeepSpeed has no part in it
        for key, given in (("offload_optimizer", backend.offload_optimizer), ("config", backend.config is not None)):
            if given:
                yield f"backend.{key}", "needs zero_stage 1, 2 or 3: stage 0 makes no use of DeepSpeed's optimizers"
        if recipe.model.dtype == "float16":
            yield "model.dtype", "float16 needs a loss scale: zero_stage 1, 2 or 3; or bfloat16"
    if recipe.model.dtype == "float16" and recipe.critic.kind == "model":
        yield "critic.kind", "must be head with float16: one loss cannot carry the loss scales of two models"


def _engine(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What vLLM cannot do, and options that only it reads."""
    engine, temperature = recipe.engine, recipe.sampling.temperature
    if engine.name.startswith("vllm") and not (temperature == 0 or 0.01 <= temperature <= 2):
        yield "sampling.temperature", f"must be 0, or from 0.01 to 2, for {engine.name}; got {temperature:g}"
    if engine.name in ("vllm_server", "openai") and (stops := len(recipe.sampling.stop)) > 4:
        yield "sampling.stop", f"may hold four texts for {engine.name}, as servers have it; got {stops}"
    if engine.tensor_parallel > 1 and engine.name != "vllm":
        yield "engine.tensor_parallel", f"has no meaning for engine.name={engine.name}: leave it out"
    host = urlsplit(engine.url or "").hostname
    if engine.name == "vllm_server" and host is None:
        yield "engine.url", f"must be where the vLLM server listens, such as http://127.0.0.1:8000; got {engine.url!r}"
    elsewhere = host not in (None, "localhost", "127.0.0.1", "::1")
    by_folder = engine.weight_transfer == "folder" and engine.weights_dir is None
    if engine.name == "vllm_server" and elsewhere and by_folder:
        yield "engine.weights_dir", f"is required with a server on {host}: name a folder that both sides see"
