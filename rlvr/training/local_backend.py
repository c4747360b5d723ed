"""Training with plain torch: on one device, or on several ranks that each hold everything (data parallel).

The gradients of a rank's rows have the denominators of all ranks: their sum is the gradient, and each steps by it.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rlvr.algorithms.base import Algorithm
from rlvr.functional.divergence import k3
from rlvr.training.batch import Batch, Outputs
from rlvr.training.critic import Critic, further_gradients
from rlvr.training.forward import forward
from rlvr.training.lora import adapter_off, is_adapted, policy_weights
from rlvr.training.mismatch import everywhere, mismatch_metrics, weighted_loss
from rlvr.training.models import DTYPES, cast_parameters, on_device
from rlvr.training.natural import natural_step
from rlvr.training.optimizer import MasterAdamW, learning_rate
from rlvr.training.packing import packs
from rlvr.training.ranks import ALONE, Ranks
from rlvr.training.trace import Sums, Trace

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from rlvr.schema import TrainSection

#: Rows on which a run compares trainer and engine before its first update, where no pass is made anyway.
CHECKED_ROWS = 32


class LocalBackend:
    """Owns the policy, the critic where there is one, their optimizers and the schedule. `update` is one step."""

    def __init__(
        self,
        model: PreTrainedModel,
        train: TrainSection,
        *,
        total_updates: int,
        dtype: str = "float32",
        temperature: float = 1.0,
        reference: PreTrainedModel | None = None,
        critic: Critic | None = None,
        critic_lr: float | None = None,
        device: str = "cpu",
        ranks: Ranks = ALONE,
    ) -> None:
        self.train = train
        self.ranks = ranks
        self.dtype = dtype
        self.temperature = temperature
        self.total_updates = total_updates
        self.device = torch.device(device)
        self.critic_lr = critic_lr or train.lr
        self.old: PreTrainedModel | None = None  # the policy before the iteration, where the algorithm needs it
        self.updates = 0
        self.trace = Trace(torch.empty(0, 0), torch.empty(0, 0))
        self._prepare(model, reference, critic)
        self.model.train()

    def _prepare(self, model: PreTrainedModel, reference: PreTrainedModel | None, critic: Critic | None) -> None:
        """Puts the models in place and makes their optimizers."""
        device, dtype, train = self.device, self.dtype, self.train
        self.model = on_device(model, device)
        self.optimizer = MasterAdamW(self.model, DTYPES[dtype], train.betas, train.weight_decay)
        self.reference = None
        if reference is not None:
            self.reference = cast_parameters(on_device(reference, device), DTYPES[dtype]).requires_grad_(False).eval()
        self.critic = critic
        self.critic_optimizer: MasterAdamW | None = None
        if critic is not None:
            critic.to(device)
            # A head alone stays in fp32: it is small, and what it says is a number that advantages are made of.
            width = DTYPES[dtype] if critic.trunk is not None else torch.float32
            self.critic_optimizer = MasterAdamW(critic, width, train.betas, train.weight_decay)

    @property
    def policy(self) -> Iterator[tuple[str, Tensor]]:
        """The policy's weights by name, adapters merged. All ranks go through all of them, in the same order."""
        return policy_weights(self.model)

    def sampled_model(self) -> PreTrainedModel:
        """What an engine in this process samples from: here the very model that is trained."""
        return self.model

    def add_inputs(self, batch: Batch, needs: frozenset[str]) -> Batch:
        """The batch with the inputs that the algorithm needs, from passes without gradient. Begins a new trace."""
        self.trace = Trace.of(batch)
        batch = replace(batch, packed=packs(self.model, self.train.packing, self.device))
        if needs & {"old_logprobs", "values"}:
            logprobs, values = self._read(self.model, batch, note=True, critic=self._critic(needs))
            if values is not None:
                batch = replace(batch, values=values)
                self.trace.values = values
            if "old_logprobs" in needs:
                batch = replace(batch, old_logprobs=logprobs)
        if "ref_logprobs" in needs and batch.ref_logprobs is None:  # pairs come with theirs
            batch = replace(batch, ref_logprobs=self.reference_logprobs(batch))
            self.trace.ref_logprobs = batch.ref_logprobs
        if "kl_old" in needs:
            self._remember_policy()
        return batch

    def reference_logprobs(self, batch: Batch) -> Tensor:
        """Log-probs of the batch's trained tokens under the reference -> `[B, T]`."""
        if is_adapted(self.model):
            with adapter_off(self.model):
                return self.score(self.model, batch)
        assert self.reference is not None, "the run loads a reference where the algorithm needs one"
        return self.score(self.reference, batch)

    def score(self, model: PreTrainedModel, batch: Batch) -> Tensor:
        """Log-probs of the batch's trained tokens under `model`, without gradient -> `[B, T]`."""
        return self._read(model, batch)[0]

    @torch.no_grad()
    def _read(
        self, model: PreTrainedModel, batch: Batch, note: bool = False, critic: Critic | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Log-probs and the critic's values of the batch's trained tokens -> `[B, T]` each."""
        out = torch.zeros(batch.token_ids.shape)
        values = None if critic is None else torch.zeros_like(out)
        for micro in self._microbatches(batch):
            outputs = self._forward(model, micro.to(self.device), critic)
            if not micro.mask.any():
                continue
            width = outputs.logprobs.shape[1]
            out[micro.row, :width] = outputs.logprobs.to(out)
            if values is not None and outputs.values is not None:
                values[micro.row, :width] = outputs.values.to(values)
            if note:
                self.trace.note(micro, outputs)
        return out, values

    def _microbatches(self, batch: Batch) -> Iterator[Batch]:
        """The parts that are computed one after the other; those without a trained token are here to keep step."""
        return batch.microbatches(self.train.tokens_per_microbatch)

    def _forward(
        self, model: PreTrainedModel, micro: Batch, critic: Critic | None = None, old: PreTrainedModel | None = None
    ) -> Outputs:
        return forward(model, micro, self.temperature, critic=critic, old=old)

    def _backward(self, loss: Tensor) -> None:
        loss.backward()

    def _critic(self, needs: frozenset[str]) -> Critic | None:
        if "values" not in needs:
            return None
        assert self.critic is not None, "the run makes a critic where the algorithm needs one"
        return self.critic

    def _remember_policy(self) -> None:
        """Keeps the policy's weights as `old`: the exact KL needs its whole distribution, not its log-probs."""
        if self.old is None:
            self.old = copy.deepcopy(self.model).requires_grad_(False).eval()
        with torch.no_grad():
            for kept, now in zip(self.old.parameters(), self.model.parameters(), strict=True):
                kept.copy_(now)

    def mismatch(self, batch: Batch) -> dict[str, float]:
        """The trainer's log-probs against the engine's, before any update."""
        if all(self.ranks.all(bool(batch.sampler_logprobs.isnan().all()))):  # one may have no row, and takes part
            return {}
        own = batch.old_logprobs
        if own is None:
            batch = batch.select(torch.arange(min(len(batch), CHECKED_ROWS)))
            own = self.score(self.model, batch)
        own, sampler = everywhere(self.ranks, own.masked_fill(~batch.mask, float("nan")), batch.sampler_logprobs)
        return mismatch_metrics(own, sampler)

    def update(self, algorithm: Algorithm, part: Batch) -> dict[str, float]:
        """One optimizer step on the gradient of the algorithm's loss over `part`, and what was seen on the way.

        Rows that add exactly nothing are not computed; without a live row the schedule advances without a step.
        """
        start = time.perf_counter()
        dead = algorithm.dead_rows(part)
        if not self.train.count_dead_rows:
            part = part.without(dead)
        lr = learning_rate(self.updates, self.total_updates, self.train.lr, self.train.warmup, self.train.schedule)
        self.updates += 1
        skip = dead if self.train.skip_dead_rows else ~part.mask.any(dim=1)
        counted = self.ranks.all((int(skip.sum()), len(skip), int((~dead).sum())))
        skipped, rows, living = (sum(column) for column in zip(*counted, strict=True))
        metrics = {
            "train/lr": lr,
            "train/empty_updates": 0.0,
            "train/skipped_updates": 0.0,
            "train/skipped_rows_rate": skipped / rows if rows else 0.0,
        }
        if not living:  # computed or not: a step on a gradient of 0 would still move moments and decay
            return metrics | {"train/empty_updates": 1.0, "time/train": time.perf_counter() - start}
        part = part.select((~skip).nonzero().squeeze(1))
        metrics |= self._accumulate(algorithm, part)
        metrics |= self._natural_step(algorithm, part) if algorithm.step_kind == "natural" else self._adam_step(lr)
        metrics |= self._critic_step(algorithm, part, lr)
        return metrics | {"time/train": time.perf_counter() - start}

    def _adam_step(self, lr: float) -> dict[str, float]:
        self.optimizer.sum_over(self.ranks)
        norm = self.optimizer.step(lr, self.train.grad_clip)
        return {"train/grad_norm": norm, "train/skipped_updates": float(not math.isfinite(norm))}

    def _natural_step(self, algorithm: Algorithm, part: Batch) -> dict[str, float]:
        """A step within the trust region along what was accumulated; no learning rate and no clipping."""
        assert self.old is not None and algorithm.trust_region is not None, "a natural step needs kl_old and settings"
        self.optimizer.sum_over(self.ranks)
        gradient = torch.cat(
            [(torch.zeros_like(w) if w.grad is None else w.grad).flatten() for w in self.optimizer.weights]
        )
        self.optimizer.zero_grad()
        norm = float(gradient.norm())
        metrics = {"train/grad_norm": norm, "train/skipped_updates": float(not math.isfinite(norm))}
        if metrics["train/skipped_updates"]:
            return metrics
        self.model.eval()  # no gradient checkpointing: it cannot be differentiated twice
        parts = [m.to(self.device) for m in part.microbatches(self.train.tokens_per_microbatch)]
        metrics |= natural_step(
            self.model, self.old, algorithm, parts, gradient, algorithm.trust_region, self.temperature, self.ranks
        )
        self.model.train()
        return metrics

    def _critic_step(self, algorithm: Algorithm, part: Batch, lr: float) -> dict[str, float]:
        """The critic's own step, on the policy's schedule; beside a natural step, several."""
        critic = self._critic(algorithm.needs)
        if critic is None or self.critic_optimizer is None:
            return {}
        lr = lr * self.critic_lr / self.train.lr
        self.critic_optimizer.sum_over(self.ranks)
        norm = self.critic_optimizer.step(lr, self.train.grad_clip)
        if algorithm.trust_region is not None and algorithm.trust_region.critic_updates > 1:
            parts = [m.to(self.device) for m in part.microbatches(self.train.tokens_per_microbatch)]
            for _ in further_gradients(critic, self.model, algorithm, parts, algorithm.trust_region.critic_updates - 1):
                self.critic_optimizer.sum_over(self.ranks)
                self.critic_optimizer.step(lr, self.train.grad_clip)
        return {"critic/grad_norm": norm}

    def _accumulate(self, algorithm: Algorithm, part: Batch) -> dict[str, float]:
        """The gradient of the loss over `part`, whose denominators are already those of the whole update."""
        loss_sum, sums = 0.0, Sums()
        # Under a natural step the policy is still the old one here.
        old = self.old if "kl_old" in algorithm.needs and algorithm.step_kind == "adam" else None
        for micro in (m.to(self.device) for m in self._microbatches(part)):
            outputs = self._forward(self.model, micro, self._critic(algorithm.needs), old)
            if micro.old_logprobs is None:
                micro = replace(micro, old_logprobs=outputs.logprobs.detach())
            loss = weighted_loss(algorithm, outputs, micro)
            if not micro.mask.any():
                self._backward(loss.value * 0.0)
                continue
            self._backward(loss.value)
            loss_sum += float(loss.value.detach())
            seen = dict(loss.metrics)
            if outputs.scores is None:
                seen["policy/entropy"] = outputs.entropy
                seen["policy/kl"] = k3(outputs.logprobs.detach(), micro.old_logprobs)
            self.trace.note(micro, outputs)
            if outputs.kl_old is not None:
                seen["policy/kl_old"] = outputs.kl_old
            sums.add(seen, micro.mask)
        return {"train/loss": sum(self.ranks.all(loss_sum))} | sums.means(self.ranks)

    @torch.no_grad()
    def evaluate(self, algorithm: Algorithm, batch: Batch) -> dict[str, float]:
        """The loss of `batch`, an update of its own that all ranks have, and its metrics, without training on it."""
        loss_sum, sums = 0.0, Sums()
        for micro in self._microbatches(batch.recount()):
            micro = micro.to(self.device)
            loss = algorithm.loss(self._forward(self.model, micro), micro)
            loss_sum += float(loss.value)
            sums.add(loss.metrics, micro.mask)
        return {"loss": loss_sum} | sums.means()

    def state_dict(self) -> dict[str, Any]:
        # The masters of the critic's optimizer are the critic's weights.
        critic = None if self.critic_optimizer is None else self.critic_optimizer.state_dict()
        return {"optimizer": self.optimizer.state_dict(), "critic": critic, "updates": self.updates}

    def shard(self) -> dict[str, Any]:
        """What this rank alone knows of the training state: nothing, since each holds everything."""
        return {}

    def load_state_dict(self, state: dict[str, Any], shards: Sequence[Path] = ()) -> None:
        self.optimizer.load_state_dict(state["optimizer"])
        if self.critic_optimizer is not None:
            self.critic_optimizer.load_state_dict(state["critic"])
        self.updates = int(state["updates"])
