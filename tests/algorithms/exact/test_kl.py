"""The KL to a reference, in the reward and in the loss: what its expected gradient is the gradient of, exactly.

KL(pi, ref) is over whole completions; KL_s(p, q) stands for that of the next symbol's distributions at the prefix s.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pytest
import torch
from torch import Tensor

from rlvr import functional as F
from rlvr.algorithms.a2c import A2C
from rlvr.algorithms.base import Algorithm, Loss, State
from rlvr.algorithms.dr_grpo import DrGRPO
from rlvr.algorithms.kl import kl_in_loss, kl_in_reward
from rlvr.algorithms.reinforce import Reinforce
from rlvr.algorithms.reinforce_pp import ReinforcePP
from rlvr.algorithms.rloo import RLOO
from rlvr.training.batch import Batch, Outputs
from tests.algorithms.exact.toy import Toy, close

TOY = Toy(longest=3)
REFERENCE = TOY.another(seed=11, distance=0.8)


def sequence_kl() -> Tensor:
    """KL(pi, ref) = sum over y of pi(y) (log pi(y) - log ref(y)), differentiable."""
    p, q = TOY.probabilities(0), REFERENCE.probabilities(0).detach()
    return (p * (p.log() - q.log())).sum()


def at_visited_states(
    kl: Callable[[Tensor, Tensor], Tensor], visitor: Toy | None = None, toy: Toy = TOY, reference: Toy = REFERENCE
) -> Tensor:
    """sum over s of P(reach s) kl(log pi_s, log ref_s), the reaching held constant: later states are not blamed."""
    total = torch.zeros((), dtype=torch.float64)
    for prefix in toy.prefixes():
        ref = reference.log_policy(0, prefix).detach()
        total = total + (visitor or toy).reach(0, prefix) * kl(toy.log_policy(0, prefix), ref)
    return total


def forward(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL_s(pi, ref)."""
    return (log_p.exp() * (log_p - log_q)).sum()


def backward(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL_s(ref, pi)."""
    return (log_q.exp() * (log_q - log_p)).sum()


@dataclass(frozen=True, slots=True)
class Penalty(Algorithm):
    """Nothing but the KL in the loss, summed over each completion."""

    estimator: Literal["k1", "k2", "k3"]
    importance: bool = False

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        nothing = Loss(outputs.logprobs.sum() * 0)
        return kl_in_loss(
            nothing, outputs, batch, 1.0, "sequence_sum", estimator=self.estimator, importance=self.importance
        )


def gradient_of(algorithm: Algorithm, size: int = 1, sampled_from: Toy | None = None) -> Tensor:
    return TOY.gradient(TOY.expected_loss(algorithm, size, reference=REFERENCE, sampled_from=sampled_from))


def test_three_notions_of_kl_that_must_not_be_confused() -> None:
    """The KL of completions is the sum over visited states; but its gradient also moves the visiting."""
    assert float((sequence_kl() - at_visited_states(forward)).detach().abs()) < 1e-12
    whole = TOY.gradient(sequence_kl())
    for other in (at_visited_states(forward), at_visited_states(backward)):
        assert float((whole - TOY.gradient(other)).abs().max()) > 0.05


@pytest.mark.parametrize(
    "algorithm, size",
    [
        (RLOO(kl_coef=0.3), 2),
        (A2C(kl_coef=0.3, aggregation="sequence_sum"), 1),  # over a wrong critic, lambda 1
    ],
    ids=["RLOO", "actor-critic"],
)
def test_in_the_reward_it_is_the_kl_of_whole_completions(algorithm: Algorithm, size: int) -> None:
    """E[sum_t (R - coef sum over s >= t of k1_s) grad log pi_t] = grad (J - coef KL(pi, ref))."""
    close(gradient_of(algorithm, size), TOY.gradient(-(TOY.objective(0) - 0.3 * sequence_kl())))


@dataclass(frozen=True, slots=True)
class Discouraged(Reinforce):
    """REINFORCE on returns-to-go, from which k1 was taken token by token."""

    def credit(self, batch: Batch, state: State) -> Batch:
        return Reinforce.credit(self, kl_in_reward(batch, 0.3), state)


def test_the_past_s_kl_may_be_left_out_of_a_token_s_return() -> None:
    plain = Discouraged(baseline="none")
    close(gradient_of(plain), TOY.gradient(-(TOY.objective(0) - 0.3 * sequence_kl())))


def test_k1_in_the_loss_has_no_gradient_at_all() -> None:
    """E[grad (log pi - log ref)] = E[grad log pi] = 0: a penalty that does nothing but add noise."""
    assert float(gradient_of(Penalty("k1")).abs().max()) < 1e-12


def test_k2_in_the_loss_ignores_what_comes_later() -> None:
    """E[d grad d] at each state = grad KL_s(pi, ref)."""
    close(gradient_of(Penalty("k2")), TOY.gradient(at_visited_states(forward)))


def test_k2_of_the_whole_completion_is_exact() -> None:
    """(log pi(y) - log ref(y))^2 / 2 has the gradient of KL(pi, ref): E[D s] with D = log pi(y) / ref(y)."""
    logprobs, ref = TOY.logprobs(), REFERENCE.logprobs().detach()
    count = len(TOY.completions)
    whole = F.k2(logprobs.sum(dim=1), ref.sum(dim=1))[:count]
    expected = (TOY.probabilities(0).detach() * whole).sum()
    close(TOY.gradient(expected), TOY.gradient(sequence_kl()))


def test_k3_in_the_loss_is_the_other_kl() -> None:
    """grad k3 = (1 - ref / pi) grad log pi, of mean -sum_a ref_a grad log pi_a = grad KL_s(ref, pi)."""
    close(gradient_of(Penalty("k3")), TOY.gradient(at_visited_states(backward)))


@pytest.mark.parametrize("estimator", ["k1", "k3"])
def test_weighted_with_the_ratio_it_is_the_kl_at_the_sampler_s_states(estimator: Literal["k1", "k3"]) -> None:
    """E_old[grad (rho k)] = sum over s of d_old(s) grad sum_a pi_a k_a = grad KL_s(pi, ref), on policy and off."""
    weighted = Penalty(estimator, importance=True)
    close(gradient_of(weighted), TOY.gradient(at_visited_states(forward)))
    old = TOY.another(seed=5)
    close(gradient_of(weighted, sampled_from=old), TOY.gradient(at_visited_states(forward, visitor=old)))


@pytest.mark.parametrize("importance, kl", [(False, backward), (True, forward)])
def test_the_penalty_of_grpo_s_kin(importance: bool, kl: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Through Dr. GRPO, whose sum over a constant length adds no bias of its own: (G-1)/G grad J and the penalty."""
    algorithm = DrGRPO(length=1, kl_coef=0.2, kl_importance=importance)
    expected = TOY.gradient(-TOY.objective(0) / 2 + 0.2 * at_visited_states(kl))
    close(gradient_of(algorithm, 2), expected)


def test_the_penalty_of_reinforce_pp_over_a_group_s_mean() -> None:
    """k2, alone where a group has one member; over the two tokens that every completion has here."""
    toy = Toy(ends=False)
    reference = toy.another(seed=11)
    actual = toy.gradient(toy.expected_loss(ReinforcePP(baseline="group_mean", kl_coef=0.2), 1, reference=reference))
    close(actual, toy.gradient(0.2 / 2 * at_visited_states(forward, toy=toy, reference=reference)))


def test_a_reference_equal_to_the_policy_pulls_nowhere() -> None:
    for algorithm in (Penalty("k2"), Penalty("k3"), Penalty("k3", importance=True)):
        assert float(TOY.gradient(TOY.expected_loss(algorithm, 1)).abs().max()) < 1e-12
    same = dataclasses.replace(TOY.rows, old_logprobs=TOY.logprobs().detach(), ref_logprobs=TOY.logprobs().detach())
    assert torch.equal(kl_in_reward(same, 5.0).token_rewards, same.token_rewards)
