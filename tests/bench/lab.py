"""What takes the lab minutes: deep Q-learning with parts left out, and the Decision Transformer, over several seeds.

    python tests/bench/lab.py --out runs/lab          # pictures and results.json; --seeds 5, --only dqn|decision

Every seed draws its own data, network and noise. Curves are medians in a band from the least to the most.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from rlvr.lab.decision_transformer import DecisionTransformer, ask, small_backbone, train
from rlvr.lab.dqn import dqn
from rlvr.lab.episodes import Episodes, play, sampling
from rlvr.lab.planning import action_values, greedy, read_model, value_iteration
from rlvr.lab.worlds import World, grid

#: What is left out of deep Q-learning; steps, updates and batch stay the same.
VARIANTS: dict[str, dict[str, Any]] = {
    "DQN": {},
    "Double DQN": {"double": True},
    "without target network": {"copy_every": 1},
    "without replay": {"capacity": 32},
}
#: name -> a grid, its discount, its reward for a step, the learning rate
GRIDS: dict[str, tuple[tuple[str, ...], float, float, float]] = {
    "long": ((".......+", ".##.....", "........"), 0.99, -1.0, 1e-2),
    "easy": (("....+", ".##..", "....."), 0.95, 0.0, 3e-3),
}


def curves(title: str, labels: tuple[str, str], x: Sequence[float], lines: Mapping[str, Tensor]) -> Any:
    """`lines[name] [runs, X]` as their median in a band from the least to the most."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axis = figure.subplots()
    for name, runs in lines.items():
        (line,) = axis.plot(x, runs.median(dim=0).values, label=name)
        axis.fill_between(x, runs.amin(dim=0), runs.amax(dim=0), alpha=0.15, color=line.get_color())
    axis.set(title=title, xlabel=labels[0], ylabel=labels[1])
    return figure, axis


def deep_q(out: Path, seeds: int, which: str, steps: int = 2000, points: int = 40) -> dict[str, list[float]]:
    """Error of Q, root mean square over states and actions, at the end and as the mean over training; one a seed."""
    rows, gamma, step_reward, rate = GRIDS[which]
    world, width = grid(rows, slip=0.0, step_reward=step_reward), len(rows[0])
    model = read_model(world)
    truth = action_values(model, value_iteration(model, gamma), gamma)[world.live]
    # Coordinates, not one-hot: what is learned of one cell changes its neighbours.
    places = torch.tensor([[s // width / (len(rows) - 1), s % width / (width - 1)] for s in range(len(world.P))])
    errors = {name: torch.zeros(seeds, points) for name in VARIANTS}

    def watch(row: Tensor, update: int, network: nn.Module) -> None:
        if update % (steps // points) == 0:
            with torch.no_grad():
                row[update * points // steps - 1] = (network(places[world.live]) - truth).square().mean().sqrt()

    for name, options in VARIANTS.items():
        for seed in range(seeds):
            settings = {"steps": steps, "rate": rate, "copy_every": 50, "epsilon": 0.2, **options}
            look = functools.partial(watch, errors[name][seed])
            dqn(world, gamma=gamma, encode=places.__getitem__, watch=look, seed=seed, **settings)
    x = [(point + 1) * steps / points for point in range(points)]
    title = f"Deep Q-learning, {which} grid: median and range of {seeds} seeds"
    figure, axis = curves(title, ("step", "error of Q"), x, errors)
    axis.set_yscale("log")
    axis.legend()
    figure.savefig(out / f"dqn_{which}.png", dpi=120)
    found = {f"{name}, at the end": rows[:, -1].tolist() for name, rows in errors.items()}
    return {**found, **{f"{name}, mean over training": rows.mean(dim=1).tolist() for name, rows in errors.items()}}


def treasures() -> World:
    """The nearest treasure is not the best one: 0.36 for who takes it at once, 0.9 for who walks past it."""
    return grid(("4...", ".##.", "S...", ".#..", "...+"), slip=0.0, step_reward=-0.02)


def mixed_data(world: World, episodes: int, seed: int) -> Episodes:
    """Episodes of four players: one acts at random, two are short-sighted, one is good; none without mistakes."""
    model, players = read_model(world), []
    for gamma, epsilon in ((0.0, 1.0), (0.6, 0.3), (0.6, 0.3), (1.0, 0.2)):
        players.append(sampling(greedy(action_values(model, value_iteration(model, gamma), gamma), epsilon)))
    player = players[0]

    def act(state: int, rng: random.Random) -> int:
        nonlocal player
        player = rng.choice(players) if world.steps == 0 else player
        return player(state, rng)

    return play(world, act, episodes, seed)


def learned(world: World, data: Episodes, *, blind: bool, seed: int, backbone: Any = None) -> DecisionTransformer:
    """A Decision Transformer of `data`, or with `blind` behaviour cloning by the same network and updates."""
    backbone = backbone or small_backbone(seed=seed)
    model = DecisionTransformer(backbone, world, context=4, scale=0.25, blind=blind)
    train(model, data, updates=600, seed=seed)
    return model


def decision(out: Path, seeds: int) -> dict[str, list[float]]:
    """The mean return of 100 episodes when asked for less and for more; one a seed."""
    world = treasures()
    best = float(value_iteration(read_model(world), 1.0)[world.start[0]])
    asked = [0.1, 0.2, 0.28, 0.36, 0.7, best]
    reached = {name: torch.zeros(seeds, len(asked)) for name in ("Decision Transformer", "behaviour cloning")}
    shown = []
    for seed in range(seeds):
        data = mixed_data(world, 3000, seed)
        shown.append(float(data.rewards.sum(dim=1).mean()))
        for name, rows in reached.items():
            model = learned(world, data, blind=name == "behaviour cloning", seed=seed)
            rows[seed] = torch.tensor([sum(ask(model, world, a, episodes=100, seed=seed)) / 100 for a in asked])
    title = f"Asked for a return: median and range of {seeds} seeds"
    figure, axis = curves(title, ("return asked for", "return reached"), asked, reached)
    axis.plot(asked, asked, "--", color="0.6", label="as asked")
    axis.axhline(best, linestyle=":", color="0.3", label="the best there is")
    axis.axhline(sum(shown) / seeds, linestyle=":", color="0.7", label="the data's mean")
    axis.legend()
    figure.savefig(out / "decision.png", dpi=120)
    found = {
        f"{name}, asked {a:.2f}": rows[:, i].tolist() for name, rows in reached.items() for i, a in enumerate(asked)
    }
    return {"the data's mean": shown, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/lab"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=("dqn", "decision"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    results: dict[str, Any] = {"seeds": options.seeds, "torch": torch.__version__}
    if options.only != "decision":
        results |= {f"dqn, {which} grid": deep_q(options.out, options.seeds, which) for which in GRIDS}
    if options.only != "dqn":
        results["decision"] = decision(options.out, options.seeds)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
