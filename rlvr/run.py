"""A whole run: a recipe assembled, trained, measured, recorded and resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr import assemble, preparing, sourcing
from rlvr.config import Resolved
from rlvr.engines import training_engine
from rlvr.errors import UserError
from rlvr.folder import discard_unused, open_folder, write_json
from rlvr.held_out import HeldOut
from rlvr.interruption import terminations
from rlvr.outcome import TrainReport
from rlvr.records import read_lines
from rlvr.tracking.console import plan_table
from rlvr.tracking.record import rollout_records
from rlvr.tracking.recorder import Recorder
from rlvr.training.ranks import Ranks, joined

if TYPE_CHECKING:
    from rlvr.data import LoadedPrompts
    from rlvr.training.batch import Batch
    from rlvr.training.local_backend import LocalBackend
    from rlvr.training.loop import Progress
    from rlvr.training.sources import Source


def train_recipe(
    resolved: Resolved,
    *,
    resume: bool = False,
    stop_after: int | None = None,
    rows: LoadedPrompts | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    title: str = "training",
    into: bool = False,
) -> TrainReport:
    """Trains as the recipe says and returns what came of it.

    `stop_after` ends after so many iterations with a checkpoint, to be resumed; `rows` replace
    what data.train names, and `functions` are verifiers that are no importable code. `into`
    writes into a folder that exists already, as long as it holds no run.
    """
    recipe = resolved.recipe
    folder = Path(recipe.run or f"runs/{Path(resolved.source).stem}")
    with joined(recipe.launch, zero=recipe.backend.zero_stage > 0) as ranks:
        assemble.check_ranks(recipe, ranks)
        ranks.first_does(lambda: open_folder(resolved, folder, resume, into))
        try:
            with ExitStack() as stack:
                run = Run(resolved, folder, rows, functions or {}, title, stack, ranks)
                progress = run.resume() if resume else None
                with terminations() as run.terminated:  # before there is anything to save, SIGTERM ends the process
                    return run.train(progress, stop_after)
        except UserError:
            if not resume and ranks.first:
                # The next try, with the mistake mended, must not find the name taken.
                discard_unused(folder, () if into else recipe.tracking.trackers)
            raise


class Run:
    """The parts of a run, and what follows each of its iterations."""

    def __init__(
        self,
        resolved: Resolved,
        folder: Path,
        rows: LoadedPrompts | None,
        functions: Mapping[str, Callable[..., Any]],
        title: str,
        stack: ExitStack,
        ranks: Ranks,
    ) -> None:
        from rlvr.rollout.chat import template_hash, template_note
        from rlvr.training.checkpoint import latest
        from rlvr.training.models import load_tokenizer

        self.recipe = recipe = resolved.recipe
        self.folder, self.title, self.ranks = folder, title, ranks
        self.terminated: Callable[[], bool] = lambda: False
        self.began = time.perf_counter()
        values = recipe.model_dump(mode="json")
        self.recorder = Recorder(folder, recipe.tracking, recipe.train.iterations, title, values, ranks.first)
        stack.callback(self.recorder.close)
        self.jsonl, self.event = self.recorder.jsonl, self.recorder.event
        self.evals: dict[int, dict[str, float]] = {}
        self.last: dict[str, float] = {}
        self.best: float | None = None
        self.stopping = False
        self.prompts = preparing.prompts_of_run(recipe, folder, ranks, self.event, rows, answers=not functions)
        self.algorithm = assemble.algorithm_of(recipe)
        self.held_out = HeldOut(recipe, self.algorithm)
        # Workers that are forked (a notebook's functions) must be started before torch has threads.
        self.judge = stack.enter_context(assemble.judge_of(recipe, [self.prompts, *self.held_out.sets], functions))
        self.checkpoint, damaged = ranks.told(latest(folder / "checkpoints") if ranks.first else (None, []))
        for text in damaged:
            self.event("checkpoint_damaged", text)
        model = recipe.model
        self.tokenizer = load_tokenizer(model.path, model.chat_template, model.revision)
        if note := template_note(self.tokenizer, model.chat_template, model.path):
            self.recorder.note("chat_template", note)
        start = str(self.checkpoint.model) if self.checkpoint else None
        policy = assemble.policy_of(recipe, self.algorithm, self.tokenizer, start)
        self.backend: LocalBackend = assemble.backend_of(recipe, policy, self.algorithm, ranks)
        self.engine = training_engine(recipe, self.tokenizer, self.backend.sampled_model, stack)
        self.selection = sourcing.selection_of(recipe, self.prompts)
        self.source: Source = sourcing.source_of(
            recipe, self.algorithm, self.prompts, self.engine, self.judge, self.tokenizer, self.backend, self.selection
        )
        self.ahead = sourcing.ahead_of(self.source, stack)
        self.held_out.read_pairs(self.tokenizer, self.backend)
        if self.algorithm.source == "pairs":  # whose log-probs are all known now
            self.backend.reference = None
        self.template = template_hash(self.tokenizer)
        self.state = self.algorithm.init_state()  # what the next iteration's advantages are given out with

    def resume(self) -> Progress | None:
        """Takes the newest whole checkpoint up; None where there is none yet, and the run begins anew."""
        from rlvr.training.loop import Progress

        if self.checkpoint is None:
            self.ranks.first_does(lambda: self.jsonl.truncate(-1))
            return None
        state = self.checkpoint.trainer_state()
        self.backend.load_state_dict(state["backend"], self.checkpoint.shards)
        self.best = state["best"]
        self.evals = {int(k): dict(v) for k, v in state["evals"].items()}
        self.source.policy_changed(self.backend.policy, self.backend.updates)
        if self.ahead is not None:
            self.ahead.restore(state["ahead"])
        self.selection.restore(state["selection"])
        reached = self.checkpoint.iteration
        written = self.ranks.first_does(lambda: self.jsonl.truncate(reached))
        if written < self.checkpoint.iteration:  # the kill came between the checkpoint and its line
            self.jsonl.metrics(self.checkpoint.iteration, state["metrics"])
        self.last = state["metrics"]
        self.state = dict(state["algorithm"])
        self.recorder.resumed(read_lines(self.folder / "metrics.jsonl"))
        self.event("resumed", f"resumed after iteration {self.checkpoint.iteration}")
        return Progress(self.checkpoint.iteration, dict(state["algorithm"]))

    def train(self, start: Progress | None, stop_after: int | None) -> TrainReport:
        from rlvr.training import loop

        recipe = self.recipe
        if recipe.tracking.display != "none":
            rows = assemble.schedule_rows(recipe, self.algorithm, len(self.prompts))
            self.recorder.console.console.print(plan_table(rows, self.title))
        if start is None and hasattr(self.engine, "probe"):  # has weights of its own: a server perhaps another run's
            self.source.policy_changed(self.backend.policy, self.backend.updates)
        if start is None and recipe.train.eval_at_start:
            self.recorder.metrics(0, self._evaluate(0))
        stop = recipe.train.iterations if stop_after is None else stop_after
        self.stop = min(stop, recipe.train.iterations)
        done = start.iteration if start else 0
        if done < self.stop:
            progress = loop.train(
                self.source,
                self.algorithm,
                self.backend,
                recipe.train,
                self._after,
                start,
                lambda iterations: iterations >= self.stop or self.stopping,
                self._interrupted,
            )
            done = progress.iteration
            if self.stopping and done and (self.checkpoint is None or self.checkpoint.iteration < done):
                self._save(progress, self.last)
        if self.stopping:
            self.event("terminated", f"SIGTERM: stopped after iteration {done}; --resume goes on from there")
        return self._finish(done)

    def _interrupted(self) -> bool:
        """Whether any rank was told to end; they agree on it, since they can only go on together."""
        self.stopping = self.stopping or bool(self.ranks.most(float(self.terminated())))
        return self.stopping

    def _after(self, progress: Progress, batch: Batch, metrics: dict[str, float]) -> None:
        """What follows an iteration: records, evaluation, checkpoint, display."""
        train, iteration = self.recipe.train, progress.iteration
        self._record(iteration, batch, metrics)
        self.state = progress.state
        if train.eval_every and iteration % train.eval_every == 0:
            metrics |= self._evaluate(iteration)
        # First: the checkpoint below must know of this best, or a resumed run would overwrite it with a worse one.
        metrics |= self._keep_best(progress, metrics)
        last = self._interrupted() or iteration in (self.stop, train.iterations)
        if last or (train.checkpoint_every and iteration % train.checkpoint_every == 0):
            metrics |= self._save(progress, metrics)
        if metrics.get("train/empty_updates"):
            self.jsonl.event("empty_update", iteration=iteration, updates=metrics["train/empty_updates"])
        self.last = metrics
        self.recorder.metrics(iteration, metrics)
        self.recorder.examples(self.source.groups, iteration)

    def _record(self, iteration: int, batch: Batch, metrics: Mapping[str, float]) -> None:
        """The iteration's completions, or the rows that it was given, as often as the recipe says."""
        tracking, groups = self.recipe.tracking, self.source.groups or self.source.given
        every = tracking.rollouts_every if self.source.groups else tracking.given_every
        if not every or iteration % every or not groups:
            return
        coefficients = {"lr": metrics["train/lr"], **self.recipe.algorithm.options, **self.state}
        if batch.correction is not None:
            coefficients["correction"] = asdict(batch.correction)
        sampling, traces = assemble.sampling_of(self.recipe), self.backend.trace.tensors()
        mine = rollout_records(iteration, groups, batch, traces, sampling, self.template, coefficients, self.state)
        if self.ranks.alone:
            return self.recorder.rollouts(mine)
        numbered = self.ranks.gathered(list(zip(batch.place.tolist(), mine, strict=True)))
        self.recorder.rollouts(
            record for _, record in sorted((r for part in numbered for r in part), key=itemgetter(0))
        )

    def _evaluate(self, iteration: int) -> dict[str, float]:
        began = time.perf_counter()
        sourcing.settle(self.source, self.algorithm, self.backend, self.engine)
        with self.recorder.console.doing("evaluating"):
            mine = self.held_out.evaluate(self.engine, self.judge, self.backend, self.template)
        metrics = self.ranks.told(mine)
        self.evals[iteration] = metrics
        return {**metrics, "time/eval": time.perf_counter() - began}

    def _save(self, progress: Progress, metrics: Mapping[str, float], name: str | None = None) -> dict[str, float]:
        """A checkpoint; a disk that is full costs the checkpoint and not the run."""
        from rlvr.training.checkpoint import checkpoint_name, prune
        from rlvr.training.saving import save

        began = time.perf_counter()
        state = {
            "backend": self.backend.state_dict(),
            "algorithm": dict(progress.state),
            "best": self.best,
            "evals": {str(k): v for k, v in self.evals.items()},
            "metrics": dict(metrics),
            "ahead": None if self.ahead is None else self.ahead.state(),  # waits, so the selection stands still
            "selection": self.selection.state(),
        }
        folder = self.folder / "checkpoints"
        label = name or checkpoint_name(progress.iteration)
        try:
            saved = save(folder, label, progress.iteration, self.backend, self.tokenizer, state)
        except OSError as error:
            self.event("checkpoint_failed", str(error))
            return {"checkpoint/failed": 1.0}
        if name is None:
            self.checkpoint = saved
            if self.ranks.first:
                prune(folder, self.recipe.train.keep_checkpoints)
        return {"time/checkpoint": time.perf_counter() - began}

    def _keep_best(self, progress: Progress, metrics: Mapping[str, float]) -> dict[str, float]:
        value = self.ranks.told(metrics.get(self.recipe.train.keep_best or ""))
        if value is None or (self.best is not None and value <= self.best):
            return {}
        self.best = value
        return self._save(progress, metrics, "best")

    def _finish(self, iterations: int) -> TrainReport:
        if self.jsonl.failed:
            self.recorder.events.append(f"{self.jsonl.failed} lines could not be written to {self.folder} (disk full?)")
        report = TrainReport(
            self.folder,
            iterations,
            time.perf_counter() - self.began,
            self.last,
            self.evals,
            self.checkpoint.path if self.checkpoint else None,
            tuple(self.recorder.events),
        )
        summary = {
            "iterations": iterations,
            "seconds": round(report.seconds, 3),
            "seed": self.recipe.train.seed,
            "metrics": dict(report.metrics),
            "evals": {str(k): dict(v) for k, v in report.evals.items()},
            "best": self.best,
            "events": list(self.recorder.events),
        }
        try:
            if self.ranks.first:
                write_json(self.folder / "summary.json", summary)
        except OSError as error:  # the weights are what matters
            self.event("summary_failed", f"summary.json could not be written: {error}")
        for text in self.recorder.events:
            self.recorder.console.say(text)
        return report
