"""The engine that a recipe names, and one engine made of those of several ranks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rlvr import registry
from rlvr.assemble import device_of
from rlvr.core import Completion, Engine, Prompt, Sampling
from rlvr.errors import UserError
from rlvr.schema import Recipe
from rlvr.training.ranks import Ranks

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def engine_of(
    recipe: Recipe,
    tokenizer: PreTrainedTokenizerBase | None,
    sampled_model: Callable[[], PreTrainedModel],
    stack: ExitStack,
) -> Engine:
    """The engine, closed with `stack`. `hf` samples from `sampled_model()`, the very weights that a backend trains."""
    from rlvr.training.checkpoint import model_folder

    name, section = recipe.engine.name, recipe.model
    cls = registry.get("engine", name)
    engine: Engine
    if name == "scripted":
        engine = cls()
    elif name == "recorded":
        engine = cls(recipe.engine.path)
    elif name == "vllm":
        path = model_folder(section.path)
        engine = cls(path, tokenizer, recipe.engine, dtype=section.dtype, revision=section.revision)
    elif name == "vllm_server":
        engine = cls(model_folder(section.path), tokenizer, recipe.engine, revision=section.revision)
    elif name == "openai":
        engine = cls(model_folder(section.path), tokenizer, recipe.engine)
    else:
        engine = cls(sampled_model(), tokenizer, recipe.engine.batch_size)
    if close := getattr(engine, "close", None):
        stack.callback(close)
    return engine


def lone_engine(recipe: Recipe, tokenizer: PreTrainedTokenizerBase | None, stack: ExitStack) -> Engine:
    """An engine for a model that nothing trains: `rlvr eval`, `rlvr rollout`."""
    from rlvr.training.models import DTYPES, cast_parameters, load_model, on_device

    def sampled_model() -> PreTrainedModel:
        section = recipe.model
        model = load_model(section.path, section.revision, section.attention)
        return cast_parameters(on_device(model, device_of(recipe)), DTYPES[section.dtype])

    return engine_of(recipe, tokenizer, sampled_model, stack)


def training_engine(
    recipe: Recipe, tokenizer: PreTrainedTokenizerBase, sampled_model: Callable[[], PreTrainedModel], stack: ExitStack
) -> Engine:
    """A run's engine. One that samples while the trainer trains has weights and a tokenizer of its own."""
    if recipe.engine.name == "openai":
        raise UserError(
            "engine.name=openai evaluates what a server serves and cannot be given the weights that are trained. Train "
            "with engine=hf, vllm or vllm_server."
        )
    if recipe.engine.max_staleness:
        return lone_engine(recipe, copy.deepcopy(tokenizer), stack)
    return engine_of(recipe, tokenizer, sampled_model, stack)


def answering_engine(engine: Engine, answering: str, known: dict[Any, Any] | None = None) -> Engine:
    """The engine that answers a suite's questions as the suite says: `engine` itself, or one of options' likelihoods.

    `known` keeps what options were scored, for the other suites of the same model. Raises `UserError` where the model
    is not in this process.
    """
    if answering == "generate":
        return engine
    from rlvr.rollout.hf_engine import HFEngine
    from rlvr.rollout.option_engine import OptionEngine

    if type(engine) is not HFEngine:
        raise UserError(
            "a suite that chooses by log-likelihood (arc_*_acc, arc_*_acc_norm) needs the model's own logits, which "
            "only engine=hf gives here, with the weights whole on one device. Use it, or the generative suite."
        )
    per_character = answering == "likeliest_per_character"
    return OptionEngine(engine.model, engine.tokenizer, per_character=per_character, known=known)


class SharedEngine:
    """Gives the completions of all prompts on every rank, of which each rank's own `engine` sampled its share."""

    def __init__(self, engine: Engine, ranks: Ranks) -> None:
        self.engine, self.ranks = engine, ranks

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        mine = self.engine.generate(self.ranks.share(prompts), sampling, iteration=iteration)
        return [completions for part in self.ranks.all(mine) for completions in part]

    def load_policy(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        self.engine.load_policy(weights, version)

    def metrics(self) -> Mapping[str, float]:
        return self.engine.metrics()
