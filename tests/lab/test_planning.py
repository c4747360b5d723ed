"""Dynamic programming against published and hand-made numbers."""

from __future__ import annotations

import gymnasium
import pytest
import torch

from rlvr.lab.planning import (
    action_values,
    evaluate_policy,
    greedy,
    policy_iteration,
    read_model,
    uniform,
    value_iteration,
)
from rlvr.lab.worlds import chain, cliff, grid, token_world

#: Russell and Norvig, Artificial Intelligence: A Modern Approach, the 4 x 3 world: gamma 1, a step of -0.04.
AIMA = grid(("...+", ".#.-", "...."), slip=0.2, step_reward=-0.04)
UTILITIES = [0.812, 0.868, 0.918, 0.762, 0.660, 0.705, 0.655, 0.611, 0.388]


def test_the_published_utilities_of_a_grid() -> None:
    model = read_model(AIMA)
    assert value_iteration(model, 1.0)[AIMA.live].tolist() == pytest.approx(UTILITIES, abs=6e-4)
    values, policy = policy_iteration(model, 1.0)
    assert values[AIMA.live].tolist() == pytest.approx(UTILITIES, abs=6e-4)
    arrows = ["^>v<"[a] for a in policy.argmax(dim=1)[AIMA.live]]
    assert "".join(arrows) == ">>>^^^<<<"


def test_a_chain_by_hand() -> None:
    # Without slips and with gamma 0.9 each step away from the right end costs a factor: 0.81, 0.9, 1
    model = read_model(chain(length=3, slip=0.0, left=0.0))
    assert value_iteration(model, 0.9).tolist() == pytest.approx([0, 0.81, 0.9, 1, 0])
    # the random walk of Sutton and Barto's example 6.2: 1/6 to 5/6
    walk = read_model(chain(length=5, left=0.0))
    assert evaluate_policy(walk, uniform(walk), 1.0)[1:-1].tolist() == pytest.approx([k / 6 for k in range(1, 6)])


@pytest.mark.parametrize("world", [chain(), grid(), token_world()], ids=["chain", "grid", "tokens"])
def test_both_iterations_agree(world: object) -> None:
    model = read_model(world)
    values, policy = policy_iteration(model, 0.9)
    torch.testing.assert_close(value_iteration(model, 0.9), values, rtol=0, atol=1e-10)
    torch.testing.assert_close(evaluate_policy(model, policy, 0.9), values, rtol=0, atol=1e-10)
    assert bool((action_values(model, values, 0.9).amax(dim=1) <= values + 1e-10).all())


def test_the_best_of_those_that_explore() -> None:
    """Value iteration with an epsilon is that of some policy that explores, and no smaller than any greedy one's."""
    model = read_model(cliff())
    soft = value_iteration(model, 1.0, epsilon=0.1)
    policy = greedy(action_values(model, soft, 1.0), epsilon=0.1)
    torch.testing.assert_close(evaluate_policy(model, policy, 1.0), soft, rtol=0, atol=1e-8)
    short = greedy(action_values(model, value_iteration(model, 1.0), 1.0), epsilon=0.1)
    assert float(evaluate_policy(model, short, 1.0)[36]) < float(soft[36]) - 10


def test_the_best_text_is_worth_what_the_verifier_pays() -> None:
    world = token_world()
    values = dict(zip(world.names, value_iteration(read_model(world), 1.0).tolist(), strict=True))
    # "3" can still become 33; "331" is already 7, and nothing mends it
    assert values[""] == values["3"] == values["33"] == values["123"] == 1.0 and values["331"] == 0.0


def test_gymnasiums_own_tables() -> None:
    env = gymnasium.make("FrozenLake-v1", is_slippery=False)
    values = value_iteration(read_model(env), 0.9)
    assert float(values[0]) == pytest.approx(0.9**5)  # six steps to the goal
