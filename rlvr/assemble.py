"""From a recipe to the parts of a run. With `rlvr.run`, the only place that knows every room."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr import registry
from rlvr.core import Prompt, Sampling, VerifierUse
from rlvr.errors import UserError
from rlvr.schema import DataRef, Recipe
from rlvr.training.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from rlvr.algorithms.base import Algorithm
    from rlvr.data import LoadedPrompts
    from rlvr.rewards import Judge
    from rlvr.training.critic import Critic
    from rlvr.training.local_backend import LocalBackend

#: How much faster a critic learns unless the recipe says: its head starts at 0, the policy where it is good already.
CRITIC_LR_FACTOR = 10.0


def sampling_of(recipe: Recipe) -> Sampling:
    section = recipe.sampling
    return Sampling(
        temperature=section.temperature,
        top_p=section.top_p,
        top_k=section.top_k,
        max_tokens=section.max_tokens,
        stop=tuple(section.stop),
        seed=recipe.train.seed,
        group_size=section.group_size,
    )


def algorithm_of(recipe: Recipe) -> Algorithm:
    from rlvr.config import algorithm_options

    options, _ = algorithm_options(recipe.algorithm.name, recipe.algorithm.options)
    algorithm: Algorithm = registry.get("algorithm", recipe.algorithm.name)(**options)
    return algorithm


def verifier_uses(ref: DataRef) -> tuple[VerifierUse, ...] | None:
    return (
        None if ref.verifier is None else tuple(VerifierUse(v.name, v.weight, v.options, v.gate) for v in ref.verifier)
    )


def load_data(ref: DataRef, data_dir: str | None, split: str) -> LoadedPrompts:
    """The prompts that a data section names."""
    from rlvr.data import asking_for, load_prompts

    columns = {"prompt": ref.prompt, "answer": ref.answer, "system": ref.system, "id": ref.id}
    loaded = load_prompts(
        ref.name,
        path=ref.path,
        split=ref.split or split,
        columns={k: v for k, v in columns.items() if v is not None} or None,
        verifier=verifier_uses(ref),
        limit=ref.limit,
        data_dir=data_dir,
        options=ref.options or None,
        template=ref.template,
        on_bad_row=ref.on_bad_row,
    )
    if ref.wanted_return is None:
        return loaded
    return replace(loaded, prompts=tuple(asking_for(p, ref.wanted_return) for p in loaded.prompts))


def judge_of(recipe: Recipe, sets: Sequence[Iterable[Prompt]], functions: Mapping[str, Callable[..., Any]]) -> Judge:
    """The worker pool, its workers warm for the verifiers that the prompts of these sets name.

    Prompts are read one after another and not kept: with their tests they may be larger than memory.
    """
    from rlvr.rewards import Judge, check_answers, check_verifiers
    from rlvr.scorers import Models

    together = {repr(p.verifiers): p.verifiers for part in sets for p in part}.values()  # each list that judges
    problems = list(dict.fromkeys(problem for uses in together for problem in check_verifiers(uses, functions)))
    if problems or (problems := check_answers(chain.from_iterable(sets), functions)):
        raise UserError(" ".join(problems))
    uses = list({(use.name, repr(use.options)): use for listed in together for use in listed}.values())
    section = recipe.judge
    judge = Judge(
        section.workers,
        section.timeout,
        section.memory_mb,
        plugins=recipe.plugins,
        functions=functions,
        warm=list(dict.fromkeys(use.name for use in uses)),
        open_model=Models(recipe.grader, recipe.backend.device, recipe.train.tokens_per_microbatch),
    )
    try:
        judge.open_models(uses)
    except UserError:
        judge.close()
        raise
    return judge


def device_of(recipe: Recipe, ranks: Ranks = ALONE) -> str:
    """The device of this rank."""
    import torch

    wanted = recipe.backend.device
    if wanted == "auto" or (wanted == "cuda" and not ranks.alone):
        return (f"cuda:{ranks.local}" if not ranks.alone else "cuda") if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"backend.device={wanted}, but torch sees no GPU here. Use backend.device=auto or cpu.")
    return wanted


def check_ranks(recipe: Recipe, ranks: Ranks) -> None:
    """Raises `UserError` where so many ranks cannot run the recipe."""
    if ranks.alone:
        return
    if recipe.backend.name == "local":
        raise UserError(
            f"this run was started on {ranks.count} ranks, but backend.name=local trains on one. Set "
            "backend.name=deepspeed (zero_stage 0 to 3), or start it without a launcher."
        )
    if recipe.train.prompts_per_iteration < ranks.count:
        raise UserError(
            f"train.prompts_per_iteration={recipe.train.prompts_per_iteration} leaves some of {ranks.count} ranks "
            "without a prompt. Give at least one a rank."
        )


def updates_per_iteration(recipe: Recipe, algorithm: Algorithm) -> int:
    rows = rows_per_iteration(recipe, algorithm)
    return recipe.train.epochs * math.ceil(rows / (recipe.train.minibatch or rows))


def rows_per_iteration(recipe: Recipe, algorithm: Algorithm) -> int:
    group = {"on_policy": recipe.sampling.group_size, "pairs": 2}.get(algorithm.source, 1)
    return recipe.train.prompts_per_iteration * group


def backend_of(recipe: Recipe, model: PreTrainedModel, algorithm: Algorithm, ranks: Ranks = ALONE) -> LocalBackend:
    """The backend, with a frozen reference where the algorithm needs one."""
    from rlvr.training.models import load_model
    from rlvr.zero import zero_config

    if recipe.backend.name == "deepspeed" and recipe.backend.zero_stage:
        make = functools.partial(registry.get("backend", "deepspeed"), config=zero_config(recipe))
    else:  # stage 0 divides nothing: each rank is a local backend, and their gradients are summed
        make = registry.get("backend", "local")

    reference = None
    if "ref_logprobs" in algorithm.needs and recipe.lora is None:  # with its adapter off the policy is the reference
        with loading(recipe):
            reference = load_model(recipe.model.path, recipe.model.revision, recipe.model.attention)
    backend: LocalBackend = make(
        model,
        recipe.train,
        total_updates=recipe.train.iterations * updates_per_iteration(recipe, algorithm),
        dtype=recipe.model.dtype,
        # Demonstrations were not sampled: their likelihood is the model's own, at temperature 1.
        temperature=recipe.sampling.temperature if algorithm.source == "on_policy" else 1.0,
        reference=reference,
        critic=critic_of(recipe, model, algorithm),
        critic_lr=recipe.critic.lr or CRITIC_LR_FACTOR * recipe.train.lr,
        device=device_of(recipe, ranks),
        ranks=ranks,
    )
    return backend


def loading(recipe: Recipe) -> AbstractContextManager[None]:
    """Inside, the models of a run are loaded: in parts, where its ranks divide them."""
    from rlvr.training.zero_engine import loading_in_parts
    from rlvr.zero import zero_config

    divided = recipe.backend.name == "deepspeed" and recipe.backend.zero_stage == 3
    return loading_in_parts(zero_config(recipe)) if divided else nullcontext()


def critic_of(recipe: Recipe, model: PreTrainedModel, algorithm: Algorithm) -> Critic | None:
    """The critic, where the algorithm needs values."""
    from rlvr.training.critic import Critic
    from rlvr.training.lora import add_adapter
    from rlvr.training.models import load_model

    if "values" not in algorithm.needs:
        return None
    section = recipe.critic
    if section.kind == "head":
        # A natural step moves the policy only as far as it measured: nothing else may.
        detached = section.detached or algorithm.step_kind == "natural"
        return Critic(model.config.hidden_size, detached=detached)
    revision = recipe.model.revision if section.path is None else None
    with loading(recipe):
        trunk = load_model(section.path or recipe.model.path, revision, recipe.model.attention)
    if recipe.model.gradient_checkpointing:
        trunk.gradient_checkpointing_enable()
    if recipe.lora is not None:
        add_adapter(trunk, recipe.lora, recipe.train.seed)
    return Critic(trunk.config.hidden_size, trunk=trunk)


def policy_of(
    recipe: Recipe, algorithm: Algorithm, tokenizer: PreTrainedTokenizerBase, checkpoint: str | None
) -> PreTrainedModel:
    """What is trained, in fp32: from `checkpoint` where the run has one, or from where the recipe starts.

    Adapters always stand beside the weights that the run started from: a checkpoint's model has them merged, and
    its trainer state has them apart.
    """
    from rlvr.training.lora import add_adapter
    from rlvr.training.models import load_model
    from rlvr.training.reward_model import load_reward_model

    section = recipe.model
    path, revision = (section.path, section.revision) if checkpoint is None or recipe.lora else (checkpoint, None)
    with loading(recipe):
        if algorithm.head == "score":
            seed = recipe.train.seed
            model = load_reward_model(path, tokenizer, revision=revision, attention=section.attention, seed=seed)
        else:
            model = load_model(path, revision, section.attention)
    if section.gradient_checkpointing:
        model.gradient_checkpointing_enable()
    if recipe.lora is not None:
        add_adapter(model, recipe.lora, recipe.train.seed)
    return model


def trained_on(recipe: Recipe) -> str:
    """What the training data are called."""
    train = recipe.data.train
    sets = train.sets if train.several else [train]
    return train.mix or ", ".join(ref.name or Path(str(ref.path)).name for ref in sets)


def schedule_rows(recipe: Recipe, algorithm: Algorithm, prompts: int) -> list[tuple[str, str]]:
    """The table of the schedule that follows from the four numbers of the recipe."""
    train = recipe.train
    rows = rows_per_iteration(recipe, algorithm)
    updates = updates_per_iteration(recipe, algorithm)
    seen = train.iterations * train.prompts_per_iteration
    return [
        ("iterations", f"{train.iterations}"),
        (
            "prompts an iteration",
            f"{train.prompts_per_iteration}, {seen:,} in all ({seen / prompts:.2f} epochs of {prompts:,})",
        ),
        ("completions an iteration", f"{rows:,}"),
        ("completions an update", f"{train.minibatch or rows:,}"),
        ("updates an iteration", f"{updates}, {updates * train.iterations:,} in all"),
        (
            "tokens a micro-batch",
            f"at most {train.tokens_per_microbatch:,}" + ("" if train.packing else ", with padding"),
        ),
        ("algorithm", " ".join([recipe.algorithm.name, *(f"{k}={v}" for k, v in recipe.algorithm.options.items())])),
        ("data", trained_on(recipe)),
    ]
