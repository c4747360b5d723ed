"""From a recipe to the source of its batches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from rlvr.assemble import device_of, load_data, sampling_of
from rlvr.core import Engine, Prompt
from rlvr.errors import UserError
from rlvr.schema import Recipe
from rlvr.training.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from rlvr.algorithms.base import Algorithm
    from rlvr.functional import Correction
    from rlvr.rewards import Judge
    from rlvr.training.async_on_policy import AsyncOnPolicy
    from rlvr.training.local_backend import LocalBackend
    from rlvr.training.on_policy import OnPolicy
    from rlvr.training.selection import Selection
    from rlvr.training.sources import Source


def source_of(
    recipe: Recipe,
    algorithm: Algorithm,
    prompts: Sequence[Prompt],
    engine: Engine,
    judge: Judge,
    tokenizer: PreTrainedTokenizerBase,
    backend: LocalBackend,
    selection: Selection | None = None,
) -> Source:
    """Where the run's batches come from: the policy itself, or what a data set holds."""
    from rlvr.training.corpus import Corpus
    from rlvr.training.pairs import Pairs
    from rlvr.training.trajectories import Trajectories

    train, data = recipe.train, recipe.data
    if algorithm.source == "on_policy":
        source = on_policy(recipe, prompts, engine, judge, tokenizer, backend.ranks, selection)
        return ahead_of_training(recipe, source, backend) if recipe.engine.max_staleness else source
    size, iterations, seed, shuffle = train.prompts_per_iteration, train.iterations, train.seed, train.shuffle
    if algorithm.source == "pairs":
        reference = backend.reference_logprobs if "ref_logprobs" in algorithm.needs else None
        return Pairs(
            prompts,
            tokenizer=tokenizer,
            iterations=iterations,
            pairs_per_iteration=size,
            seed=seed,
            shuffle=shuffle,
            ranks=backend.ranks,
            reference=reference,
        )
    kind: Callable[..., Source] = Corpus
    if algorithm.source == "trajectories":
        texts = [] if data.language is None else load_data(data.language, data.data_dir, "train").prompts
        kind = functools.partial(Trajectories, texts=texts)
    return kind(
        prompts,
        tokenizer=tokenizer,
        iterations=iterations,
        rows_per_iteration=size,
        seed=seed,
        max_tokens=recipe.sampling.max_tokens,
        shuffle=shuffle,
        ranks=backend.ranks,
    )


def selection_of(recipe: Recipe, prompts: Sequence[Prompt]) -> Selection:
    """Which prompts the iterations take: the order of the seed, of a curriculum, without those that are left out."""
    from rlvr.data.mixing import difficulties
    from rlvr.training.selection import Filter, Selection

    train, data = recipe.train, recipe.data
    numbers = None
    if data.curriculum is not None:
        sign = 1 if data.curriculum.order == "ascending" else -1
        found = difficulties(prompts, data.curriculum.column)
        numbers = [value if value == float("inf") else sign * value for value in found]
    section = data.difficulty_filter
    kept = None if section is None else Filter(section.solved_after, section.failed_after, section.revisit_after)
    return Selection(len(prompts), train.seed, train.shuffle, difficulty=numbers, filter=kept)


def correction_of(recipe: Recipe) -> Correction | None:
    """How surrogates are weighted; None where the engine samples from the very distribution that is trained."""
    from rlvr.functional import Correction

    section, engine = recipe.correction, recipe.engine
    if section.name == "none" or (section.name == "auto" and engine.name == "hf" and not engine.max_staleness):
        return None
    return Correction("token" if section.name == "auto" else section.name, section.cap, section.low, section.high)


def on_policy(
    recipe: Recipe,
    prompts: Sequence[Prompt],
    engine: Engine,
    judge: Judge,
    tokenizer: PreTrainedTokenizerBase,
    ranks: Ranks = ALONE,
    selection: Selection | None = None,
) -> OnPolicy:
    from rlvr.training.on_policy import OnPolicy
    from rlvr.training.reward_model import RewardModel
    from rlvr.training.shaping import Shaping

    train, reward = recipe.train, recipe.reward
    shaping = Shaping(
        verdict_weight=reward.verdict_weight,
        model_weight=reward.model_weight,
        format=reward.format,
        format_weight=reward.format_weight,
        overlong_buffer=reward.overlong_buffer,
        overlong_penalty=reward.overlong_penalty,
        repetition_ngram=reward.repetition_ngram,
        repetition_penalty=reward.repetition_penalty,
        length_weight=reward.length_weight,
    )
    scorer = None
    if reward.model is not None:
        scorer = RewardModel(reward.model, device=device_of(recipe, ranks), tokens=train.tokens_per_microbatch)
    return OnPolicy(
        prompts,
        engine,
        judge,
        sampling_of(recipe),
        tokenizer=tokenizer,
        iterations=train.iterations,
        prompts_per_iteration=train.prompts_per_iteration,
        prompts_per_chunk=prompts_per_chunk(recipe),
        selection=selection or selection_of(recipe, prompts),
        shaping=shaping,
        scorer=scorer,
        dynamic_rounds=recipe.sampling.dynamic_rounds,
        ranks=ranks,
        correction=correction_of(recipe),
    )


def ahead_of_training(recipe: Recipe, source: OnPolicy, backend: LocalBackend) -> AsyncOnPolicy:
    """The source with a thread that samples up to `engine.max_staleness` iterations ahead."""
    from rlvr.training.async_on_policy import AsyncOnPolicy

    decided = recipe.sampling.dynamic_rounds or recipe.data.difficulty_filter is not None
    if decided and not backend.ranks.alone:
        raise UserError(
            "sampling.dynamic_rounds or data.difficulty_filter with engine.max_staleness above 0 needs a single rank: "
            "which prompts are sampled is decided by all ranks together, and they talk to each other between updates "
            "only. Leave one out."
        )
    engine = recipe.engine
    return AsyncOnPolicy(
        source, lambda: backend.policy, max_staleness=engine.max_staleness, timeout=engine.rollout_timeout
    )


def ahead_of(source: Source, stack: ExitStack) -> AsyncOnPolicy | None:
    """The source where it samples ahead of training, its thread ended with `stack`; None where it does not."""
    from rlvr.training.async_on_policy import AsyncOnPolicy

    if not isinstance(source, AsyncOnPolicy):
        return None
    stack.callback(source.close)
    return source


def settle(source: Source, algorithm: Algorithm, backend: LocalBackend, engine: Engine) -> None:
    """Makes the engine the caller's: it has nothing to do, and the policy's newest weights."""
    from rlvr.training.async_on_policy import AsyncOnPolicy
    from rlvr.training.probe import check_engine

    if isinstance(source, AsyncOnPolicy):
        source.settle()
        check_engine(source, backend)
    elif algorithm.source != "on_policy" and algorithm.head != "score":  # nobody else tells the engine
        engine.load_policy(backend.policy, backend.updates)


def prompts_per_chunk(recipe: Recipe) -> int:
    """Prompts sampled before the first verdicts are asked for. vLLM takes all: it refills its batch by itself."""
    if recipe.engine.name.startswith("vllm"):
        return recipe.train.prompts_per_iteration
    return max(1, recipe.engine.batch_size // recipe.sampling.group_size)
