"""A step along the natural gradient that stays within a KL bound. TRPO, Schulman et al. 2015, arXiv:1502.05477.

maximise g^T x subject to x^T F x / 2 <= max_kl   =>   x = sqrt(2 max_kl / (g^T F^-1 g)) F^-1 g

with F, the Fisher matrix, the Hessian of KL(old || new) at new = old. All parameters are one vector `[n]`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor


def fisher_vector_product(
    kl: Callable[[], Tensor], parameters: Sequence[Tensor], vector: Tensor, damping: float = 0.0
) -> Tensor:
    """F v + damping v, F the Hessian of `kl()` in `parameters` -> `[n]`, for `vector [n]`.

    F v = grad(grad(kl)^T v): two backward passes, never the matrix. `kl` is a scalar that can be
    differentiated twice (SDPA attention cannot); the products of parts of a batch add up to that of the sum.
    """
    first = torch.autograd.grad(kl(), list(parameters), create_graph=True, allow_unused=True, materialize_grads=True)
    along = torch.dot(_flat(first), vector)
    if not along.requires_grad:  # no parameter has any part in this kl
        return damping * vector
    second = torch.autograd.grad(along, list(parameters), allow_unused=True, materialize_grads=True)
    return _flat(second) + damping * vector


def conjugate_gradient(
    product: Callable[[Tensor], Tensor], target: Tensor, iterations: int = 10, tolerance: float = 1e-10
) -> Tensor:
    """x with A x = target, for a positive definite A of which only `product(x) = A x` is known -> `[n]`.

    Starts at 0; stops after `iterations` or once |target - A x|^2 < tolerance |target|^2. Exact after
    n iterations. Hestenes and Stiefel 1952.
    """
    x = torch.zeros_like(target)
    residual, direction = target.clone(), target.clone()
    squared = residual.dot(residual)
    enough = tolerance * squared
    for _ in range(iterations):
        if squared <= enough:
            break
        moved = product(direction)
        curvature = direction.dot(moved)
        if curvature <= 0:  # rounding has eaten the matrix up: what is found so far is the best there is
            break
        length = squared / curvature
        x = x + length * direction
        residual = residual - length * moved
        before, squared = squared, residual.dot(residual)
        direction = residual + (squared / before) * direction
    return x


def natural_step(direction: Tensor, fisher_direction: Tensor, max_kl: float) -> Tensor:
    """`direction [n]`, scaled so that its second-order KL is max_kl: sqrt(2 max_kl / d^T F d) d -> `[n]`.

    `fisher_direction` is F d. Zero where d^T F d is not positive (no gradient, no step).
    """
    curvature = float(direction.dot(fisher_direction))
    return direction * (2 * max_kl / curvature) ** 0.5 if curvature > 0 else torch.zeros_like(direction)


class LineSearch(NamedTuple):
    """Where a line search ended: the accepted `fraction` of the step (0: none), what it improved, its KL."""

    fraction: float
    improvement: float
    kl: float
    tried: int


def backtracking_line_search(
    measure: Callable[[float], tuple[float, float]], max_kl: float, shrink: float = 0.5, tries: int = 10
) -> LineSearch:
    """The largest of the fractions 1, shrink, shrink^2, ... that improves the surrogate within the bound.

    `measure(fraction)` takes that part of the step and returns (surrogate gained, KL(old || new)), both
    measured. Accepts the first with a gain > 0 and KL <= max_kl; fraction 0 if none of `tries` does.
    A NaN is never accepted. Appendix C of the paper.
    """
    fraction = 1.0
    for tried in range(1, tries + 1):
        improvement, kl = measure(fraction)
        if improvement > 0 and kl <= max_kl:
            return LineSearch(fraction, improvement, kl, tried)
        fraction *= shrink
    return LineSearch(0.0, 0.0, 0.0, tries)


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])
