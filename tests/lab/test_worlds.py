"""The worlds: Gymnasium's interface, its own tables, and tables by hand."""

from __future__ import annotations

import gymnasium
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from rlvr.lab.episodes import encoder, play, sampling
from rlvr.lab.planning import read_model, uniform
from rlvr.lab.worlds import chain, cliff, grid, token_world

WORLDS = {"chain": chain, "grid": grid, "cliff": cliff, "tokens": token_world}


@pytest.mark.parametrize("name", WORLDS)
def test_gymnasium_accepts_it(name: str) -> None:
    check_env(WORLDS[name](), skip_render_check=True)


@pytest.mark.parametrize("name", WORLDS)
def test_every_row_of_the_table_is_a_distribution_over_states(name: str) -> None:
    world = WORLDS[name]()
    for actions in world.P:
        for outcomes in actions:
            assert sum(chance for chance, *_ in outcomes) == pytest.approx(1.0)
            assert all(0 <= following < len(world.P) for _, following, _, _ in outcomes)
    assert len(world.names) == len(world.P) == world.observation_space.n


def test_the_cliff_is_gymnasiums() -> None:
    """Wherever one can stand: Gymnasium's table also has rows for the cliff and the goal."""
    theirs, ours = gymnasium.make("CliffWalking-v1").unwrapped, cliff()
    assert len(ours.live) == 37
    for state in ours.live:
        for action in range(4):
            assert [tuple(map(float, o)) for o in theirs.P[state][action]] == [
                tuple(map(float, o)) for o in ours.P[state][action]
            ]


def test_steps_of_the_chain() -> None:
    world = chain(length=3, slip=0.1)
    assert world.live == [1, 2, 3]
    # from 3 to the right: 1 at the end with 0.9, back to 2 with 0.1
    assert world.P[3][1] == [(0.9, 4, 1.0, True), (0.1, 2, 0.0, False)]
    assert world.P[1][0] == [(0.9, 0, 0.2, True), (0.1, 2, 0.0, False)]


def test_a_slip_on_the_grid_goes_to_a_side_and_walls_stop() -> None:
    world = grid(("..", "#+"), slip=0.2, step_reward=-0.1)
    # right from the corner; its sides are up (a wall of the map: stay) and down (a wall: stay)
    assert world.P[0][1] == [(0.8, 1, -0.1, False), (0.1, 0, -0.1, False), (0.1, 0, -0.1, False)]
    # down from the other corner reaches the end; its sides are left and right
    assert world.P[1][2] == [(0.8, 3, 0.9, True), (0.1, 0, -0.1, False), (0.1, 1, -0.1, False)]


def test_draws_follow_the_table() -> None:
    world = chain(length=3, slip=0.25)
    world.reset(seed=0)
    slipped = 0
    for _ in range(4000):
        world.state = 2
        slipped += world.step(1)[0] == 1
    assert slipped / 4000 == pytest.approx(0.25, abs=0.03)  # four standard errors of 0.007


def test_an_episode_is_cut_off_and_its_last_state_keeps_its_value() -> None:
    world = grid(("..+",), slip=0.0)
    world.limit = 3
    stay = sampling(torch.tensor([[1.0, 0.0, 0.0, 0.0]] * 3))
    episodes = play(world, stay, 2, seed=0)
    assert episodes.mask.sum(dim=1).tolist() == [3, 3] and not episodes.terminated.any()


def test_the_token_world_is_a_language_model_with_a_verifier() -> None:
    world = token_world("12.", length=3, reward=lambda text: float(text in ("21", "222")))
    assert world.names == ["", "1", "2", "11", "12", "21", "22", "end"]
    earned = {}
    for a in range(3):
        for b in range(3):
            for c in range(3):
                world.reset(seed=0)
                text, total, over = "", 0.0, False
                for token in (a, b, c):
                    if not over:
                        state, reward, over, _, _ = world.step(token)
                        total += reward
                        text += "12."[token]
                        assert over or world.names[state] == text
                earned[text] = total
    assert {text for text, total in earned.items() if total} == {"21.", "222"}
    assert len(earned) == 1 + 2 + 4 + 8  # every text ends with a dot or at three tokens


def test_the_same_seed_plays_the_same_episodes() -> None:
    world = grid()
    act = sampling(uniform(read_model(world)))
    one, two, other = (play(world, act, 20, seed) for seed in (1, 1, 2))
    assert torch.equal(one.states, two.states) and torch.equal(one.rewards, two.rewards)
    assert one.states.shape != other.states.shape or not torch.equal(one.states, other.states)


def test_transitions_are_those_that_happened() -> None:
    world = chain(length=4, slip=0.3)
    world.limit = 6
    episodes = play(world, sampling(uniform(read_model(world))), 50, seed=0)
    assert episodes.terminated.any() and not episodes.terminated.all()
    s, a, r, following, over = episodes.transitions()
    assert len(s) == int(episodes.mask.sum())
    for step in zip(s.tolist(), a.tolist(), r.tolist(), following.tolist(), over.tolist(), strict=True):
        possible = [(f, reward, end) for _, f, reward, end in world.P[step[0]][step[1]]]
        assert (step[3], step[2], step[4]) in possible


def test_observations_of_other_environments_are_vectors() -> None:
    env = gymnasium.make("CartPole-v1")
    episodes = play(env, lambda state, rng: rng.randrange(2), 3, seed=0)
    assert episodes.states.shape[2] == 4 and episodes.final.shape == (3, 4)
    assert encoder(env.observation_space)(episodes.states).shape == episodes.states.shape
    assert encoder(env.action_space)(episodes.actions).shape == (*episodes.actions.shape, 2)
