"""Training under DeepSpeed ZeRO: optimizer states, gradients and weights divided over the ranks.

Rajbhandari et al. 2020, arXiv:1910.02054. Three things are kept in our own hands. The *scale*: losses are shares of a
mean over all ranks, so their gradients are summed, where DeepSpeed would average. The *boundary* of an update:
DeepSpeed steps when it is told to. And *step*: ranks compute equally many micro-batches, since under stages 2 and 3
each one has all ranks exchange gradients or weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rlvr.training.batch import Batch, Outputs, collate
from rlvr.training.forward import forward
from rlvr.training.local_backend import LocalBackend
from rlvr.training.lora import policy_weights
from rlvr.training.models import DTYPES, blank_copy, cast_parameters, on_device
from rlvr.training.optimizer import MasterAdamW, decay_groups
from rlvr.training.zero_engine import cpu_adam, engine_of, gathered, keep_whole, read, set_steps, step, steps_of, write

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from rlvr.training.critic import Critic


class Pass(nn.Module):
    """One pass of a policy as a module, so that DeepSpeed sees where it begins and ends.

    Under stage 3 the output embedding is whole from beginning to end: chunked log-probs multiply with it a
    number of times that differs between ranks, and must not gather it each time.
    """

    def __init__(self, model: PreTrainedModel, partitioned: bool) -> None:
        super().__init__()
        self.model = model
        head = model.get_output_embeddings()
        if partitioned and head is not None:
            keep_whole(self, head.parameters())

    def forward(self, batch: Batch, temperature: float, critic: Critic | None, old: PreTrainedModel | None) -> Tensor:
        """Scores `[B]`, or log-probs, entropy and, where asked for, values and KL as one `[2..4, B, T]`.

        One tensor, so that the backward pass enters here once, whichever of them a loss makes use of: the stages
        expect the same order of modules on every rank.
        """
        made = forward(self.model, batch, temperature, critic=critic, old=old)
        if made.scores is not None:
            return made.scores
        return torch.stack([x for x in (made.logprobs, made.entropy, made.values, made.kl_old) if x is not None])


class DeepSpeedBackend(LocalBackend):
    """The backend of stages 1 to 3; stage 0, where each rank holds everything, is `LocalBackend`'s."""

    def __init__(self, *arguments: Any, config: Mapping[str, Any], **options: Any) -> None:
        self.config = dict(config)
        self.stage = int(self.config["zero_optimization"]["stage"])
        self._scale = 1.0
        self.engines: dict[int, Any] = {}  # DeepSpeed's, by the id of the model that each runs
        super().__init__(*arguments, **options)

    def _prepare(self, model: PreTrainedModel, reference: PreTrainedModel | None, critic: Critic | None) -> None:
        self.model = model
        self.engine = self._engine(model, Pass(model, self.stage == 3))
        self.reference = None
        if reference is not None:
            reference.requires_grad_(False).eval()
            self.reference = reference
            if self.stage == 3:
                self._engine(reference, Pass(reference, True))
            else:
                cast_parameters(on_device(reference, self.device), DTYPES[self.dtype])
        self.critic, self.critic_optimizer, self.critic_engine = critic, None, None
        if critic is not None and critic.trunk is not None:
            self.critic_engine = self._engine(critic, critic)
        elif critic is not None:  # a few thousand numbers: every rank holds them all
            self.critic_optimizer = MasterAdamW(
                critic.to(self.device), torch.float32, self.train.betas, self.train.weight_decay
            )

    def _engine(self, model: nn.Module, module: nn.Module) -> Any:
        """DeepSpeed's engine of `module`, which runs `model`."""
        self.engines[id(model)] = engine_of(module, self.config, DTYPES[self.dtype], self._adam)
        return self.engines[id(model)]

    def _adam(self, parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
        groups = decay_groups(parameters, self.train.weight_decay)
        options: dict[str, Any] = {"lr": 0.0, "betas": self.train.betas, "eps": 1e-8}
        if "offload_optimizer" in self.config["zero_optimization"]:
            return cpu_adam(groups, **options)
        return torch.optim.AdamW(groups, **options, fused=True)

    @property
    def policy(self) -> Iterator[tuple[str, Tensor]]:
        """The policy's weights by name. Under stage 3 each is whole only until the next one is asked for."""
        return policy_weights(self.model, *self._gathered())

    def _gathered(self) -> list[Callable[[Sequence[Tensor]], AbstractContextManager[Any]]]:
        return [gathered] if self.stage == 3 else []

    def sampled_model(self) -> PreTrainedModel:
        """Under stage 3 a whole copy, which an engine refreshes once an iteration; else the trained model itself."""
        if self.stage < 3:
            return self.model
        return self._whole_copy()

    def _whole_copy(self) -> PreTrainedModel:
        copy = on_device(cast_parameters(blank_copy(self.model), DTYPES[self.dtype]), self.device)
        self._copy_policy(copy)
        return copy

    @torch.no_grad()
    def _copy_policy(self, into: PreTrainedModel) -> None:
        own = into.state_dict()
        for name, tensor in self.policy:
            own[name].copy_(tensor)

    def _remember_policy(self) -> None:
        if self.old is None:
            self.old = self._whole_copy().requires_grad_(False).eval()
        else:
            self._copy_policy(self.old)

    def _microbatches(self, batch: Batch) -> Iterator[Batch]:
        """As many on each rank as the busiest rank has: spare ones add nothing."""
        parts = list(super()._microbatches(batch))
        spare = int(self.ranks.most(len(parts))) - len(parts)  # agreed before the first one is computed
        return iter([*parts, *(batch.spare() for _ in range(spare))])

    def _forward(
        self, model: PreTrainedModel, micro: Batch, critic: Critic | None = None, old: PreTrainedModel | None = None
    ) -> Outputs:
        if id(model) not in self.engines:
            return super()._forward(model, micro, critic, old)
        apart = critic if critic is not None and critic.trunk is not None else None
        head = critic if apart is None else None
        made = self.engines[id(model)](micro, self.temperature, head, old)
        if made.dim() == 1:
            none = torch.zeros(micro.token_ids.shape, device=made.device)
            return Outputs(none, none, scores=made)
        logprobs, entropy, *rest = made.unbind()
        values = rest.pop(0) if head is not None else None
        if apart is not None:
            values = self.engines[id(apart)](micro, torch.empty(0, device=self.device))
        return Outputs(logprobs, entropy, values, kl_old=rest.pop() if rest else None)

    def _backward(self, loss: Tensor) -> None:
        # DeepSpeed takes the mean over ranks, and in float16 scales up.
        self._scale = self.ranks.count * float(getattr(self.engine.optimizer, "loss_scale", 1.0) or 1.0)
        self.engine.backward(loss * self.ranks.count, scale_wrt_gas=False)

    def _adam_step(self, lr: float) -> dict[str, float]:
        return step(self.engine, lr)

    def _critic_step(self, algorithm: Any, part: Batch, lr: float) -> dict[str, float]:
        if self.critic_engine is None:
            if self.critic_optimizer is not None:  # it is no part of the engine, which undoes the scale for the rest
                for master in self.critic_optimizer.masters:
                    master.grad = None if master.grad is None else master.grad / self._scale
            return super()._critic_step(algorithm, part, lr)
        return {"critic/grad_norm": step(self.critic_engine, lr * self.critic_lr / self.train.lr)["train/grad_norm"]}

    def state_dict(self) -> dict[str, Any]:
        """What every rank knows; `shard` has the rest."""
        critic = None if self.critic_optimizer is None else self.critic_optimizer.state_dict()
        steps = {name: steps_of(engine) for name, engine in self._trained()}
        return {"critic": critic, "updates": self.updates, "steps": steps}

    def shard(self) -> dict[str, dict[str, Tensor]]:
        """Weights and moments in fp32 of every n-th parameter, whole: any number of ranks can read them again."""
        kept: dict[str, dict[str, Tensor]] = {}
        for number, (name, parameter, steps) in enumerate(self._parameters()):
            state = read(parameter, moments=steps > 0)  # all ranks take part in making it whole
            if number % self.ranks.count == self.ranks.rank:
                kept[name] = {key: tensor.cpu().clone() for key, tensor in state.items()}
        return kept

    def load_state_dict(self, state: dict[str, Any], shards: Sequence[Path] = ()) -> None:
        self.updates = int(state["updates"])
        if self.critic_optimizer is not None:
            self.critic_optimizer.load_state_dict(state["critic"])
        for name, engine in self._trained():
            if state["steps"][name]:
                self._empty_step(engine)
        # Mapped, not read: of most parameters a rank needs a part.
        found = {k: v for path in shards for k, v in torch.load(path, mmap=True, weights_only=True).items()}
        for name, parameter, _ in self._parameters():
            write(parameter, {key: tensor.to(self.device) for key, tensor in found[name].items()})
        for name, engine in self._trained():
            for moments in engine.basic_optimizer.state.values() if state["steps"][name] else ():
                set_steps(moments, state["steps"][name])

    def _trained(self) -> list[tuple[str, Any]]:
        return [(n, e) for n, e in (("policy", self.engine), ("critic", self.critic_engine)) if e is not None]

    def _parameters(self) -> Iterator[tuple[str, nn.Parameter, float]]:
        """What is trained, by name, and how many steps its optimizer has made."""
        for kind, engine in self._trained():
            if hasattr(engine.optimizer, "_lazy_init_hp_params_optimizer_state"):
                # DeepSpeed does this once, after the first group's step, when the second one has no state yet.
                engine.optimizer._hp_optimizer_states_linked = False
                engine.optimizer._lazy_init_hp_params_optimizer_state()
            steps = steps_of(engine)
            for name, parameter in engine.module.named_parameters():
                if parameter.requires_grad:
                    yield f"{kind}.{name}", parameter, steps

    def _empty_step(self, engine: Any) -> None:
        """A step of length 0 on a gradient of 0: it makes the optimizer's state, which is then filled in."""
        for parameter in engine.module.parameters():
            parameter.grad = None
        spare = collate([], 0).spare().to(self.device)
        if engine is self.engine:
            outputs = self._forward(self.model, spare)
            loss = outputs.logprobs.sum() if outputs.scores is None else outputs.scores.sum()
        else:
            loss = engine(spare, torch.empty(0, device=self.device)).sum()
        engine.backward(loss * 0.0, scale_wrt_gas=False)
        step(engine, 0.0)
