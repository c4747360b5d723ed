"""`evaluate_suite`: problems -> completions -> verdicts -> scores, judged while the next ones are sampled."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rlvr.core import Completion, Engine, Prompt, Sampling, Verdict
from rlvr.data import LoadedPrompts

from .records import Record
from .results import Sample, SuiteResult, summarise
from .suites import Suite, suite_for


class Judge(Protocol):
    """What the harness needs of `rlvr.rewards`' judge."""

    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]: ...


@dataclass(frozen=True, slots=True)
class _Pending:
    """A completion that is being judged."""

    prompt: Prompt
    index: int
    completion: Completion
    verdict: Future[Verdict]


def evaluate_suite(
    suite: str | Mapping[str, Any] | Suite,
    engine: Engine,
    judge: Judge,
    *,
    samples: int | None = None,
    limit: int | None = None,
    sampling: Mapping[str, Any] | None = None,
    seed: int = 0,
    data_dir: str | Path | None = None,
    problems: LoadedPrompts | None = None,
    record: str | Path | None = None,
    resume: bool = False,
    model: str = "",
    template: str = "",
    chunk: int = 64,
    on_progress: Callable[[int, int], None] | None = None,
) -> SuiteResult:
    """Draws and judges `samples` completions of each problem of a suite.

    `sampling` overrides the suite's settings by name; `problems`, once loaded with `suite.load`, spare a
    training run to ask the hub at each evaluation; `record` is the JSONL file that gets one line a
    sample; `model` and `template` (a hash) name what is evaluated, and a record of others is refused. With
    `resume`, recorded (problem, sample) pairs are not drawn again; every completion's noise depends
    on seed, problem and sample alone, so an interrupted evaluation ends as an uninterrupted one.
    `chunk` problems are sampled at a time; `on_progress(done, total)` counts samples.
    """
    started = time.monotonic()
    suite = suite_for(suite)
    samples = samples if samples is not None else suite.samples
    settings = suite.sampling_for(samples, sampling or {}, seed)
    loaded = problems if problems is not None else suite.load(limit=limit, data_dir=data_dir)
    identity = _identity(suite, settings, seed, model, template)
    found: dict[tuple[str, int], Sample] = {}
    total = len(loaded.prompts) * samples
    with Record(Path(record) if record is not None else None, identity, resume=resume) as file:
        for prompt in loaded.prompts:
            for index in range(samples):
                if (known := file.find(prompt, index)) is not None:
                    found[prompt.id, index] = known
        missing = [p for p in loaded.prompts if any((p.id, i) not in found for i in range(samples))]
        if on_progress is not None and found:
            on_progress(len(found), total)
        for pending in _judged(missing, engine, judge, settings, set(found), chunk):
            sample = _sample(pending)
            file.append(pending.prompt, pending.completion, sample)
            found[sample.prompt_id, sample.index] = sample
            if on_progress is not None:
                on_progress(len(found), total)
    return summarise(
        suite.name,
        suite.version,
        [[found[prompt.id, index] for index in range(samples)] for prompt in loaded.prompts],
        samples=samples,
        seconds=time.monotonic() - started,
        fingerprint=loaded.fingerprint,
        settings={**identity, "skipped_rows": len(loaded.skipped)},
    )


def _judged(
    prompts: Sequence[Prompt],
    engine: Engine,
    judge: Judge,
    sampling: Sampling,
    known: set[tuple[str, int]],
    chunk: int,
) -> Iterator[_Pending]:
    """The completions in order, each when its verdict is there or is waited for.

    A chunk is waited for only after the next one has been sampled, so that judging hides behind
    sampling. Samples in `known` are drawn along with their missing siblings (an engine draws whole
    groups) and dropped.
    """
    waiting: deque[_Pending] = deque()
    for start in range(0, len(prompts), chunk):
        part = prompts[start : start + chunk]
        groups = engine.generate(part, sampling, iteration=0)
        earlier = len(waiting)
        for prompt, group in zip(part, groups, strict=True):
            for index, completion in enumerate(group):
                if (prompt.id, index) not in known:
                    waiting.append(_Pending(prompt, index, completion, judge.submit(prompt, completion)))
        for _ in range(earlier):
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()


def _sample(pending: _Pending) -> Sample:
    """Waits for the verdict. A judge that fails costs this verdict, not the evaluation."""
    try:
        verdict = pending.verdict.result()
    except Exception as error:  # a judge may fail in any way; the other samples still count
        verdict = Verdict(None, "error", reason=f"the judge failed: {type(error).__name__}: {error}")
    completion = pending.completion
    return Sample(pending.prompt.id, pending.index, verdict, completion.num_tokens, completion.finish_reason)


def _identity(suite: Suite, sampling: Sampling, seed: int, model: str, template: str) -> dict[str, Any]:
    """What every line of the record repeats. The number of samples is not in it: a record may grow."""
    drawn = {key: getattr(sampling, key) for key in ("temperature", "top_p", "top_k", "max_tokens", "stop")}
    return {
        "suite": suite.name,
        "version": suite.version,
        "seed": seed,
        "sampling": drawn,
        "template": template,
        "model": model,
    }
