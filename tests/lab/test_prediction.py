"""Values of a policy: the lectures' numbers, both views of TD(lambda), and the truth of a random policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlvr.lab.episodes import Episodes, play, sampling
from rlvr.lab.planning import evaluate_policy, read_model, uniform
from rlvr.lab.prediction import Target, monte_carlo, n_step, predict, sweep, td_lambda
from rlvr.lab.traces import td_traces
from rlvr.lab.worlds import World, chain, grid


def episode(states: list[int], rewards: list[float], terminated: bool = True) -> Episodes:
    """One episode through `states`, the last of which comes after the last reward."""
    steps = torch.tensor([states[:-1]])
    ones = torch.ones_like(steps, dtype=torch.bool)
    earned = torch.tensor([rewards], dtype=torch.float64)
    return Episodes(steps, torch.zeros_like(steps), earned, ones, torch.tensor(states[-1:]), torch.tensor([terminated]))


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_ride() -> None:
    """30 minutes are expected; 10 are over and 18 are left: the target is 28, and alpha says how far V follows."""
    ride, expected = episode([0, 1], [10.0], terminated=False), numbers(30, 18)
    # 10 + 18
    assert n_step(1)(ride, expected, 1.0).item() == 28.0
    # 30 + 0.5 (28 - 30)
    assert sweep(expected, ride, n_step(1), 1.0, alpha=0.5).tolist() == [29.0, 18.0]
    assert td_traces(expected, ride, 1.0, 0.0, alpha=0.5).tolist() == [29.0, 18.0]


def test_the_critic_moves_towards_the_mean_of_two_episodes() -> None:
    """V = 10, then returns of 15 and 7: advantages 5 and -3, and the critic goes towards (15 + 7) / 2 = 11."""
    two = Episodes(
        torch.zeros(2, 1, dtype=torch.long), torch.zeros(2, 1, dtype=torch.long), numbers(15, 7).unsqueeze(1),
        torch.ones(2, 1, dtype=torch.bool), torch.ones(2, dtype=torch.long), torch.tensor([True, True]),
    )  # fmt: skip
    assert (monte_carlo(two, numbers(10, 0), 1.0) - 10).flatten().tolist() == [5.0, -3.0]
    assert sweep(numbers(10, 0), two, monte_carlo, 1.0)[0] == 11.0
    # a smaller step stops between: 10 + 0.1 (5 - 3)
    assert sweep(numbers(10, 0), two, monte_carlo, 1.0, alpha=0.1)[0] == pytest.approx(10.2)


@pytest.mark.parametrize("steps, expected", [(1, 5.42), (2, 5.78)])
def test_one_and_two_steps_of_the_notes(steps: int, expected: float) -> None:
    # 5 + 0.1 (2 + 0.9 * 8 - 5) and 5 + 0.1 (2 + 0.9 * 3 + 0.81 * 10 - 5)
    walked = episode([0, 1, 2], [2.0, 3.0], terminated=False)
    values = sweep(numbers(5, 8, 10), walked, n_step(steps), 0.9, alpha=0.1)
    assert values[0] == pytest.approx(expected)


def random_walks(world: World, seed: int) -> Episodes:
    world.limit = 12  # some episodes end, some are cut off
    return play(world, sampling(uniform(read_model(world))), 20, seed)


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("gamma", [0.9, 1.0])
@pytest.mark.parametrize("make", [chain, grid])
def test_forward_view_and_traces_are_one(make: Callable[[], World], gamma: float, decay: float) -> None:
    world = make()
    for seed in range(3):
        episodes = random_walks(world, seed)
        assert episodes.terminated.any() and not episodes.terminated.all()
        values = torch.randn(len(world.P), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        forward = sweep(values, episodes, td_lambda(decay), gamma, alpha=0.1)
        backward = td_traces(values, episodes, gamma, decay, alpha=0.1)
        assert float((forward - backward).abs().max()) < 1e-9
        # and the comparison can fail: online updates are another algorithm, and so is another lambda
        online = td_traces(values, episodes, gamma, decay, alpha=0.1, online=True)
        assert float((forward - online).abs().max()) > 1e-3
        assert float((forward - td_traces(values, episodes, gamma, decay - 0.1, alpha=0.1)).abs().max()) > 1e-3


TARGETS = {"Monte Carlo": monte_carlo, "TD(0)": n_step(1), "4-step": n_step(4), "TD(0.9)": td_lambda(0.9)}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("make", [chain, grid])
def test_the_value_of_acting_at_random(make: Callable[[], World], target: Target) -> None:
    world = make()
    model = read_model(world)
    world.limit = 40  # some are cut off: their last returns would be too small, were it not for V of what follows
    episodes = play(world, sampling(uniform(model)), 12_000, seed=1)
    learned = predict(target, episodes, len(world.P), gamma=0.8)
    truth = evaluate_policy(model, uniform(model), 0.8)
    assert float((learned - truth).abs().max()) < 1e-2
