"""From a recipe to the parts of a run. With `rlvr.run`, the only place that knows every room."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr import registry
from rlvr.core import Engine, Prompt, Sampling, VerifierUse
from rlvr.errors import UserError
from rlvr.schema import DataRef, EvalRef, Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from rlvr.algorithms.base import Algorithm
    from rlvr.data import LoadedPrompts
    from rlvr.eval import Suite
    from rlvr.rewards import Judge
    from rlvr.training.local_backend import LocalBackend
    from rlvr.training.sources import Corpus, OnPolicy


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
    return None if ref.verifier is None else tuple(VerifierUse(v.name, v.weight, v.options) for v in ref.verifier)


def load_data(ref: DataRef, data_dir: str | None, split: str) -> LoadedPrompts:
    """The prompts that a data section names."""
    from rlvr.data import load_prompts

    columns = {"prompt": ref.prompt, "answer": ref.answer}
    return load_prompts(
        ref.name,
        path=ref.path,
        split=ref.split or split,
        columns={k: v for k, v in columns.items() if v is not None} or None,
        verifier=verifier_uses(ref),
        limit=ref.limit,
        data_dir=data_dir,
        options=ref.options or None,
    )


def judge_of(recipe: Recipe, prompts: Sequence[Prompt], functions: Mapping[str, Callable[..., Any]]) -> Judge:
    """The worker pool, its workers warm for the verifiers that the prompts name."""
    from rlvr.rewards import Judge, check_verifiers

    uses = list({(use.name, repr(use.options)): use for p in prompts for use in p.verifiers}.values())
    if problems := check_verifiers(uses, functions):
        raise UserError(" ".join(problems))
    section = recipe.judge
    return Judge(
        section.workers,
        section.timeout,
        section.memory_mb,
        plugins=recipe.plugins,
        functions=functions,
        warm=list(dict.fromkeys(use.name for use in uses)),
    )


def device_of(recipe: Recipe) -> str:
    import torch

    wanted = recipe.backend.device
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"backend.device={wanted}, but torch sees no GPU here. Use backend.device=auto or cpu.")
    return wanted


def engine_of(recipe: Recipe, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Engine:
    """The engine; `hf` samples from the very weights that the backend trains."""
    cls = registry.get("engine", recipe.engine.name)
    engine: Engine = cls() if recipe.engine.name == "scripted" else cls(model, tokenizer, recipe.engine.batch_size)
    return engine


def updates_per_iteration(recipe: Recipe, algorithm: Algorithm) -> int:
    rows = rows_per_iteration(recipe, algorithm)
    return recipe.train.epochs * math.ceil(rows / (recipe.train.minibatch or rows))


def rows_per_iteration(recipe: Recipe, algorithm: Algorithm) -> int:
    group = recipe.sampling.group_size if algorithm.source == "on_policy" else 1
    return recipe.train.prompts_per_iteration * group


def backend_of(recipe: Recipe, model: PreTrainedModel, algorithm: Algorithm) -> LocalBackend:
    """The backend, with a frozen reference where the algorithm needs one."""
    from rlvr.training.models import load_model

    reference = None
    if "ref_logprobs" in algorithm.needs:
        reference = load_model(recipe.model.path, recipe.model.revision, recipe.model.attention)
    backend: LocalBackend = registry.get("backend", recipe.backend.name)(
        model,
        recipe.train,
        total_updates=recipe.train.iterations * updates_per_iteration(recipe, algorithm),
        dtype=recipe.model.dtype,
        # Demonstrations were not sampled: their likelihood is the model's own, at temperature 1.
        temperature=recipe.sampling.temperature if algorithm.source == "on_policy" else 1.0,
        reference=reference,
        device=device_of(recipe),
    )
    return backend


def source_of(
    recipe: Recipe,
    algorithm: Algorithm,
    prompts: Sequence[Prompt],
    engine: Engine,
    judge: Judge,
    tokenizer: PreTrainedTokenizerBase,
) -> OnPolicy | Corpus:
    """Where the run's batches come from: the policy itself, or demonstrations."""
    from rlvr.training.sources import Corpus

    train = recipe.train
    if algorithm.source == "corpus":
        return Corpus(
            prompts,
            tokenizer=tokenizer,
            iterations=train.iterations,
            rows_per_iteration=train.prompts_per_iteration,
            seed=train.seed,
            shuffle=train.shuffle,
        )
    return on_policy(recipe, prompts, engine, judge, tokenizer)


def on_policy(
    recipe: Recipe, prompts: Sequence[Prompt], engine: Engine, judge: Judge, tokenizer: PreTrainedTokenizerBase
) -> OnPolicy:
    from rlvr.training.sources import OnPolicy

    train = recipe.train
    return OnPolicy(
        prompts,
        engine,
        judge,
        sampling_of(recipe),
        tokenizer=tokenizer,
        iterations=train.iterations,
        prompts_per_iteration=train.prompts_per_iteration,
        prompts_per_chunk=max(1, recipe.engine.batch_size // recipe.sampling.group_size),
        shuffle=train.shuffle,
    )


def suites_of(recipe: Recipe) -> list[tuple[Suite, LoadedPrompts]]:
    """The suites of data.eval with their problems, loaded before training: a network lost later ends no run.

    Nothing is loaded where the run is too short to evaluate.
    """
    from rlvr.eval import suite_for

    train = recipe.train
    if not train.eval_at_start and not 0 < train.eval_every <= train.iterations:
        return []
    suites = [suite_for(_eval_section(ref), name=ref.label) for ref in recipe.data.eval]
    return [(suite, suite.load(data_dir=recipe.data.data_dir)) for suite in suites]


def _eval_section(ref: EvalRef) -> dict[str, Any]:
    """An entry of `data.eval` as the harness reads it."""
    keys = {k: getattr(ref, k) for k in ("name", "path", "split", "prompt", "answer", "options", "limit")}
    return {**keys, "verifier": verifier_uses(ref)}


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
        ("tokens a micro-batch", f"at most {train.tokens_per_microbatch:,}, with padding"),
        ("algorithm", " ".join([recipe.algorithm.name, *(f"{k}={v}" for k, v in recipe.algorithm.options.items())])),
        ("data", str(recipe.data.train.name or Path(str(recipe.data.train.path)).name)),
    ]
