"""Training with plain torch on one device: a CPU or one GPU."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rlvr.algorithms.base import Algorithm
from rlvr.functional.divergence import k3
from rlvr.training.batch import Batch, Outputs
from rlvr.training.forward import forward
from rlvr.training.mismatch import mismatch_metrics
from rlvr.training.models import DTYPES, cast_parameters, on_device
from rlvr.training.optimizer import MasterAdamW, learning_rate

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from rlvr.schema import TrainSection

#: Rows on which a run compares trainer and engine before its first update, where no pass is made anyway.
CHECKED_ROWS = 32


@dataclass(slots=True)
class Trace:
    """What the model said of each token of an iteration when it first saw it; NaN where it never did."""

    logprobs: Tensor  # [B, T], the old_logprobs
    entropy: Tensor  # [B, T]
    ref_logprobs: Tensor | None = None  # [B, T]

    def note(self, batch: Batch, outputs: Outputs) -> None:
        """Fills the tokens in that have no value yet."""
        rows, mask, width = batch.row.cpu(), batch.mask.cpu(), batch.token_ids.shape[1]
        for kept, new in ((self.logprobs, outputs.logprobs), (self.entropy, outputs.entropy)):
            old = kept[rows, :width]
            kept[rows, :width] = torch.where(old.isnan() & mask, new.detach().to(kept), old)


class Sums:
    """Means over an update of what its micro-batches report."""

    def __init__(self) -> None:
        self.totals: dict[str, float] = defaultdict(float)
        self.counts: dict[str, float] = defaultdict(float)

    def add(self, metrics: Mapping[str, Tensor], mask: Tensor) -> None:
        """Values per token `[B, T]`, of which those in `mask` count, or per row or pair `[N]`."""
        for name, values in metrics.items():
            values = values.detach().double()
            per_token = values.dim() == 2
            self.totals[name] += float((values.masked_fill(~mask, 0.0) if per_token else values).sum())
            self.counts[name] += float(mask.sum()) if per_token else len(values)

    def means(self) -> dict[str, float]:
        # One division: a mean of ratios that are all 1 is 1, however they were split.
        return {name: total / max(self.counts[name], 1.0) for name, total in self.totals.items()}


class LocalBackend:
    """Owns the policy, its optimizer and the schedule. `update` is one optimizer step."""

    def __init__(
        self,
        model: PreTrainedModel,
        train: TrainSection,
        *,
        total_updates: int,
        dtype: str = "float32",
        temperature: float = 1.0,
        reference: PreTrainedModel | None = None,
        device: str = "cpu",
    ) -> None:
        self.train = train
        self.dtype = dtype
        self.temperature = temperature
        self.total_updates = total_updates
        self.device = torch.device(device)
        self.model = on_device(model, device)
        self.optimizer = MasterAdamW(self.model, DTYPES[dtype], train.betas, train.weight_decay)
        self.reference = None
        if reference is not None:
            self.reference = cast_parameters(on_device(reference, device), DTYPES[dtype]).requires_grad_(False).eval()
        self.updates = 0
        self.trace = Trace(torch.empty(0, 0), torch.empty(0, 0))
        self.model.train()

    @property
    def policy(self) -> Iterator[tuple[str, Tensor]]:
        return iter(self.model.state_dict().items())

    def add_inputs(self, batch: Batch, needs: frozenset[str]) -> Batch:
        """The batch with the log-probs that the algorithm needs, from passes without gradient. Begins a new trace."""
        nan = torch.full(batch.token_ids.shape, float("nan"))
        self.trace = Trace(nan, nan.clone())
        if "old_logprobs" in needs:
            batch = replace(batch, old_logprobs=self.score(self.model, batch, note=True))
        if "ref_logprobs" in needs and batch.ref_logprobs is None:  # pairs come with theirs
            assert self.reference is not None, "the run loads a reference where the algorithm needs one"
            batch = replace(batch, ref_logprobs=self.score(self.reference, batch))
            self.trace.ref_logprobs = batch.ref_logprobs
        return batch

    @torch.no_grad()
    def score(self, model: PreTrainedModel, batch: Batch, note: bool = False) -> Tensor:
        """Log-probs of the batch's trained tokens under `model`, without gradient -> `[B, T]`."""
        out = torch.zeros(batch.token_ids.shape)
        for micro in batch.microbatches(self.train.tokens_per_microbatch):
            outputs = forward(model, micro.to(self.device), self.temperature)
            out[micro.row, : outputs.logprobs.shape[1]] = outputs.logprobs.to(out)
            if note:
                self.trace.note(micro, outputs)
        return out

    def mismatch(self, batch: Batch) -> dict[str, float]:
        """The trainer's log-probs against the engine's, before any update."""
        if batch.sampler_logprobs.isnan().all():
            return {}
        if batch.old_logprobs is None:
            batch = batch.select(torch.arange(min(len(batch), CHECKED_ROWS)))
            own = self.score(self.model, batch)
        else:
            own = batch.old_logprobs
        return mismatch_metrics(own.masked_fill(~batch.mask, float("nan")), batch.sampler_logprobs)

    def update(self, algorithm: Algorithm, part: Batch) -> dict[str, float]:
        """One optimizer step on the gradient of the algorithm's loss over `part`, and what was seen on the way.

        Rows that add exactly nothing are not computed; without a live row there is no step, and the
        schedule advances.
        """
        start = time.perf_counter()
        dead = self._dead_rows(algorithm, part)
        if dead.any() and not self.train.count_dead_rows:
            part = part.without(dead)
        lr = learning_rate(self.updates, self.total_updates, self.train.lr, self.train.warmup, self.train.schedule)
        self.updates += 1
        skip = dead if self.train.skip_dead_rows else ~part.mask.any(dim=1)
        metrics = {
            "train/lr": lr,
            "train/empty_updates": 0.0,
            "train/skipped_updates": 0.0,
            "train/skipped_rows_rate": float(skip.float().mean()) if len(part) else 0.0,
        }
        if bool(dead.all()):  # computed or not: a step on a gradient of 0 would still move moments and decay
            return metrics | {"train/empty_updates": 1.0, "time/train": time.perf_counter() - start}
        metrics |= self._accumulate(algorithm, part.select((~skip).nonzero().squeeze(1)))
        norm = self.optimizer.step(lr, self.train.grad_clip)
        metrics["train/grad_norm"] = norm
        metrics["train/skipped_updates"] = float(not math.isfinite(norm))
        return metrics | {"time/train": time.perf_counter() - start}

    def _dead_rows(self, algorithm: Algorithm, part: Batch) -> Tensor:
        """`[B]` bool: nothing to train, or advantages all exactly 0 under an algorithm without other terms."""
        dead = ~part.mask.any(dim=1)
        if algorithm.dead_rows_are_free and part.advantages is not None:
            dead |= (part.advantages == 0).all(dim=1)
        return dead

    def _accumulate(self, algorithm: Algorithm, part: Batch) -> dict[str, float]:
        """The gradient of the loss over `part`, whose denominators are already those of the whole update."""
        loss_sum = 0.0
        sums = Sums()
        for micro in part.microbatches(self.train.tokens_per_microbatch):
            micro = micro.to(self.device)
            outputs = forward(self.model, micro, self.temperature)
            if micro.old_logprobs is None:
                micro = replace(micro, old_logprobs=outputs.logprobs.detach())
            loss = algorithm.loss(outputs, micro)
            loss.value.backward()
            loss_sum += float(loss.value.detach())
            seen = dict(loss.metrics)
            if outputs.scores is None:
                seen["policy/entropy"] = outputs.entropy
                seen["policy/kl"] = k3(outputs.logprobs.detach(), micro.old_logprobs)
                self.trace.note(micro, outputs)
            sums.add(seen, micro.mask)
        return {"train/loss": loss_sum} | sums.means()

    @torch.no_grad()
    def evaluate(self, algorithm: Algorithm, batch: Batch) -> dict[str, float]:
        """The loss of `batch`, an update of its own, and its metrics, without training on it."""
        loss_sum, sums = 0.0, Sums()
        for micro in batch.recount().microbatches(self.train.tokens_per_microbatch):
            micro = micro.to(self.device)
            loss = algorithm.loss(forward(self.model, micro, self.temperature), micro)
            loss_sum += float(loss.value)
            sums.add(loss.metrics, micro.mask)
        return {"loss": loss_sum} | sums.means()

    def state_dict(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.optimizer.load_state_dict(state["optimizer"])
        self.updates = int(state["updates"])
