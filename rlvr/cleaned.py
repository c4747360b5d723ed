"""Cleaning of what a recipe trains on: the suites that it is held against, its judge, and a cache of the results."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr import __version__, assemble, hub, registry
from rlvr.core import Prompt
from rlvr.errors import UserError
from rlvr.schema import DataRef, Recipe
from rlvr.sections import SetRef

if TYPE_CHECKING:
    from rlvr.data import LoadedPrompts
    from rlvr.data.cleaning import Cleaned, JudgeAnswers, SuiteTexts


def cleaned_sets(
    recipe: Recipe, refs: Sequence[SetRef], loaded: Sequence[LoadedPrompts], *, answers: bool = True
) -> Cleaned | None:
    """What cleaning makes of all sets together; None where there is nothing to clean.

    Without `answers` none is judged: a notebook's function need not pay the reference answer as it stands.
    """
    import numpy as np

    from rlvr.data.cleaning import Rules, SuiteTexts, cache_key, clean
    from rlvr.data.mixing import Mixed
    from rlvr.references import answers_judged_by

    given = assemble.algorithm_of(recipe).source != "on_policy"  # several demonstrations may share a prompt
    rules = Rules(**recipe.data.cleaning.model_dump(), given=given)
    rules = rules if answers else replace(rules, answers=False)
    if not rules.any or all(_generated(ref) for ref in refs):
        return None
    sizes = [len(part.prompts) for part in loaded]
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    places = np.concatenate([np.arange(size) for size in sizes])
    together = Mixed([part.prompts for part in loaded], numbers, places, np.zeros(len(places), np.int64))
    prompts = loaded[0].prompts if len(loaded) == 1 else together
    suites = suite_texts(recipe.data.data_dir) if rules.contamination else SuiteTexts()
    verifiers = sorted({repr(use) for part in loaded for use in part.prompts[0].verifiers})
    tokenizer = f"{recipe.model.path}@{recipe.model.revision}" if rules.max_prompt_tokens else ""
    plugins = [hashlib.blake2b(Path(file).read_bytes(), digest_size=16).hexdigest() for file in recipe.plugins]
    contents = "+".join(part.contents for part in loaded)
    key = cache_key(contents, rules, suites, __version__, *verifiers, *plugins, tokenizer)
    if (known := _cached(key)) is not None:
        return known
    count_tokens = _token_counter(recipe) if rules.max_prompt_tokens else None
    with ExitStack() as stack:

        @functools.cache  # opened where there is something to judge: there may be too many prompts for that
        def opened() -> JudgeAnswers:
            return answers_judged_by(stack.enter_context(assemble.judge_of(recipe, [prompts], {})))

        cleaned = clean(
            prompts,
            rules,
            suites=suites,
            judge_answers=lambda some: opened()(some),
            count_tokens=count_tokens,
        )
    _cache(key, cleaned)
    return cleaned


def _token_counter(recipe: Recipe) -> Callable[[Prompt], int]:
    from rlvr.rollout.chat import prompt_ids
    from rlvr.training.models import load_tokenizer

    tokenizer = load_tokenizer(recipe.model.path, recipe.model.chat_template, recipe.model.revision)
    return lambda prompt: len(prompt_ids(tokenizer, prompt.messages))


def _generated(ref: DataRef) -> bool:
    from rlvr.data import Generated

    return ref.name is not None and isinstance(getattr(registry.get("dataset", ref.name), "source", None), Generated)


def suite_texts(data_dir: str | None) -> SuiteTexts:
    """The problems of every registered suite, out of the data folder or the hub, and why others could not be had."""
    from rlvr.data import Generated
    from rlvr.data.cleaning import SuiteTexts
    from rlvr.data.templates import problem_text
    from rlvr.eval import suite_for

    texts: dict[str, list[tuple[str, str]]] = {}
    unchecked: dict[str, str] = {}
    read: dict[str, list[tuple[str, str]]] = {}  # several suites ask the same problems in another way
    with nullcontext() if data_dir is not None else hub.asked() as trouble:  # once for all of them
        for name in registry.REGISTRIES["suite"].names():
            suite = replace(suite_for(name), template="none", on_bad_row="skip", wanted_return=None)
            if suite.dataset and isinstance(getattr(registry.get("dataset", suite.dataset), "source", None), Generated):
                continue  # a generator's problems are new ones
            asked = repr(replace(suite, name="", version=0, samples=1, sampling={}, answering="generate", scores=None))
            try:
                if asked not in read:
                    read[asked] = [(p.id, problem_text(p)) for p in suite.load(data_dir=data_dir).prompts]
            except UserError as error:
                unchecked[name] = f"{trouble}, and its cache here has no such data" if trouble else str(error)
                continue
            texts[name] = read[asked]
    return SuiteTexts(texts, unchecked)


def _cache_file(key: str) -> Path:
    base = os.environ.get("RLVR_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "rlvr"
    return Path(base) / "cleaning" / f"{key}.json"


def _cached(key: str) -> Cleaned | None:
    from rlvr.data.cleaning import Cleaned

    try:
        found = json.loads(_cache_file(key).read_text())
        return Cleaned(tuple(found["kept"]), found["report"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _cache(key: str, cleaned: Cleaned) -> None:
    """A cache that cannot be written costs the next run some seconds."""
    file = _cache_file(key)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps({"kept": list(cleaned.kept), "report": dict(cleaned.report)}))
        part.replace(file)
