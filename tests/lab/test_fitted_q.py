"""Q by counts of a data set."""

from __future__ import annotations

import torch

from rlvr.lab.episodes import Episodes
from rlvr.lab.fitted_q import fitted_q


def test_what_nobody_did_is_unknown_and_not_worth_nothing() -> None:
    """Two episodes 0 -> 1 -> end, always by action 0, earning -1 and then -2 or -4; nobody tried action 1."""
    steps, ones = torch.tensor([[0, 1], [0, 1]]), torch.ones(2, 2, dtype=torch.bool)
    rewards = torch.tensor([[-1.0, -2.0], [-1.0, -4.0]], dtype=torch.float64)
    data = Episodes(steps, torch.zeros_like(steps), rewards, ones, torch.tensor([2, 2]), torch.tensor([True, True]))
    q = fitted_q(data, states=3, actions=2, gamma=0.5)
    # Q(1, 0) = (-2 - 4) / 2 = -3, Q(0, 0) = -1 + 0.5 * -3 = -2.5; with 0 for the unknown V(1) would be 0
    assert q[0, 0] == -2.5 and q[1, 0] == -3.0
    assert torch.isinf(q[:2, 1]).all()


def test_what_was_cut_off_has_a_future() -> None:
    """One state that goes on for ever at 1 a step, seen for one step: 1 / (1 - 0.5) = 2, and 1 where that ended it."""
    for over, worth in ((False, 2.0), (True, 1.0)):
        steps = torch.zeros(1, 1, dtype=torch.long)
        ones = torch.ones(1, 1, dtype=torch.bool)
        data = Episodes(steps, steps, torch.ones(1, 1, dtype=torch.float64), ones, steps[0], torch.tensor([over]))
        assert abs(float(fitted_q(data, 1, 1, gamma=0.5)) - worth) < 1e-9
