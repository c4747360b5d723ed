"""A whole evaluation: a model on suites, recorded, resumable, with a manifest and results that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from rlvr import assemble
from rlvr.engines import answering_engine, lone_engine
from rlvr.errors import UserError, all_of
from rlvr.folder import write_json
from rlvr.outcome import EvalReport
from rlvr.schema import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from rlvr.eval import SuiteResult

#: Suite, samples done, samples in all, and the mean reward so far (None before the first that was judged).
OnProgress = Callable[[str, int, int, float | None], None]


def evaluate_model(
    recipe: Recipe,
    suites: Sequence[str],
    *,
    samples: int | None,
    limit: int | None,
    data_dir: str | Path | None,
    out: Path | None,
    sampling: Mapping[str, Any],
    wanted_return: float | None = None,
    resume: bool = False,
    on_progress: OnProgress = lambda suite, done, total, mean: None,
) -> EvalReport:
    """Evaluates `recipe.model` on suites; `out` is the folder for `records.jsonl`, `manifest.json`, `results.json`.

    The last two are written whenever a suite is done. `wanted_return` is what a return-conditioned policy is asked for.
    """
    from rlvr.eval import evaluate_suite, suites_for
    from rlvr.eval.manifest import Manifest
    from rlvr.eval.records import RECORDS

    chosen = suites_for(suites)  # what is wrong with them is told before anything is loaded
    if wanted_return is not None:
        chosen = [suite.asking_for(wanted_return) for suite in chosen]
    seed = recipe.train.seed
    drawn = [suite.samples if samples is None else samples for suite in chosen]
    all_of(partial(s.sampling_for, count, sampling, seed) for s, count in zip(chosen, drawn, strict=True))
    loaded = all_of(partial(suite.load, limit=limit, data_dir=data_dir) for suite in chosen)
    results: list[SuiteResult] = []
    with ExitStack() as stack:
        judge = stack.enter_context(assemble.judge_of(recipe, [part.prompts for part in loaded], {}))
        tokenizer = _tokenizer(recipe)
        told = _template_notes(recipe, tokenizer)
        model = model_of(recipe, tokenizer)
        manifest = Manifest(out, model, seed, conditions_of(recipe))
        manifest.check(chosen, resume=resume)
        engine = lone_engine(recipe, tokenizer, stack)
        known: dict[Any, Any] = {}
        engines = [answering_engine(engine, suite.answering, known) for suite in chosen]
        manifest.begin(chosen)
        for suite, problems, answering in zip(chosen, loaded, engines, strict=True):
            result = evaluate_suite(
                suite,
                answering,
                judge,
                samples=samples,
                problems=problems,
                sampling=sampling,
                seed=seed,
                record=None if out is None else out / RECORDS,
                resume=resume,
                identity=model,
                on_progress=partial(on_progress, suite.name),
            )
            results.append(result)
            manifest.add(suite, result)
            if out is not None:
                write_results(out, recipe.model.path, model["weights"], results, told)
    return EvalReport(recipe.model.path, tuple(results), told)


def _template_notes(recipe: Recipe, tokenizer: PreTrainedTokenizerBase | None) -> tuple[str, ...]:
    """What the results' reader should know of the template."""
    from rlvr.rollout.chat import template_note

    section = recipe.model
    note = None if tokenizer is None else template_note(tokenizer, section.chat_template, section.path)
    return () if note is None else (note,)


def model_of(recipe: Recipe, tokenizer: PreTrainedTokenizerBase | None) -> dict[str, Any]:
    """What is evaluated and with what: the manifest's `model`, of which the records repeat what names the samples."""
    from rlvr.eval.manifest import chosen_by, weights_hash
    from rlvr.rollout.chat import template_hash
    from rlvr.training.checkpoint import model_folder

    section, engine = recipe.model, recipe.engine
    local = engine.name != "openai"  # behind that interface may be anything
    return {
        "path": section.path,
        "revision": section.revision,
        "weights": weights_hash(model_folder(section.path), section.revision) if local else None,
        "template": "the server's" if tokenizer is None else template_hash(tokenizer),
        "dtype": section.dtype if local else None,
        "engine": engine.name,
        "url": None if engine.url is None else _without_password(engine.url),
        "device": assemble.device_of(recipe) if engine.name in ("hf", "vllm") else None,
        "chosen_by": chosen_by(section.path),
    }


def conditions_of(recipe: Recipe) -> dict[str, Any]:
    """What moves results by itself besides dtype, engine and versions; None where it has no meaning or is not known."""
    import torch

    engine, here = recipe.engine, recipe.engine.name in ("hf", "vllm")
    on_gpu = here and assemble.device_of(recipe).startswith("cuda")
    return {
        "batch_size": engine.batch_size,
        "tensor_parallel": engine.tensor_parallel if engine.name == "vllm" else None,
        "attention": recipe.model.attention if engine.name == "hf" else None,
        "gpu": torch.cuda.get_device_name() if on_gpu else None,
        "server": None if engine.url is None else _version_of_server(engine.url),
    }


def _version_of_server(url: str) -> str | None:
    """What vLLM's kind of server calls its version; None of one that does not say."""
    import json
    from urllib.request import ProxyHandler, build_opener

    address = url.rstrip("/").removesuffix("/v1") + "/version"
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=5) as reply:
            return str(json.load(reply)["version"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _without_password(url: str) -> str:
    """The address without a user's name and password, since the manifest is a file that is passed on."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _tokenizer(recipe: Recipe) -> PreTrainedTokenizerBase | None:
    """The tokenizer that prompts are written with; None where a server writes them by its own template."""
    from rlvr.training.models import load_tokenizer

    section, engine = recipe.model, recipe.engine
    if engine.name == "openai" and engine.api == "chat":
        return None
    return load_tokenizer(section.path, section.chat_template, section.revision)


def write_results(
    folder: Path, path: str, weights: str | None, results: Sequence[SuiteResult], told: Sequence[str] = ()
) -> None:
    """Writes `results.json` and `results.md`; suites that were evaluated here earlier stay, below the new ones."""
    from rlvr.eval import results_json, results_markdown
    from rlvr.eval.across import mean_over_suites
    from rlvr.eval.manifest import read_json
    from rlvr.eval.report import MARKDOWN, RESULTS

    suites = {fields["suite"]: fields for fields in results_json(results)}
    earlier = read_json(folder / RESULTS)
    if (earlier.get("model"), earlier.get("weights")) == (path, weights):
        suites |= {name: old for name, old in earlier.get("suites", {}).items() if name not in suites}
    listed = list(suites.values())
    mean, _ = mean_over_suites(listed)
    values = {"format": 1, "model": path, "weights": weights, "notes": list(told), "suites": suites}
    try:
        write_json(folder / RESULTS, {**values, "mean": None if mean is None else asdict(mean)})
        (folder / MARKDOWN).write_text(results_markdown(listed, path, told), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{folder / RESULTS} cannot be written: {error}. Make room and resume (--resume).") from error
