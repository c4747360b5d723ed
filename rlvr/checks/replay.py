"""`rlvr check replay`: a stored iteration computed again from its records alone, on the CPU and without the model.

What the model said of each token is in the records, so advantages follow from the rewards, and the loss of the
iteration's first update from both: the algorithm's own `credit` and `loss` are called on what was written down. Later
updates of an iteration need the weights in between, which nobody keeps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import yaml
from torch import Tensor

from rlvr.errors import UserError
from rlvr.records import RecordFile, by_group, group_of, read_lines, unpack
from rlvr.schema import Recipe

from . import Outcome

if TYPE_CHECKING:
    from rlvr.algorithms.base import Algorithm
    from rlvr.training.batch import Batch

#: Largest difference from the log, of a loss relative to its size where that is above 1.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Replayed:
    """One iteration: the largest difference of an advantage, the loss now and in the log (None: nothing was live)."""

    iteration: int
    completions: int
    advantage_gap: float
    loss: float | None
    logged: float | None

    @property
    def loss_gap(self) -> float:
        if self.loss is None or self.logged is None:
            return 0.0 if self.loss is self.logged else float("inf")
        if math.isnan(self.loss) and math.isnan(self.logged):
            return 0.0
        return abs(self.loss - self.logged) / max(1.0, abs(self.logged))


def replay(run: Path, iteration: int | None = None) -> list[Replayed]:
    """The recorded iterations of a run, or one of them, computed again. Raises `UserError` where there are none."""
    records, recipe = RecordFile(run), _recipe(run)
    numbers = records.iterations()
    wanted = numbers if iteration is None else [n for n in numbers if n == iteration]
    if not wanted:
        listed = f"{numbers[0]} to {numbers[-1]}, {len(numbers)} in all" if numbers else "none"
        raise UserError(
            f"{run} has no records of iteration {iteration}; recorded are {listed}. tracking.rollouts_every says how "
            "often completions are recorded, tracking.given_every demonstrations and pairs."
        )
    logged = {row["iteration"]: row for row in read_lines(run / "metrics.jsonl")}
    return [_replay(recipe, number, records.iteration(number), logged.get(number, {})) for number in wanted]


def outcome(replayed: Iterable[Replayed]) -> Outcome:
    """What a person reads of it."""
    rows = list(replayed)
    failures = [
        f"iteration {r.iteration}: advantages differ by {r.advantage_gap:.3g}, the loss is {r.loss} and was {r.logged}"
        for r in rows
        if not (r.advantage_gap <= TOLERANCE and r.loss_gap <= TOLERANCE)  # a NaN agrees with nothing
    ]
    figures = {
        "iterations": len(rows),
        "completions": sum(r.completions for r in rows),
        "iterations without a live completion": sum(r.loss is None for r in rows),
        "largest difference of an advantage": max(r.advantage_gap for r in rows),
        "largest difference of a loss": max(r.loss_gap for r in rows),
        "allowed": TOLERANCE,
    }
    return Outcome("replay", figures, tuple(failures))


def _recipe(run: Path) -> Recipe:
    from rlvr.registry import load_plugin

    file = (run if run.is_dir() else run.parent) / "recipe.yaml"
    if not file.is_file():
        raise UserError(f"there is no {file}: a replay needs the recipe that the run was made by.")
    recipe = Recipe.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    for plugin in recipe.plugins:
        load_plugin(plugin)
    return recipe


def _replay(recipe: Recipe, iteration: int, rows: list[dict[str, Any]], logged: dict[str, Any]) -> Replayed:
    from rlvr import assemble

    algorithm = assemble.algorithm_of(recipe)
    batch, seen = batch_of(recipe, algorithm, rows)
    batch = algorithm.credit(batch, rows[0]["state"])
    gap = 0.0
    if batch.advantages is not None:
        recorded = _placed(batch, rows, "advantages")
        gap = float((batch.advantages.float() - recorded).masked_fill(~batch.mask, 0.0).abs().max())
    plan = recipe.train
    first = next(batch.minibatches(plan.epochs, plan.minibatch, plan.seed, iteration - 1))
    dead = algorithm.dead_rows(first)
    if not plan.count_dead_rows:
        first = first.without(dead)
    loss = None
    if bool((~dead).any()):
        loss = _loss(algorithm, first.select((~dead).nonzero().squeeze(1)), seen, plan.tokens_per_microbatch)
    return Replayed(iteration, len(rows), gap, loss, logged.get("train/first_loss", logged.get("train/loss")))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the model said of the iteration's rows when it first saw them."""

    logprobs: Tensor  # [B, T]
    entropy: Tensor  # [B, T]
    scores: Tensor | None  # [B]


def batch_of(recipe: Recipe, algorithm: Algorithm, rows: Sequence[dict[str, Any]]) -> tuple[Batch, _Seen]:
    """The batch of an iteration as the backend handed it to `credit`, from its records."""
    from rlvr.sourcing import correction_of
    from rlvr.training.batch import collate

    groups = [group_of(members) for members in by_group(rows)]
    # Where intermediate rewards fall is recorded by token; their places in the text are not needed again.
    groups = [
        replace(g, rollouts=tuple(replace(r, verdict=replace(r.verdict, steps=())) for r in g.rollouts)) for g in groups
    ]
    batch = collate(groups, pad_id=0)
    seen = _Seen(_placed(batch, rows, "old_logprobs"), _placed(batch, rows, "entropy"), _scores(rows))
    inputs: dict[str, Any] = {"token_rewards": _placed(batch, rows, "token_rewards"), "old_logprobs": seen.logprobs}
    for name in ("ref_logprobs", "values"):
        if rows[0].get(name) is not None:
            inputs[name] = _placed(batch, rows, name)
    if algorithm.source == "on_policy":
        inputs["correction"] = correction_of(recipe)
    if "margin" in rows[0]:
        inputs |= {"margins": torch.tensor([row["margin"] for row in rows]), "together": 2}
    if "language" in rows[0]:
        inputs["language"] = torch.tensor([row["language"] for row in rows])
    return replace(batch, **inputs).recount(), seen


def _placed(batch: Batch, rows: Sequence[dict[str, Any]], name: str) -> Tensor:
    """A recorded array of the completions' tokens as `[B, T]`; 0 elsewhere, and where the model never looked."""
    out = torch.zeros(batch.token_ids.shape)
    for b, row in enumerate(rows):
        if row.get(name) is not None:
            values = torch.from_numpy(np.nan_to_num(unpack(row[name]), nan=0.0).copy())
            start = len(row["prompt_ids"])
            out[b, start : start + len(values)] = values
    return out


def _scores(rows: Sequence[dict[str, Any]]) -> Tensor | None:
    if rows[0].get("scores") is None:
        return None
    return torch.tensor(np.array([unpack(row["scores"])[0] for row in rows]))


def _loss(algorithm: Algorithm, part: Batch, seen: _Seen, tokens: int) -> float:
    """The loss of an update before its step: the policy is the old one, every ratio 1 and the KL to it 0."""
    from rlvr.training.batch import Outputs
    from rlvr.training.mismatch import weighted_loss

    total = 0.0
    for micro in part.microbatches(tokens):
        width = micro.token_ids.shape[1]
        outputs = Outputs(
            seen.logprobs[micro.row, :width],
            seen.entropy[micro.row, :width],
            values=micro.values,
            scores=None if seen.scores is None else seen.scores[micro.row],
            kl_old=torch.zeros(micro.token_ids.shape),
        )
        total += float(weighted_loss(algorithm, outputs, micro).value)
    return total
