"""Log-probabilities of tokens without ever holding the logits of a batch.

`token_logprobs` multiplies hidden states with the output embedding a chunk at a time, keeps two
numbers a token, and multiplies again in the backward pass: memory `chunk * V` instead of `N * V`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

#: Elements of the logits that are alive at once (32 MB in fp32).
CHUNK_ELEMENTS = 1 << 23


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` is set, 0 where it is set nowhere -> scalar."""
    return values.masked_fill(~mask.bool(), 0.0).sum() / mask.sum().clamp(min=1)


def token_logprobs(
    hidden: Tensor, weight: Tensor, targets: Tensor, bias: Tensor | None = None, temperature: float = 1.0
) -> tuple[Tensor, Tensor]:
    """log p(target) and entropy of softmax((hidden W^T + bias) / temperature), in nats -> `[N]`, `[N]`.

    `hidden [N, H]`, `weight [V, H]`, `targets [N]`, `bias [V]`. Logits are at least fp32 whatever the
    inputs' type. Differentiable once in `hidden`, `weight` and `bias`, through both results.
    """
    logprobs, entropy = _TokenLogprobs.apply(hidden, weight, targets, bias, temperature)
    return logprobs, entropy


class _TokenLogprobs(torch.autograd.Function):
    """With z = logits / temperature, p = softmax(z) and H its entropy:

    d log p(y) / dz_j = 1[j = y] - p_j          dH / dz_j = -p_j (z_j - sum_k p_k z_k)
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, bias: Tensor | None, temperature: float
    ) -> tuple[Tensor, Tensor]:
        wide = at_least_fp32(weight)
        count = hidden.shape[0]
        chosen, log_z, mean_z = (wide.new_empty(count) for _ in range(3))
        for part in row_chunks(count, weight.shape[0]):
            z = output_logits(hidden[part], wide, bias, temperature)
            chosen[part] = z.gather(1, targets[part].unsqueeze(1)).squeeze(1)
            log_z[part] = torch.logsumexp(z, dim=1)
            p = torch.exp(z - log_z[part].unsqueeze(1))
            mean_z[part] = torch.linalg.vecdot(p, z)
        ctx.save_for_backward(hidden, weight, targets, bias, log_z, mean_z)
        ctx.temperature = temperature
        # The entropy often only feeds a metric: without this, a zero gradient would be made for it.
        ctx.set_materialize_grads(False)
        return chosen - log_z, log_z - mean_z

    @staticmethod
    def backward(
        ctx: Any, grad_logprobs: Tensor | None, grad_entropy: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None, None, Tensor | None, None]:
        hidden, weight, targets, bias, log_z, mean_z = ctx.saved_tensors
        wide = at_least_fp32(weight)
        grad_hidden = torch.zeros_like(hidden)
        grad_weight = torch.zeros_like(wide) if ctx.needs_input_grad[1] else None
        grad_bias = torch.zeros_like(wide[:, 0]) if bias is not None and ctx.needs_input_grad[3] else None
        for part in row_chunks(hidden.shape[0], weight.shape[0]):
            z = output_logits(hidden[part], wide, bias, ctx.temperature)
            grad_z = _grad_logits(
                z, targets[part], log_z[part], mean_z[part], _slice(grad_logprobs, part), _slice(grad_entropy, part)
            )
            grad_z /= ctx.temperature
            grad_hidden[part] = (grad_z @ wide).to(hidden.dtype)
            if grad_weight is not None:
                grad_weight.addmm_(grad_z.t(), hidden[part].to(wide.dtype))
            if grad_bias is not None:
                grad_bias += grad_z.sum(dim=0)
        return (
            grad_hidden,
            None if grad_weight is None else grad_weight.to(weight.dtype),
            None,
            None if grad_bias is None else grad_bias.to(weight.dtype),
            None,
        )


def _grad_logits(
    z: Tensor, targets: Tensor, log_z: Tensor, mean_z: Tensor, grad_logprobs: Tensor | None, grad_entropy: Tensor | None
) -> Tensor:
    """The gradient with respect to `z [n, V]`; overwrites `z` where it can, the largest tensor here."""
    if grad_entropy is None:
        p = z.sub_(log_z.unsqueeze(1)).exp_()
        grad_z = torch.zeros_like(p) if grad_logprobs is None else p.mul_(-grad_logprobs.unsqueeze(1))
    else:
        p = torch.exp(z - log_z.unsqueeze(1))
        grad_z = p * (mean_z.unsqueeze(1) - z) * grad_entropy.unsqueeze(1)
        if grad_logprobs is not None:
            grad_z -= p * grad_logprobs.unsqueeze(1)
    if grad_logprobs is not None:
        grad_z.scatter_add_(1, targets.unsqueeze(1), grad_logprobs.to(grad_z.dtype).unsqueeze(1))
    return grad_z


def output_logits(hidden: Tensor, weight: Tensor, bias: Tensor | None, temperature: float) -> Tensor:
    """(hidden W^T + bias) / temperature -> `[n, V]`, in the type of `weight [V, H]`."""
    z = hidden.to(weight.dtype) @ weight.t()
    if bias is not None:
        z += bias.to(weight.dtype)
    return z if temperature == 1.0 else z.div_(temperature)


def at_least_fp32(weight: Tensor) -> Tensor:
    """At least fp32: bf16 and fp16 logits would cost log-probs two to three digits."""
    return weight if weight.dtype == torch.float64 else weight.float()


def row_chunks(count: int, vocabulary: int) -> list[slice]:
    """Rows `count` in pieces whose logits are at most `CHUNK_ELEMENTS` numbers (but at least 16 rows)."""
    size = max(16, CHUNK_ELEMENTS // vocabulary)
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _slice(values: Tensor | None, part: slice) -> Tensor | None:
    return None if values is None else values[part]
