"""Q-learning and SARSA: the cliff walk, environments of others, and one step by hand."""

from __future__ import annotations

import gymnasium
import pytest
import torch

from rlvr.lab.control import learn_q
from rlvr.lab.planning import greedy, read_model, value_iteration
from rlvr.lab.worlds import cliff, grid


def path(q: torch.Tensor) -> list[int]:
    """Where acting greedily leads from the start of the cliff walk."""
    world = cliff()
    state, _ = world.reset(seed=0)
    visited = [state]
    for _ in range(60):
        state, _, over, _, _ = world.step(int(q[state].argmax()))
        visited.append(state)
        if over:
            break
    return visited


def test_the_cliff_walk() -> None:
    """Sutton and Barto, example 6.6: Q-learning learns the short path along the edge, and falls off exploring."""
    # SARSA at the book's 0.5 earns as much, but its values shake: what is greedy at one moment may walk in circles.
    runs = [
        [learn_q(cliff(), method, gamma=1.0, episodes=500, rate=lambda n, r=rate: r, seed=seed) for seed in range(5)]
        for method, rate in (("q_learning", 0.5), ("sarsa", 0.1))
    ]
    short, safe = ([path(q) for q, _ in run] for run in runs)
    assert short == [[36, *range(24, 36), 47]] * 5  # up, eleven to the right, down: 13 steps
    for walk in safe:
        assert walk[-1] == 47 and len(walk) > 14
        assert len([s for s in walk if 24 < s < 35]) < 5  # mostly away from the edge
    learned, earned = ([sum(returns[-100:]) / 100 for _, returns in run] for run in runs)
    assert max(learned) < min(earned)  # worse in every run, though its policy is the better one
    assert sum(earned) / 5 > -40 > sum(learned) / 5


def test_with_the_exploration_in_its_truth_sarsa_is_right_too() -> None:
    """What each of them learns is what dynamic programming says of its own question."""
    model = read_model(cliff())
    assert value_iteration(model, 1.0)[36] == -13
    assert value_iteration(model, 1.0, epsilon=0.1)[36] < -17


@pytest.mark.parametrize("method, after", [("sarsa", (0.0, 1.0)), ("q_learning", (1.0,))])
def test_one_step_by_hand(method: str, after: tuple[float, ...]) -> None:
    """r + gamma next: of a world of two cells, where only the step right pays."""
    world = grid((".+",), slip=0.0)
    world.limit = 2
    q, _ = learn_q(world, method, gamma=0.5, episodes=300, epsilon=0.5, rate=lambda n: 1.0, seed=0)
    assert q[0, 1] == 1.0  # the end is worth nothing more
    # any other step stays: 0.5 times the value of what is done next, which for SARSA may be any action
    assert all(any(abs(float(q[0, a]) - 0.5 * v) < 0.26 for v in after) for a in (0, 2, 3))
    assert method == "sarsa" or q[0, 0] == 0.5


def test_an_environment_of_others() -> None:
    env = gymnasium.make("FrozenLake-v1", is_slippery=False)
    q, returns = learn_q(env, "q_learning", gamma=0.9, episodes=4000, epsilon=0.5, rate=lambda n: 0.5, seed=0)
    truth = value_iteration(read_model(env), 0.9)
    policy = greedy(q)
    assert float((policy * q).sum(dim=1)[0]) == pytest.approx(float(truth[0]), abs=1e-2)
    assert sum(returns) > 0
