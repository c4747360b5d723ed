"""Estimators whose expectation is the gradient of the expected return, or a known part of it, exactly."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlvr.algorithms.a2c import A2C
from rlvr.algorithms.dr_grpo import DrGRPO
from rlvr.algorithms.reinforce import Reinforce
from rlvr.algorithms.rloo import RLOO
from tests.algorithms.exact.toy import PROMPTS, Toy, close

PLAIN, STEPS = Toy(longest=3), Toy(longest=3).with_step_rewards()


@pytest.mark.parametrize("toy", [PLAIN, STEPS], ids=["outcome", "steps"])
def test_the_toy_is_complete_and_says_of_each_token_what_the_table_says(toy: Toy) -> None:
    assert len(toy.completions) == 1 + 2 + 4 * 3
    for prompt in range(PROMPTS):
        chances = toy.probabilities(prompt)
        assert float(chances.detach().sum()) == pytest.approx(1.0, abs=1e-12)
        rows = slice(prompt * len(chances), (prompt + 1) * len(chances))
        # two roads to the same numbers: the batch of the algorithms, and the table's own enumeration
        assert float((toy.logprobs()[rows].sum(dim=1).exp() - chances).detach().abs().max()) < 1e-12
        assert torch.equal(toy.token_rewards()[rows].sum(dim=1), toy.total_rewards(prompt))
    assert len({*toy.rewards[0].tolist()}) > 4


SETTINGS: list[tuple[str, Any, int, dict[str, Any]]] = [
    ("no baseline", Reinforce(baseline="none"), 1, {}),
    ("no baseline, two completions", Reinforce(baseline="none"), 2, {}),
    # any number that earlier iterations left behind
    ("running mean", Reinforce(baseline="running_mean"), 2, {"state": {"reward_sum": 3.0, "reward_count": 4.0}}),
    ("a state's value, wrong as it is", Reinforce(baseline="value"), 1, {}),
    ("RLOO", RLOO(), 2, {}),
    ("actor-critic, GAE", A2C(aggregation="sequence_sum"), 1, {}),
    ("actor-critic, TD(lambda)", A2C(estimator="td_lambda", aggregation="sequence_sum"), 1, {}),
    ("actor-critic, as many steps as there are", A2C(estimator="n_step", n=3, aggregation="sequence_sum"), 2, {}),
]


@pytest.mark.parametrize("toy", [PLAIN, STEPS], ids=["outcome", "steps"])
@pytest.mark.parametrize("algorithm, size, options", [s[1:] for s in SETTINGS], ids=[s[0] for s in SETTINGS])
def test_unbiased(algorithm: Any, size: int, options: dict[str, Any], toy: Toy) -> None:
    """E[sum over a completion's tokens of A_t grad log pi] = grad E[return]; losses descend, hence the minus."""
    actual = toy.gradient(toy.expected_loss(algorithm, size, **options))
    close(actual, toy.gradient(-toy.objective(0)))


def test_rloo_of_four() -> None:
    toy = Toy(symbols=2, longest=3)
    close(toy.gradient(toy.expected_loss(RLOO(), 4)), toy.gradient(-toy.objective(0)))


def test_two_prompts_are_averaged() -> None:
    toy = Toy(symbols=2, longest=3)
    actual = toy.gradient(toy.expected_loss(RLOO(), 2, prompts=(0, 1)))
    close(actual, toy.gradient(-(toy.objective(0) + toy.objective(1)) / 2))


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("toy", [Toy(symbols=2, longest=3), Toy(symbols=2, longest=3).with_step_rewards()])
def test_the_group_s_own_mean_leaves_all_but_one_gth(size: int, toy: Toy) -> None:
    """b = mean of R_1 ... R_G contains R_i / G: E[b s_i] = grad J / G, as E[R_j s_i] = 0; with returns from t too."""
    actual = toy.gradient(toy.expected_loss(Reinforce(baseline="group_mean"), size))
    close(actual, (size - 1) / size * toy.gradient(-toy.objective(0)))


def test_the_batch_s_own_mean_leaves_all_but_one_bth() -> None:
    """Two prompts with two completions each: B = 4, whatever prompt the others belong to."""
    toy = Toy(symbols=2, longest=3)
    actual = toy.gradient(toy.expected_loss(Reinforce(baseline="batch_mean"), 2, prompts=(0, 1)))
    close(actual, 3 / 4 * toy.gradient(-(toy.objective(0) + toy.objective(1)) / 2))


@pytest.mark.parametrize("size, length", [(2, 3), (3, 3), (2, 50)])
def test_dr_grpo_is_the_gradient_but_for_a_constant(size: int, length: int) -> None:
    """A sum over a constant length, and the group's own mean: (G - 1) / (G length)."""
    toy = Toy(symbols=2, longest=3)
    actual = toy.gradient(toy.expected_loss(DrGRPO(length=length), size))
    expected = (size - 1) / (size * length) * toy.gradient(-toy.objective(0))
    close(actual * length, expected * length)
