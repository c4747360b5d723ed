"""Fisher-vector products, conjugate gradients and the line search, each against what it must equal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlvr.functional import (
    LineSearch,
    backtracking_line_search,
    conjugate_gradient,
    exact_kl,
    fisher_vector_product,
    natural_step,
)

POSITIONS, WIDTH, SYMBOLS = 6, 3, 4


class Softmax:
    """A policy of two matrices: logits = tanh(x A) B, `[POSITIONS, SYMBOLS]`."""

    def __init__(self) -> None:
        rng = torch.Generator().manual_seed(0)
        self.x = torch.randn(POSITIONS, 2, generator=rng, dtype=torch.float64)
        self.parameters = [
            torch.randn(2, WIDTH, generator=rng, dtype=torch.float64).requires_grad_(),
            torch.randn(WIDTH, SYMBOLS, generator=rng, dtype=torch.float64).requires_grad_(),
        ]
        self.old = self.logits().detach()

    def logits(self) -> Tensor:
        return torch.tanh(self.x @ self.parameters[0]) @ self.parameters[1]

    def kl(self) -> Tensor:
        return exact_kl(self.old, self.logits()).mean()

    @property
    def size(self) -> int:
        return sum(p.numel() for p in self.parameters)

    def moved(self, step: Tensor) -> Softmax:
        """This policy `step [n]` further, with the same old one."""
        other = Softmax()
        offset = 0
        with torch.no_grad():
            for own, new in zip(self.parameters, other.parameters, strict=True):
                new.copy_(own + step[offset : offset + own.numel()].view_as(own))
                offset += own.numel()
        return other


def finite_difference_hessian(policy: Softmax, width: float = 1e-3) -> Tensor:
    """Second differences of the KL itself -> `[n, n]`; nothing here is differentiated by autograd."""

    def kl(step: Tensor) -> float:
        with torch.no_grad():
            return float(policy.moved(step).kl())

    unit = torch.eye(policy.size, dtype=torch.float64) * width
    hessian = torch.zeros(policy.size, policy.size, dtype=torch.float64)
    for i in range(policy.size):
        for j in range(i + 1):
            corners = kl(unit[i] + unit[j]) - kl(unit[i] - unit[j]) - kl(unit[j] - unit[i]) + kl(-unit[i] - unit[j])
            hessian[i, j] = hessian[j, i] = corners / (4 * width**2)
    return hessian


def test_the_fisher_vector_product_is_the_hessian_of_the_kl() -> None:
    policy = Softmax()
    hessian = finite_difference_hessian(policy)
    columns = [
        fisher_vector_product(policy.kl, policy.parameters, v) for v in torch.eye(policy.size, dtype=torch.float64)
    ]
    exact = torch.stack(columns)
    assert float(exact.abs().max()) > 0.05
    torch.testing.assert_close(exact, hessian, rtol=0, atol=2e-6)
    torch.testing.assert_close(exact, exact.t(), rtol=0, atol=1e-12)
    assert float(torch.linalg.eigvalsh(exact).min()) > -1e-12  # a Fisher matrix is never negative


def test_at_the_old_policy_it_is_the_covariance_of_the_score() -> None:
    """F = E over states and symbols of grad log pi grad log pi^T."""
    policy = Softmax()
    log_p = policy.logits().log_softmax(dim=1)
    fisher = torch.zeros(policy.size, policy.size, dtype=torch.float64)
    for position in range(POSITIONS):
        for symbol in range(SYMBOLS):
            grads = torch.autograd.grad(log_p[position, symbol], policy.parameters, retain_graph=True)
            score = torch.cat([g.flatten() for g in grads])
            fisher += log_p[position, symbol].exp().detach() * torch.outer(score, score) / POSITIONS
    vector = torch.randn(policy.size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    product = fisher_vector_product(policy.kl, policy.parameters, vector, damping=0.1)
    torch.testing.assert_close(product, fisher @ vector + 0.1 * vector, rtol=0, atol=1e-12)


def test_products_of_parts_add_up_and_an_uninvolved_parameter_gets_zero() -> None:
    policy, extra = Softmax(), torch.ones(2, dtype=torch.float64, requires_grad=True)
    everything = [*policy.parameters, extra]
    vector = torch.arange(policy.size + 2, dtype=torch.float64) / 10

    def part(rows: slice) -> Callable[[], Tensor]:
        return lambda: exact_kl(policy.old[rows], policy.logits()[rows]).sum() / POSITIONS

    whole = fisher_vector_product(policy.kl, everything, vector)
    parts = [fisher_vector_product(part(rows), everything, vector) for rows in (slice(0, 2), slice(2, None))]
    torch.testing.assert_close(whole, parts[0] + parts[1], rtol=0, atol=1e-12)
    assert whole[-2:].tolist() == [0.0, 0.0]
    none = fisher_vector_product(lambda: extra.sum() * 0 + 1, [policy.parameters[0]], vector[:6], damping=2.0)
    torch.testing.assert_close(none, 2 * vector[:6])


def spd(size: int, seed: int = 0) -> Tensor:
    root = torch.randn(size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return root @ root.t() + 0.5 * torch.eye(size, dtype=torch.float64)


def test_conjugate_gradient_on_two_equations() -> None:
    # 4 x + y = 1, x + 3 y = 2: x = (1 * 3 - 1 * 2) / 11 = 1/11, y = (4 * 2 - 1 * 1) / 11 = 7/11; exact in two steps
    matrix, target = torch.tensor([[4.0, 1], [1, 3]]).double(), torch.tensor([1.0, 2]).double()
    x = conjugate_gradient(lambda v: matrix @ v, target, iterations=2, tolerance=0.0)
    torch.testing.assert_close(x, torch.tensor([1 / 11, 7 / 11], dtype=torch.float64), rtol=0, atol=1e-12)
    # one step is steepest descent: length |b|^2 / b^T A b = 5 / 20 times b
    one = conjugate_gradient(lambda v: matrix @ v, target, iterations=1)
    torch.testing.assert_close(one, target * 5 / 20, rtol=0, atol=1e-12)


def test_conjugate_gradient_solves_and_stops_when_it_is_near_enough() -> None:
    matrix, calls = spd(12), []

    def product(v: Tensor) -> Tensor:
        calls.append(1)
        return matrix @ v

    target = torch.arange(1.0, 13.0).double()
    x = conjugate_gradient(product, target, iterations=100, tolerance=1e-20)
    torch.testing.assert_close(matrix @ x, target, rtol=0, atol=1e-8)
    assert len(calls) < 20
    calls.clear()
    rough = conjugate_gradient(product, target, iterations=100, tolerance=1e-2)
    assert float((matrix @ rough - target).square().sum()) <= 1e-2 * float(target.square().sum())
    assert len(calls) < 12
    assert conjugate_gradient(product, torch.zeros(12).double()).tolist() == [0.0] * 12


def test_the_natural_step_has_the_second_order_kl_it_was_given() -> None:
    matrix, direction = spd(5), torch.arange(1.0, 6.0).double()
    step = natural_step(direction, matrix @ direction, max_kl=0.02)
    assert float(step @ matrix @ step / 2) == pytest.approx(0.02, abs=1e-12)
    assert natural_step(torch.zeros(3), torch.zeros(3), 0.02).tolist() == [0.0, 0.0, 0.0]


def test_the_line_search_takes_the_first_fraction_that_holds_the_bound_and_improves() -> None:
    # kl = f^2, gain = f (0.6 - f): at 1 too far, at 0.5 the kl 0.25 > 0.2, at 0.25: 0.0625 and 0.0875 > 0
    found = backtracking_line_search(lambda f: (f * (0.6 - f), f * f), max_kl=0.2)
    assert found == LineSearch(0.25, pytest.approx(0.0875), 0.0625, 3)
    # the bound itself is allowed
    assert backtracking_line_search(lambda f: (1.0, f), max_kl=0.5).fraction == 0.5
    assert backtracking_line_search(lambda f: (1.0, f), max_kl=0.5, shrink=0.8).fraction == pytest.approx(0.8**4)


@pytest.mark.parametrize(
    "measure",
    [
        lambda f: (-f, 0.0),  # never better
        lambda f: (0.0, 0.0),  # no better is not better
        lambda f: (1.0, 1.0),  # always too far
        lambda f: (float("nan"), 0.0),
        lambda f: (1.0, float("nan")),
    ],
)
def test_the_line_search_makes_no_step_rather_than_a_wrong_one(measure: Callable[[float], tuple[float, float]]) -> None:
    assert backtracking_line_search(measure, max_kl=0.1, tries=4) == LineSearch(0.0, 0.0, 0.0, 4)


def test_a_whole_step_holds_the_bound_and_beats_the_plain_gradient() -> None:
    """Maximise a linear surrogate of the softmax policy within a KL of 0.01."""
    policy = Softmax()
    gain = torch.randn(POSITIONS, SYMBOLS, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    old_p = policy.old.softmax(dim=1)

    def surrogate(p: Softmax) -> Tensor:
        return ((p.logits().softmax(dim=1) - old_p) * gain).sum(dim=1).mean()

    slope = torch.cat([g.flatten() for g in torch.autograd.grad(surrogate(policy), policy.parameters)])

    def product(vector: Tensor) -> Tensor:
        return fisher_vector_product(policy.kl, policy.parameters, vector, damping=1e-2)

    def improvement(direction: Tensor) -> LineSearch:
        step = natural_step(direction, product(direction), 0.01)

        def measure(fraction: float) -> tuple[float, float]:
            with torch.no_grad():
                there = policy.moved(fraction * step)
                return float(surrogate(there)), float(there.kl())

        return backtracking_line_search(measure, 0.01, shrink=0.9)

    natural, plain = improvement(conjugate_gradient(product, slope, 20)), improvement(slope)
    assert natural.fraction > 0 and 0.005 < natural.kl <= 0.01
    assert natural.improvement > 1.1 * plain.improvement > 0
