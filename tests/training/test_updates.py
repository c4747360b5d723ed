"""Optimizer steps: empty updates, master weights, schedules, broken gradients."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch

from rlvr.algorithms.base import Algorithm
from rlvr.algorithms.grpo import GRPO
from rlvr.algorithms.sft import SFT
from rlvr.config import load_recipe
from rlvr.core import Group
from rlvr.run import train_recipe
from rlvr.schema import TrainSection
from rlvr.training.batch import Batch, collate
from rlvr.training.checkpoint import Checkpoint
from rlvr.training.local_backend import LocalBackend
from rlvr.training.optimizer import MasterAdamW, learning_rate
from tests.tiny import group, llama, recipe, rollout

VOCABULARY = 30


def owner_of(dtype: str = "float32", total: int = 10, **train) -> LocalBackend:
    section = TrainSection(**{"lr": 1e-3, **train})
    return LocalBackend(llama(VOCABULARY, width=32), section, total_updates=total, dtype=dtype)


def credited(rewards: list[list[float | None]], algorithm: GRPO | None = None) -> Batch:
    rng = torch.Generator().manual_seed(0)
    groups: list[Group] = [
        group(i, [rollout(torch.randint(VOCABULARY, (3,), generator=rng).tolist(), r) for r in row])
        for i, row in enumerate(rewards)
    ]
    return (algorithm or GRPO()).credit(collate(groups, pad_id=0), {})


def update(owner: LocalBackend, algorithm: Algorithm, batch: Batch) -> dict[str, float]:
    """One update of an iteration that consists of `batch`."""
    return owner.update(algorithm, owner.add_inputs(batch, frozenset()))


LIVE = [[1.0, 0.0], [0.0, 1.0]]
DEAD = [[0.1, 0.1], [None, 1.0]]


def test_an_update_without_a_live_row_is_none_at_all() -> None:
    owner = owner_of(weight_decay=0.1, schedule="linear", total=10)
    first = update(owner, GRPO(), credited(LIVE))
    assert first["train/empty_updates"] == 0 and first["train/grad_norm"] > 0
    weights = [p.detach().clone() for p in owner.model.parameters()]
    moments = copy.deepcopy(owner.optimizer.adam.state_dict())
    empty = update(owner, GRPO(), credited(DEAD))
    assert empty["train/empty_updates"] == 1 and "train/grad_norm" not in empty
    # With decay 0.1 and moments that still move, a step would have changed every weight.
    assert all(torch.equal(a, b) for a, b in zip(weights, owner.model.parameters(), strict=True))
    after = owner.optimizer.adam.state_dict()
    for number, state in moments["state"].items():
        for key, value in state.items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(after["state"][number][key])), key
    # The schedule went on: update 2 of 10 on a line from 1e-3 to 0.
    third = update(owner, GRPO(), credited(LIVE))
    assert [u["train/lr"] for u in (first, empty, third)] == pytest.approx([1e-3, 0.9e-3, 0.8e-3])
    assert owner.updates == 3
    assert int(owner.optimizer.adam.state_dict()["state"][0]["step"]) == 2


def test_dead_rows_under_a_kl_term_are_trained() -> None:
    algorithm = GRPO(kl_coef=0.1)
    owner = owner_of()
    batch = owner.add_inputs(credited(DEAD, algorithm), frozenset({"old_logprobs"}))
    batch = Batch(**{f: getattr(batch, f) for f in batch.__slots__} | {"ref_logprobs": batch.old_logprobs - 0.5})
    metrics = update(owner, algorithm, batch)
    assert metrics["train/empty_updates"] == 0
    assert metrics["train/skipped_rows_rate"] == 0.25  # only the unjudged row
    assert metrics["train/grad_norm"] > 0


def test_the_share_of_saved_work_is_reported() -> None:
    metrics = update(owner_of(), GRPO(), credited([*LIVE, *DEAD]))
    assert metrics["train/skipped_rows_rate"] == 0.5
    metrics = update(owner_of(skip_dead_rows=False), GRPO(), credited([*LIVE, *DEAD]))
    assert metrics["train/skipped_rows_rate"] == 1 / 8


def test_a_gradient_that_is_not_finite_is_dropped_and_counted() -> None:
    owner = owner_of()
    batch = credited(LIVE)
    assert batch.advantages is not None
    batch.advantages[0] *= float("inf")
    before = [p.detach().clone() for p in owner.model.parameters()]
    metrics = update(owner, GRPO(), batch)
    assert metrics["train/skipped_updates"] == 1
    assert all(torch.equal(a, b) for a, b in zip(before, owner.model.parameters(), strict=True))
    assert update(owner, GRPO(), credited(LIVE))["train/skipped_updates"] == 0  # nothing of it remains


def test_master_weights_move_as_in_fp32() -> None:
    """100 steps of 1e-6 in bf16: pure bf16 would lose nearly all of each."""
    gradients = [torch.randn(64, 64, generator=torch.Generator().manual_seed(i)) * 1e-2 + 1e-2 for i in range(100)]
    moves = {}
    for dtype in (torch.float32, torch.bfloat16):
        torch.manual_seed(0)
        model = torch.nn.Linear(64, 64, bias=False)
        optimizer = MasterAdamW(model, dtype, (0.9, 0.999), 0.0)
        start = optimizer.masters[0].detach().clone()
        assert model.weight.dtype == dtype and start.dtype == torch.float32
        for gradient in gradients:
            (model.weight * gradient.to(dtype)).sum().backward()
            optimizer.step(1e-6, grad_clip=1e9)
        moves[dtype] = optimizer.masters[0].detach() - start
        assert torch.equal(model.weight, optimizer.masters[0].to(dtype))  # the copy is the rounded master
    ratio = moves[torch.bfloat16].abs().mean() / moves[torch.float32].abs().mean()
    assert abs(float(ratio) - 1) < 0.01
    assert float((moves[torch.bfloat16] - moves[torch.float32]).abs().mean() / moves[torch.float32].abs().mean()) < 0.01


def test_a_bf16_policy_moves_as_an_fp32_one() -> None:
    """The same through a whole model and loss: bf16 gradients are noisier, the mean move is not."""
    batch = collate([group(i, [rollout([3 * i + j for j in range(6)], 1.0)]) for i in range(4)], pad_id=0)
    moves = {}
    for dtype in ("float32", "bfloat16"):
        owner = owner_of(dtype, lr=1e-6)
        start = [m.detach().clone() for m in owner.optimizer.masters]
        for _ in range(100):
            update(owner, SFT(), batch)
        moves[dtype] = torch.cat(
            [(m.detach() - s).flatten() for m, s in zip(owner.optimizer.masters, start, strict=True)]
        )
    used = moves["float32"] != 0
    ratio = moves["bfloat16"][used].abs().mean() / moves["float32"][used].abs().mean()
    assert abs(float(ratio) - 1) < 0.01


def test_accumulation_in_bf16_is_in_fp32() -> None:
    """A gradient of 1 and 255 of 1/256 are 1.996; in bf16 each of the small ones would be lost."""
    model = torch.nn.Linear(4, 4, bias=False)
    optimizer = MasterAdamW(model, torch.bfloat16, (0.9, 0.999), 0.0)
    for size in (1.0, *([1 / 256] * 255)):
        (model.weight * size).sum().backward()
    assert optimizer.masters[0].grad is not None and model.weight.grad is None
    assert float(optimizer.masters[0].grad[0, 0]) == pytest.approx(1 + 255 / 256)


def test_decay_spares_norms_and_biases() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))
    optimizer = MasterAdamW(model, torch.float32, (0.9, 0.999), 0.5)
    start = [p.detach().clone() for p in model.parameters()]
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step(0.1, grad_clip=1.0)
    for before, after in zip(start, model.parameters(), strict=True):
        expected = before * (1 - 0.1 * 0.5) if before.dim() == 2 else before
        torch.testing.assert_close(after.detach(), expected)


def test_clipping_scales_the_whole_gradient() -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    optimizer = MasterAdamW(model, torch.float32, (0.9, 0.999), 0.0)
    model.weight.grad = torch.tensor([[3.0, 4.0]])
    seen = []
    optimizer.adam.step = lambda: seen.append(model.weight.grad.clone())  # type: ignore[method-assign, assignment]
    assert optimizer.step(0.1, grad_clip=1.0) == pytest.approx(5.0)  # the norm before clipping
    torch.testing.assert_close(seen[0], torch.tensor([[0.6, 0.8]]), rtol=1e-5, atol=1e-6)


def test_schedules() -> None:
    rates = [learning_rate(u, 10, 1.0, 4, "linear") for u in range(11)]
    # warm-up 1/4, 2/4, 3/4, 4/4, then 6 updates on a line to 0 at 10
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0.0])
    cosine = [learning_rate(u, 4, 1.0, 0, "cosine") for u in range(5)]
    assert cosine == pytest.approx([0.5 * (1 + math.cos(math.pi * u / 4)) for u in range(5)])
    assert learning_rate(999, 10, 0.3, 0, "constant") == 0.3
    assert learning_rate(20, 10, 1.0, 0, "linear") == 0.0  # never negative


def test_an_iteration_that_stops_early_keeps_to_its_schedule(tmp_path: Path) -> None:
    """Three updates are planned an iteration; the second sees that the first moved the policy, and is the last."""
    made = recipe(
        tmp_path / "r",
        algorithm={"name": "ppo", "stop_kl": 1e-12},
        train={"iterations": 2, "epochs": 3, "schedule": "linear", "checkpoint_every": 0},
    )
    made["data"]["train"]["verifier"] = "even_length"
    done = train_recipe(load_recipe({**made, "plugins": [str(Path(__file__).with_name("even_length.py"))]}))
    assert done.metrics["train/stopped_early"] == 1.0
    assert done.metrics["train/updates"] == 6.0
    assert done.metrics["train/lr"] == pytest.approx(1e-3 * (1 - 4 / 6))  # of update number 4, the second of its three
    assert done.checkpoint is not None
    state = Checkpoint(done.checkpoint, 2).trainer_state()["backend"]
    assert int(state["optimizer"]["adam"]["state"][0]["step"]) == 4
