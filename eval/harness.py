"""`evaluate_suite`: problems -> completions -> verdicts -> scores, judged while the next ones are sampled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rlvr.core import Completion, Engine, Prompt, Sampling, Verdict
from rlvr.data import LoadedPrompts

from .records import IDENTITY, Record
from .results import Sample, SuiteResult, summarise
from .suites import Suite, suite_for

#: Completions that are sampled together, of whole problems: what an interruption may cost.
CHUNK = 512

#: Samples done, samples in all, and their mean reward so far (None before the first that was judged).
OnProgress = Callable[[int, int, float | None], None]


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


class _Found:
    """The samples that are there, by problem and index, and how far along the evaluation is."""

    def __init__(self, total: int, on_progress: OnProgress | None) -> None:
        self.samples: dict[tuple[str, int], Sample] = {}
        self.total, self.on_progress = total, on_progress
        self._reward, self._judged = 0.0, 0

    def add(self, sample: Sample, tell: bool = True) -> None:
        self.samples[sample.prompt_id, sample.index] = sample
        if sample.verdict.reward is not None:
            self._reward += sample.verdict.reward
            self._judged += 1
        if tell:
            self.tell()

    def tell(self) -> None:
        if self.on_progress is not None and self.samples:
            mean = self._reward / self._judged if self._judged else None
            self.on_progress(len(self.samples), self.total, mean)


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
    identity: Mapping[str, Any] | None = None,
    chunk: int = CHUNK,
    on_progress: OnProgress | None = None,
) -> SuiteResult:
    """Draws and judges `samples` completions of each problem of a suite.

    `sampling` overrides the suite's settings by name; `problems`, once loaded with `suite.load`, spare a
    training run to ask the hub at each evaluation; `record` is the JSONL file that gets one line a
    sample; `identity` (`path` or `model`, `weights`, `template`, `engine`, `dtype`) names what is evaluated, and a
    record of others is refused. With `resume`, recorded samples are kept. Problems are sampled in chunks of about
    `chunk` completions, always the same ones together, and a chunk of which a sample is missing is drawn again whole:
    every completion's noise depends on seed, problem and sample alone, and in the same company floating point resolves
    near ties the same way, so an interrupted evaluation ends as an uninterrupted one.
    """
    started = time.monotonic()
    suite = suite_for(suite)
    samples = samples if samples is not None else suite.samples
    settings = suite.sampling_for(samples, sampling or {}, seed)
    loaded = problems if problems is not None else suite.load(limit=limit, data_dir=data_dir)
    named = _identity(suite, settings, seed, identity or {})
    found = _Found(len(loaded.prompts) * samples, on_progress)
    with Record(Path(record) if record is not None else None, named, loaded.prompts, resume=resume) as file:
        for prompt in loaded.prompts:
            for index in range(samples):
                if (known := file.find(prompt, index)) is not None:
                    found.add(known, tell=False)
        found.tell()
        chunks = _incomplete(loaded.prompts, samples, max(chunk // samples, 1), set(found.samples))
        _fill(chunks, engine, judge, settings, file, found)
    return summarise(
        suite,
        [[found.samples[prompt.id, index] for index in range(samples)] for prompt in loaded.prompts],
        samples=samples,
        seconds=time.monotonic() - started,
        fingerprint=loaded.fingerprint,
        settings={**named, "skipped_rows": len(loaded.skipped)},
    )


def _incomplete(
    prompts: Sequence[Prompt], samples: int, size: int, known: set[tuple[str, int]]
) -> Iterator[Sequence[Prompt]]:
    """Those of the chunks of `size` problems of which a sample is missing."""
    for start in range(0, len(prompts), size):
        part = prompts[start : start + size]
        if any((prompt.id, index) not in known for prompt in part for index in range(samples)):
            yield part


def _fill(
    chunks: Iterator[Sequence[Prompt]], engine: Engine, judge: Judge, sampling: Sampling, file: Record, found: _Found
) -> None:
    """Samples the chunks, and judges and records each while the next one is sampled.

    Samples that are known already are drawn along with the missing ones of their chunk and dropped. What was sampled
    is recorded also where the sampling of the next chunk fails or is interrupted.
    """
    known = set(found.samples)

    def take_down(pendings: Sequence[_Pending]) -> None:
        for pending in pendings:
            sample = _sample(pending)
            file.append(pending.prompt, pending.completion, sample)
            found.add(sample)

    with ThreadPoolExecutor(1, thread_name_prefix="record") as recorder:
        earlier: Future[None] | None = None
        for part in chunks:
            pendings = [
                _Pending(prompt, index, completion, _submitted(judge, prompt, completion))
                for prompt, group in zip(part, engine.generate(part, sampling, iteration=0), strict=True)
                for index, completion in enumerate(group)
                if (prompt.id, index) not in known
            ]
            if earlier is not None:
                earlier.result()  # no more than two chunks are ever held
            earlier = recorder.submit(take_down, pendings)
        if earlier is not None:
            earlier.result()


def _submitted(judge: Judge, prompt: Prompt, completion: Completion) -> Future[Verdict]:
    """The verdict to come. What the engine could not give is not judged: it is nobody's wrong answer."""
    if completion.finish_reason != "aborted":
        return judge.submit(prompt, completion)
    reason = "nothing could be sampled: the prompt fills the model's context, or the request failed"
    verdict: Future[Verdict] = Future()
    verdict.set_result(Verdict(None, "error", reason=reason))
    return verdict


def _sample(pending: _Pending) -> Sample:
    """Waits for the verdict. A judge that fails costs this verdict, not the evaluation."""
    try:
        verdict = pending.verdict.result()
    except Exception as error:  # a judge may fail in any way; the other samples still count
        verdict = Verdict(None, "error", reason=f"the judge failed: {type(error).__name__}: {error}")
    completion = pending.completion
    return Sample(pending.prompt.id, pending.index, verdict, completion.num_tokens, completion.finish_reason)


def _identity(suite: Suite, sampling: Sampling, seed: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """What every line of the record repeats. The number of samples is not in it: a record may grow."""
    drawn = {key: getattr(sampling, key) for key in ("temperature", "top_p", "top_k", "max_tokens", "stop")}
    named = {"model": given.get("path"), **given}
    return {
        "suite": suite.name,
        "version": suite.version,
        "seed": seed,
        "sampling": drawn,
        **{key: named.get(key) for key in IDENTITY},
    }
