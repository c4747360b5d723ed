"""The Decision Transformer: what it may see, what it is asked, and whether it does as asked."""

from __future__ import annotations

import random
from typing import Any

import gymnasium
import numpy
import pytest
import torch
from gymnasium import spaces
from transformers import AutoModelForCausalLM

from rlvr.lab.decision_transformer import DecisionTransformer, ask, small_backbone, train
from rlvr.lab.episodes import play
from rlvr.lab.planning import read_model, value_iteration
from tests import tiny
from tests.bench.lab import learned, mixed_data, treasures


@pytest.fixture
def model() -> DecisionTransformer:
    return DecisionTransformer(small_backbone(), treasures(), context=4)


def window(model: DecisionTransformer, steps: int = 4) -> list[torch.Tensor]:
    noise = torch.Generator().manual_seed(0)
    states = torch.nn.functional.one_hot(torch.randint(20, (1, steps), generator=noise), 20).float()
    actions = torch.nn.functional.one_hot(torch.randint(4, (1, steps), generator=noise), 4).float()
    return [torch.rand(1, steps, generator=noise), states, actions, torch.arange(steps).unsqueeze(0)]


@torch.no_grad()
def test_an_action_is_predicted_before_it_is_seen(model: DecisionTransformer) -> None:
    parts = window(model)
    before = model(*parts)
    for position in range(4):
        for which, first in ((0, position), (1, position), (2, position + 1)):
            changed = [part.clone() for part in parts]
            changed[which][0, position] = changed[which][0, position].flip(-1) if which else 5.0
            moved = (model(*changed) - before).abs().amax(dim=(0, 2)) > 1e-6
            # a return or a state is seen from its own step on, an action from the next
            assert moved.tolist() == [t >= first for t in range(4)], (which, position)


@torch.no_grad()
def test_the_three_tokens_of_a_step_share_the_embedding_of_its_time(model: DecisionTransformer) -> None:
    parts, seen = window(model), []
    model.norm.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    model(*parts)
    model(*parts[:3], parts[3] + 7)
    moved = (seen[1] - seen[0]).view(4, 3, -1)
    expected = model.embed_time.weight[7:11] - model.embed_time.weight[:4]
    torch.testing.assert_close(moved, expected.unsqueeze(1).expand_as(moved))


class Corridor(gymnasium.Env):
    """Ten steps, each of which earns its number; written against Gymnasium alone."""

    observation_space, action_space = spaces.Box(0.0, 20.0, (1,)), spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[numpy.ndarray, dict]:
        super().reset(seed=seed)
        self.time = 0
        return numpy.zeros(1, numpy.float32), {}

    def step(self, action: int) -> tuple[numpy.ndarray, float, bool, bool, dict]:
        self.time += 1
        return numpy.full(1, self.time, numpy.float32), float(self.time), self.time == 10, False, {}


def test_it_is_asked_for_what_is_left_and_remembers_the_last_steps() -> None:
    model = DecisionTransformer(small_backbone(), Corridor(), context=3)
    seen: list[Any] = []
    model.register_forward_pre_hook(lambda module, inputs: seen.append([part[0].clone() for part in inputs]))
    assert ask(model, Corridor(), 100.0, episodes=1) == [55.0]
    returns, states, _, times = zip(*seen, strict=True)
    # 100, then less 1, less 2, ...
    assert [r[-1].item() for r in returns] == [100, 99, 97, 94, 90, 85, 79, 72, 64, 55]
    assert [len(r) for r in returns] == [1, 2, 3, 3, 3, 3, 3, 3, 3, 3]
    # counting the window's length instead would say 2 for ever, from the fourth step on
    assert [t.tolist() for t in times][-2:] == [[6, 7, 8], [7, 8, 9]]
    assert [s[-1].item() for s in states] == list(range(10))


class Reach(gymnasium.Env):
    """One number is chosen three times, and the return is minus the squared distance of each from 0.7."""

    observation_space, action_space = spaces.Box(-10.0, 10.0, (1,)), spaces.Box(-2.0, 2.0, (1,))

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[numpy.ndarray, dict]:
        super().reset(seed=seed)
        self.time = 0
        return numpy.zeros(1, numpy.float32), {}

    def step(self, action: numpy.ndarray) -> tuple[numpy.ndarray, float, bool, bool, dict]:
        self.time += 1
        return numpy.full(1, self.time, numpy.float32), -((float(action[0]) - 0.7) ** 2), self.time == 3, False, {}


def test_continuous_actions_are_regressed() -> None:
    """Below 0.7 an episode's return says how large its actions are on the whole: from none to three times 1.44."""

    def act(state: numpy.ndarray, rng: random.Random) -> numpy.ndarray:
        nonlocal level
        level = rng.uniform(-0.5, 0.7) if state[0] == 0 else level
        return numpy.array([level], numpy.float32)

    level = 0.0
    data = play(Reach(), act, 400, seed=0)
    model = DecisionTransformer(small_backbone(width=32), Reach(), context=3)
    last = train(model, data, updates=200)
    assert last < 0.02  # the actions' variance is 0.12
    good, bad = (ask(model, Reach(), target, episodes=1)[0] for target in (0.0, -2.0))
    assert good > -0.1 and -2.4 < bad < -1.6


def test_it_does_as_it_is_asked_and_better_than_it_was_shown() -> None:
    """One seed of tests/bench/lab.py, which has more."""
    world = treasures()
    best = float(value_iteration(read_model(world), 1.0)[world.start[0]])
    data = mixed_data(world, 3000, seed=0)
    transformer, cloning = (learned(world, data, blind=blind, seed=0) for blind in (False, True))

    def reached(model: DecisionTransformer, target: float) -> float:
        return sum(ask(model, world, target, episodes=40)) / 40

    assert best == pytest.approx(0.9)
    assert reached(transformer, best) >= 0.95 * best
    assert reached(cloning, best) < reached(transformer, best) - 0.3
    assert reached(transformer, 0.36) == pytest.approx(0.36, abs=0.1)


def test_a_language_model_becomes_one_and_keeps_its_language() -> None:
    """With the auxiliary loss the text is learned beside the actions, without it the text's loss stays."""
    text = torch.arange(24).repeat(16, 1)
    world, losses = treasures(), {}
    data = mixed_data(world, 100, seed=0)
    for coef in (0.0, 1.0):
        backbone = AutoModelForCausalLM.from_pretrained(tiny.checkpoint())
        model = DecisionTransformer(backbone, world, context=4)
        start = float(model.language_loss(text).detach())
        assert start == pytest.approx(float(backbone(text, labels=text).loss.detach()), abs=1e-4)
        train(model, data, updates=60, batch=32, text=text, language_coef=coef)
        losses[coef] = float(model.language_loss(text).detach())
    assert losses[1.0] < start / 2 and losses[0.0] > 0.8 * start
