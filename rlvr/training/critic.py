"""The critic: V(s_t), what a completion is expected to earn from its token t on.

A linear head on the policy's last hidden state, or on that of a model of its own. The head starts at 0,
so the first advantages are the plain returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rlvr.algorithms.base import Algorithm
from rlvr.training.batch import Batch, Outputs
from rlvr.training.forward import last_hidden, placed, positions

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Critic(nn.Module):
    """Values of the states that a batch's trained tokens were sampled in.

    `trunk` None reads the policy's hidden states; `detached` then keeps the value loss out of the
    policy's weights.
    """

    def __init__(self, width: int, *, trunk: PreTrainedModel | None = None, detached: bool = False) -> None:
        super().__init__()
        self.head = nn.Linear(width, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        # Only what makes hidden states: a language model's output embedding would be trained by nothing.
        self.trunk: nn.Module | None = None if trunk is None else trunk.base_model
        self.detached = detached

    def forward(self, batch: Batch, hidden: Tensor) -> Tensor:
        """V `[B, T]` of the state before each trained token, 0 elsewhere; `hidden [B, T, H]` is the policy's."""
        if self.trunk is not None:
            hidden = last_hidden(self.trunk, batch)
        elif self.detached:
            hidden = hidden.detach()
        # Wider than a bf16 policy: a value near 1 would have a resolution of 1/128.
        dtype = torch.float64 if self.head.weight.dtype == torch.float64 else torch.float32
        weight, bias = self.head.weight.to(dtype), self.head.bias.to(dtype)
        return placed(batch, nn.functional.linear(hidden[positions(batch)].to(dtype), weight, bias).squeeze(-1))


def further_gradients(
    critic: Critic, policy: PreTrainedModel, algorithm: Algorithm, parts: Sequence[Batch], steps: int
) -> Iterator[None]:
    """Makes the critic's gradient `steps` times, for the caller to step on, beside a policy that stays where it is."""
    with torch.no_grad():  # the critic is detached: the policy's part in it need not be computed again
        hidden = [
            torch.empty(0) if critic.trunk is not None else last_hidden(policy.base_model, part) for part in parts
        ]
    for _ in range(steps):
        for part, states in zip(parts, hidden, strict=True):
            unmoved = Outputs(part.old_logprobs, torch.zeros_like(part.old_logprobs), critic(part, states))
            algorithm.loss(unmoved, part).value.backward()
        yield
