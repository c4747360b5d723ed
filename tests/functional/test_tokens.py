"""Chunked log-probs and entropies against the plain computation: values, gradients, memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlvr.functional import tokens

N, H, V = 50, 8, 11


def plain(
    hidden: Tensor, weight: Tensor, targets: Tensor, bias: Tensor | None, temperature: float
) -> tuple[Tensor, ...]:
    """The textbook's computation, with all logits at once."""
    logits = torch.nn.functional.linear(hidden, weight, bias) / temperature
    log_p = logits.log_softmax(dim=1)
    return log_p.gather(1, targets.unsqueeze(1)).squeeze(1), -(log_p.exp() * log_p).sum(dim=1)


def inputs(dtype: torch.dtype, bias: bool, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    torch.manual_seed(seed)
    hidden, weight = torch.randn(N, H, dtype=dtype), torch.randn(V, H, dtype=dtype)
    offset = torch.randn(V, dtype=dtype) if bias else None
    return hidden, weight, torch.randint(V, (N,)), offset


USES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "both": lambda logprobs, entropy: (logprobs * C[0]).sum() + (entropy * C[1]).sum(),
    "logprobs": lambda logprobs, entropy: (logprobs * C[0]).sum(),
    "entropy": lambda logprobs, entropy: (entropy * C[1]).sum(),
}
C = torch.randn(2, N, dtype=torch.float64, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 rows a chunk: 50 rows are three whole chunks and a short one."""
    monkeypatch.setattr(tokens, "CHUNK_ELEMENTS", 16 * V)
    assert len(tokens.row_chunks(N, V)) == 4


@pytest.mark.parametrize("bias, temperature, use", list(itertools.product([False, True], [1.0, 0.7], USES)))
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 2e-5)])
def test_values_and_gradients_equal_the_plain_ones(
    small_chunks: None, bias: bool, temperature: float, use: str, dtype: torch.dtype, tolerance: float
) -> None:
    hidden, weight, targets, offset = inputs(dtype, bias)
    leaves = [t.requires_grad_() for t in (hidden, weight, offset) if t is not None]
    mine = tokens.token_logprobs(hidden, weight, targets, offset, temperature)
    reference = plain(hidden, weight, targets, offset, temperature)
    for got, expected in zip(mine, reference, strict=True):
        torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)
    got_grads = torch.autograd.grad(USES[use](*mine), leaves)
    expected_grads = torch.autograd.grad(USES[use](*reference), leaves)
    for got, expected in zip(got_grads, expected_grads, strict=True):
        torch.testing.assert_close(got, expected, rtol=10 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_gradcheck(small_chunks: None, temperature: float) -> None:
    hidden, weight, targets, bias = inputs(torch.float64, bias=True)
    assert bias is not None
    for tensor in (hidden, weight, bias):
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda h, w, b: tokens.token_logprobs(h, w, targets, b, temperature), (hidden, weight, bias)
    )


def test_the_number_of_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden, weight, targets, _ = inputs(torch.float64, bias=False)
    whole = tokens.token_logprobs(hidden, weight, targets)
    monkeypatch.setattr(tokens, "CHUNK_ELEMENTS", 1)
    parts = tokens.token_logprobs(hidden, weight, targets)
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-13)


def test_frozen_weights_get_no_gradient_and_cost_none() -> None:
    hidden, weight, targets, _ = inputs(torch.float32, bias=False)
    tokens.token_logprobs(hidden.requires_grad_(), weight, targets)[0].sum().backward()
    assert weight.grad is None and hidden.grad is not None


def test_bf16_inputs_get_fp32_log_probs_and_bf16_gradients() -> None:
    hidden, weight, targets, _ = inputs(torch.bfloat16, bias=False)
    hidden.requires_grad_()
    weight.requires_grad_()
    logprobs, entropy = tokens.token_logprobs(hidden, weight, targets)
    assert logprobs.dtype == entropy.dtype == torch.float32
    expected, _ = plain(hidden.float(), weight.float(), targets, None, 1.0)
    torch.testing.assert_close(logprobs, expected, rtol=1e-5, atol=1e-5)  # the inputs are rounded, the product is not
    logprobs.sum().backward()
    assert hidden.grad.dtype == weight.grad.dtype == torch.bfloat16


def test_no_rows_at_all() -> None:
    hidden = torch.zeros(0, H, requires_grad=True)
    logprobs, entropy = tokens.token_logprobs(hidden, torch.ones(V, H), torch.zeros(0, dtype=torch.int64))
    assert logprobs.shape == entropy.shape == (0,)
    logprobs.sum().backward()


class Largest(torch.utils._python_dispatch.TorchDispatchMode):
    """The number of elements of the largest tensor that any operation makes."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(tensor, Tensor):
                self.elements = max(self.elements, tensor.numel())
        return out


def test_logits_are_never_held_beyond_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, vocabulary = 400, 300
    monkeypatch.setattr(tokens, "CHUNK_ELEMENTS", 20 * vocabulary)
    hidden = torch.randn(rows, H, requires_grad=True)
    weight = torch.randn(vocabulary, H, requires_grad=True)
    targets = torch.randint(vocabulary, (rows,))
    kept: list[int] = []
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: (kept.append(t.numel()), t)[1], lambda t: t)
    with Largest() as largest, hooks:
        logprobs, entropy = tokens.token_logprobs(hidden, weight, targets)
        (logprobs.sum() + entropy.sum()).backward()
    assert largest.elements == 20 * vocabulary  # a chunk, in forward and in backward
    assert kept and max(kept) <= max(rows * H, vocabulary * H)  # inputs only; no logits wait for backward
    with Largest() as plainly:
        plain(hidden, weight, targets, None, 1.0)
    assert plainly.elements == rows * vocabulary  # the measurement does see logits where there are any
