"""The workload through this project: its engine, judge, backend and loop, as a run assembles them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor
from workload import Meter, Workload, coin, forced_length, questions

from rlvr.algorithms.grpo import GRPO
from rlvr.core import Completion, Prompt, Sampling
from rlvr.rewards import Judge
from rlvr.rollout.hf_engine import HFEngine, Row
from rlvr.schema import TrainSection
from rlvr.training import loop
from rlvr.training.batch import Batch
from rlvr.training.local_backend import LocalBackend
from rlvr.training.models import load_model, load_tokenizer
from rlvr.training.on_policy import OnPolicy


class ForcedStopEngine(HFEngine):
    """Ends each completion with the stop token at its forced length; that token's log-prob counts as unknown."""

    work: Workload

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        self.places = [(iteration, int(p.meta["index"]) % self.work.prompts) for p in prompts]
        self.lengths: dict[int, int] = {}
        return super().generate(prompts, sampling, iteration=iteration)

    def sample(
        self, hidden: Tensor, head: Tensor, rows: Sequence[Row], step: int, sampling: Sampling
    ) -> tuple[Tensor, Tensor]:
        tokens, logprobs = super().sample(hidden, head, rows, step, sampling)
        for i, row in enumerate(rows):
            if row.key not in self.lengths:
                self.lengths[row.key] = forced_length(self.work, *self.places[row.prompt], row.sample)
            if self.lengths[row.key] == step + 1:
                tokens[i], logprobs[i] = self.stop_ids[0], float("nan")
        return tokens, logprobs


def judged(prompt: Prompt, completion: Completion, *, seed: int, share: float) -> float:
    return coin(seed, share, completion.text)


class Tally:
    """Counts what the loop reports after each iteration."""

    def __init__(self, source: OnPolicy) -> None:
        self.source = source
        self.tokens = {"live": 0, "all": 0, "dead_rows": 0}
        self.parts: dict[str, float] = defaultdict(float)
        self.last: dict[str, float] = {}

    def __call__(self, progress: loop.Progress, batch: Batch, metrics: dict[str, float]) -> None:
        for group in self.source.groups:
            count = sum(r.completion.num_tokens for r in group.rollouts)
            live = len({r.shaped for r in group.rollouts}) > 1
            self.tokens["all"] += count
            self.tokens["live"] += count if live else 0
            self.tokens["dead_rows"] += 0 if live else len(group.rollouts)
        for name, value in metrics.items():
            if name.startswith("time/"):
                self.parts[name] += value
        self.last = metrics


def run(work: Workload) -> dict[str, Any]:
    """Trains and measures. The parts are built before the measurement begins, as a program does once."""
    verify = partial(judged, seed=work.seed, share=work.coin)
    prompts = [
        Prompt(f"bench/{i}", ({"role": "user", "content": text},), None, "coin", {"index": i})
        for i, text in enumerate(questions(work))
    ]
    with Judge(1, functions={"coin": verify}, warm=["coin"]) as judge:
        tokenizer = load_tokenizer(work.checkpoint)
        model = load_model(work.checkpoint)
        longest = max(len(p.text) for p in prompts) + 1 + work.max_tokens
        plan = TrainSection(
            iterations=work.updates,
            prompts_per_iteration=work.prompts,
            tokens_per_microbatch=work.microbatch * longest,
            skip_dead_rows=work.skip_dead_rows,
            seed=work.seed,
        )
        backend = LocalBackend(model, plan, total_updates=work.updates)
        engine = ForcedStopEngine(model, tokenizer) if work.ragged else HFEngine(model, tokenizer)
        if isinstance(engine, ForcedStopEngine):
            engine.work = work
        source = OnPolicy(
            prompts,
            engine,
            judge,
            Sampling(max_tokens=work.max_tokens, group_size=work.group_size, seed=work.seed),
            tokenizer=tokenizer,
            iterations=work.updates,
            prompts_per_iteration=work.prompts,
            prompts_per_chunk=max(1, engine.batch_size // work.group_size),
            shuffle=False,
        )
        tally = Tally(source)
        algorithm = GRPO()
        meter = Meter()
        loop.train(source, algorithm, backend, plan, tally)
        result = meter.read()
    return result | {"parts": dict(tally.parts), "tokens": tally.tokens, "last": tally.last}
