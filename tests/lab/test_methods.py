"""Every method on the chain and the grid, against dynamic programming."""

from __future__ import annotations

import pytest

from rlvr.lab.methods import METHODS
from rlvr.lab.planning import evaluate_policy, policy_iteration, read_model, value_iteration
from rlvr.lab.worlds import chain, grid

GAMMA = 0.9


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("make", [chain, grid])
def test_it_finds_the_truth(name: str, make: type) -> None:
    world = make()
    model = read_model(world)
    learned = METHODS[name](world, GAMMA, 0)
    truth = value_iteration(model, GAMMA, learned.epsilon)
    assert float((learned.values - truth)[world.live].abs().max()) < 1e-2
    # Acting greedily on what was learned is worth as much as the best there is, exactly.
    best, _ = policy_iteration(model, GAMMA)
    assert float((evaluate_policy(model, learned.policy, GAMMA) - best).abs().max()) < 1e-9
