"""What `python -m rlvr.lab` can show: each experiment draws one picture and returns its numbers, one a run."""

import functools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from rlvr.lab import figures, worlds
from rlvr.lab.control import learn_q
from rlvr.lab.decision_transformer import DecisionTransformer, ask, small_backbone, train
from rlvr.lab.dqn import dqn
from rlvr.lab.episodes import Episodes, play, sampling
from rlvr.lab.methods import METHODS
from rlvr.lab.planning import action_values, evaluate_policy, greedy, read_model, uniform, value_iteration

#: picture, seed, runs -> numbers
Experiment: TypeAlias = Callable[[Path, int, int], dict[str, list[float]]]


def values(world: worlds.World, gamma: float, picture: Path, seed: int, runs: int) -> dict[str, list[float]]:
    """The largest error of every method's values on one world."""
    panels = {}
    for name, learn in METHODS.items():
        learned = learn(world, gamma, seed)
        panels[name] = (value_iteration(read_model(world), gamma, learned.epsilon)[world.live], learned.values[world.live])
    names = [world.names[s] for s in world.live]
    figures.beside(picture, f"Values of the best policy, gamma {gamma}", names, panels)
    return {name: [float((truth - learned).abs().max())] for name, (truth, learned) in panels.items()}


def cliff(picture: Path, seed: int, runs: int) -> dict[str, list[float]]:
    """Mean return of the last 100 of 500 episodes, at Sutton and Barto's rate of 0.5 and exploration of 0.1."""
    model, earned = read_model(worlds.cliff()), {}
    for method in ("sarsa", "q_learning"):
        learn = functools.partial(learn_q, worlds.cliff(), method, gamma=1.0, episodes=500, rate=lambda visits: 0.5)
        earned[method] = torch.tensor([learn(seed=seed * runs + run)[1] for run in range(runs)])
    edge = greedy(action_values(model, value_iteration(model, 1.0), 1.0), epsilon=0.1)
    truth = {"best path of who explores": float(value_iteration(model, 1.0, epsilon=0.1)[36])}
    truth["shortest path, exploring"] = float(evaluate_policy(model, edge, 1.0)[36])
    smooth = {name: returns.unfold(1, 25, 25).mean(dim=2) for name, returns in earned.items()}
    figures.curves(picture, "Cliff walk", ("episode", "return, mean of 25"), range(12, 500, 25), smooth, truth)
    return {name: returns[:, -100:].mean(dim=1).tolist() for name, returns in earned.items()}


#: What is left out of deep Q-learning; steps, updates and batch stay the same.
VARIANTS: dict[str, dict[str, Any]] = {
    "DQN": {},
    "Double DQN": {"double": True},
    "no target network": {"copy_every": 1},
    "no replay": {"capacity": 32},
}


def deep_q(picture: Path, seed: int, runs: int, steps: int = 4000) -> dict[str, list[float]]:
    """Error of Q (root mean square over states and actions) at the end; the picture has all of training."""
    world, gamma, points = worlds.grid(("....+", ".##..", "....."), slip=0.0), 0.95, steps // 40
    model = read_model(world)
    truth = action_values(model, value_iteration(model, gamma), gamma)[world.live]
    places = torch.tensor([[s // 5 / 2, s % 5 / 4] for s in range(len(world.P))])  # coordinates: what is near is alike
    errors = {name: torch.zeros(runs, 40) for name in VARIANTS}

    def watch(row: Tensor, step: int, network: nn.Module) -> None:
        if (step + 1) % points == 0:
            with torch.no_grad():
                row[step // points] = (network(places[world.live]) - truth).square().mean().sqrt()

    for name, options in VARIANTS.items():
        for run in range(runs):
            options = {"watch": functools.partial(watch, errors[name][run]), "seed": seed * runs + run, **options}
            dqn(world, gamma=gamma, steps=steps, encode=places.__getitem__, **options)
    x = range(points, steps + 1, points)
    figures.curves(picture, "Deep Q-learning on a grid", ("step", "error of Q"), x, errors, {"truth": 0.0})
    return {name: rows[:, -1].tolist() for name, rows in errors.items()}


def treasures() -> worlds.World:
    """The nearest treasure is not the best one: 0.36 at once, 0.86 for who walks on."""
    return worlds.grid(("4...", ".##.", "S...", ".#..", "...+"), slip=0.0, step_reward=-0.02)


def mixed_data(world: worlds.World, episodes: int, seed: int) -> Episodes:
    """Episodes of three players: one acts at random, one is short-sighted, one good; none without mistakes."""
    model, players = read_model(world), []
    for gamma, epsilon in ((0.0, 1.0), (0.6, 0.3), (0.6, 0.3), (1.0, 0.2)):
        players.append(sampling(greedy(action_values(model, value_iteration(model, gamma), gamma), epsilon)))

    def act(state: int, rng: random.Random) -> int:
        nonlocal player
        player = rng.choice(players) if world.steps == 0 else player
        return player(state, rng)

    player = players[0]
    return play(world, act, episodes, seed)


def decision(picture: Path, seed: int, runs: int) -> dict[str, list[float]]:
    """The mean return of 50 episodes when asked for less and for more, beside behaviour cloning of the same data."""
    world = treasures()
    asked = [0.1, 0.2, 0.28, 0.36, 0.6, float(value_iteration(read_model(world), 1.0)[world.start[0]])]
    reached = {name: torch.zeros(runs, len(asked)) for name in ("Decision Transformer", "behaviour cloning")}
    for run in range(runs):
        noise = seed * runs + run
        data = mixed_data(world, 1500, noise)
        for name, rows in reached.items():
            model = DecisionTransformer(small_backbone(seed=noise), world, blind=name == "behaviour cloning")
            train(model, data, updates=500, rate=2e-3, seed=noise)
            rows[run] = torch.tensor([sum(ask(model, world, a, episodes=50, seed=noise)) / 50 for a in asked])
    labels = ("return asked for", "return reached")
    figures.curves(picture, "Asked for a return", labels, asked, reached, {"the best return": asked[-1]})
    return {f"{name}, asked {a:.2f}": rows[:, i].tolist() for name, rows in reached.items() for i, a in enumerate(asked)}


EXPERIMENTS: dict[str, Experiment] = {
    "chain": functools.partial(values, worlds.chain(), 0.9),
    "grid": functools.partial(values, worlds.grid(), 0.9),
    "tokens": functools.partial(values, worlds.token_world(), 0.9),
    "cliff": cliff,
    "dqn": deep_q,
    "decision": decision,
}
