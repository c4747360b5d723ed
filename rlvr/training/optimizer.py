"""AdamW on fp32 master weights, whatever the compute dtype; and the learning-rate schedule.

A bf16 weight has 8 bits of mantissa: a step of 1e-6 on a weight of 1e-2 is below its resolution and
is lost. Moments, weights and accumulated gradients are therefore fp32; the model's bf16 weights are a
rounded copy, made again after each step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rlvr.training.ranks import Ranks


class MasterAdamW:
    """AdamW over fp32 (or fp64) masters of a model's parameters.

    Takes the model in fp32, keeps its weights as masters and rounds the model to `dtype`. Where
    `dtype` is no narrower, masters and weights are the same tensors.
    """

    def __init__(
        self, model: nn.Module, dtype: torch.dtype, betas: tuple[float, float], weight_decay: float, eps: float = 1e-8
    ) -> None:
        self.weights = [p for p in model.parameters() if p.requires_grad]
        self.narrow = dtype in (torch.bfloat16, torch.float16)
        if self.narrow:
            self.masters = [nn.Parameter(p.detach().clone()) for p in self.weights]
            # Parameters only: buffers such as rotary frequencies stay fp32, as in a checkpoint loaded in bf16.
            for p in model.parameters():
                p.data = p.data.to(dtype)
            for weight, master in zip(self.weights, self.masters, strict=True):
                weight.register_post_accumulate_grad_hook(_add_to(master))
        else:
            self.masters = self.weights
        self.adam = torch.optim.AdamW(
            decay_groups(self.masters, weight_decay), lr=0.0, betas=betas, eps=eps, fused=True
        )

    def sum_over(self, ranks: Ranks) -> None:
        """Makes each rank's gradients the sum of all ranks'. What no rank has a gradient of stays without one."""
        if ranks.alone:
            return
        device = self.masters[0].device
        some = ranks.sum(torch.tensor([m.grad is not None for m in self.masters], dtype=torch.int32, device=device))
        wanted = [m for m, ranks_with_one in zip(self.masters, some.tolist(), strict=True) if ranks_with_one]
        for master in wanted:
            if master.grad is None:
                master.grad = torch.zeros_like(master)
        ranks.sum_in_place([m.grad for m in wanted if m.grad is not None])

    def step(self, lr: float, grad_clip: float) -> float:
        """Clips, steps, rounds the model to its dtype; the gradient's norm before clipping."""
        norm = float(torch.nn.utils.get_total_norm([m.grad for m in self.masters if m.grad is not None]))
        if not math.isfinite(norm):
            self.zero_grad()
            return norm
        torch.nn.utils.clip_grads_with_norm_(self.masters, grad_clip, torch.tensor(norm))
        for group in self.adam.param_groups:
            group["lr"] = lr
        self.adam.step()
        self.zero_grad()
        if self.narrow:
            self._round()
        return norm

    def zero_grad(self) -> None:
        for parameter in self.masters:
            parameter.grad = None

    @torch.no_grad()
    def _round(self) -> None:
        for weight, master in zip(self.weights, self.masters, strict=True):
            weight.copy_(master)

    def state_dict(self) -> dict[str, Any]:
        return {"adam": self.adam.state_dict(), "masters": [m.detach() for m in self.masters]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(state["adam"])
        with torch.no_grad():
            for master, saved in zip(self.masters, state["masters"], strict=True):
                master.copy_(saved)
        if self.narrow:
            self._round()


def decay_groups(parameters: Sequence[nn.Parameter], weight_decay: float) -> list[dict[str, Any]]:
    """Groups for an optimizer. No decay on norms and biases: pulling a scale towards 0 is not regularisation."""
    return [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]


def _add_to(master: nn.Parameter) -> Any:
    """A hook that adds a weight's gradient to its master's in the master's precision, and frees it."""

    def hook(weight: Tensor) -> None:
        assert weight.grad is not None
        gradient = weight.grad.to(master.dtype)
        master.grad = gradient if master.grad is None else master.grad.add_(gradient)
        weight.grad = None

    return hook


def learning_rate(
    update: int, total: int, peak: float, warmup: int, schedule: Literal["constant", "linear", "cosine"]
) -> float:
    """The rate of update number `update` (from 0): linear warm-up, then the schedule, which reaches 0 at `total`."""
    if update < warmup:
        return peak * (update + 1) / warmup
    done = min(max((update - warmup) / max(total - warmup, 1), 0.0), 1.0)
    if schedule == "linear":
        return peak * (1.0 - done)
    if schedule == "cosine":
        return peak * 0.5 * (1.0 + math.cos(math.pi * done))
    return peak
