"""The natural step: Fisher matrix and KL's Hessian are one, the bound holds as measured from logits, or no step."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from rlvr.algorithms.trpo import TRPO
from rlvr.config import load_recipe
from rlvr.errors import RecipeError
from rlvr.rules import cross_checks
from rlvr.training.batch import Batch, collate
from rlvr.training.forward import forward
from rlvr.training.local_backend import LocalBackend
from rlvr.training.natural import fisher_batches, fisher_product, natural_step, place
from tests.algorithms.gradients import backend, credited, gradient, hard_groups
from tests.tiny import llama, recipe


def flat(owner: LocalBackend) -> Tensor:
    return torch.cat([p.detach().flatten() for p in owner.model.parameters()])


def plain_logprobs(owner: LocalBackend, batch: Batch) -> Tensor:
    """The log-probs of the whole vocabulary at each trained token `[N, V]`, from the model's own logits."""
    rows = []
    for b in range(len(batch)):
        length = int(batch.lengths[b])
        logits = owner.model(input_ids=batch.token_ids[b : b + 1, :length]).logits[0, :-1] / owner.temperature
        rows.append(logits.log_softmax(dim=1)[batch.mask[b, 1:length]])
    return torch.cat(rows)


def started(algorithm: TRPO, **train: float) -> tuple[LocalBackend, Batch]:
    """A backend and a batch of its iteration, whose old policy is the policy."""
    owner = backend(**train)
    return owner, credited(owner, algorithm, hard_groups(algorithm), drift=0.0)


def exact_gradient_of_kl(owner: LocalBackend, batch: Batch, old: Tensor) -> Tensor:
    new = plain_logprobs(owner, batch)
    kl = (old.exp() * (old - new)).sum(dim=1).mean()
    return torch.cat([g.flatten() for g in torch.autograd.grad(kl, list(owner.model.parameters()))])


def test_the_fisher_product_is_the_hessian_of_the_kl_by_finite_differences() -> None:
    owner, batch = started(TRPO())
    old, start = plain_logprobs(owner, batch).detach(), flat(owner)
    parameters = list(owner.model.parameters())
    parts = list(batch.microbatches(100))
    assert len(parts) > 1
    for seed in range(2):
        vector = torch.randn(len(start), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        product = fisher_product(owner.model, parts, vector, owner.temperature)
        step = 1e-5
        ends = []
        for sign in (1, -1):
            place(parameters, start + sign * step * vector)
            ends.append(exact_gradient_of_kl(owner, batch, old))
        place(parameters, start)
        expected = (ends[0] - ends[1]) / (2 * step)
        assert float(expected.norm()) > 1e-2
        assert float((product - expected).norm() / expected.norm()) < 1e-6


def test_a_part_of_the_rows_makes_a_fisher_matrix_of_its_own() -> None:
    owner, batch = started(TRPO())
    parts = fisher_batches(list(batch.microbatches(60)), 5)
    rows = torch.cat([p.row for p in parts])
    assert 5 <= len(rows) <= 8 and len(set(rows.tolist())) == len(rows)
    vector = torch.randn(len(flat(owner)), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    product = fisher_product(owner.model, parts, vector, owner.temperature)
    alone = fisher_product(owner.model, [batch.select(rows).recount()], vector, owner.temperature)
    assert float((product - alone).norm() / alone.norm()) < 1e-12
    assert sum(len(p) for p in fisher_batches([batch], 0)) == len(batch)


@pytest.mark.parametrize("settings", [{}, {"max_kl": 1e-4}, {"baseline": "group"}, {"max_kl": 0.3, "fisher_rows": 4}])
def test_the_step_keeps_the_bound_and_improves_the_surrogate(settings: dict) -> None:
    algorithm = TRPO(**settings)
    owner, batch = started(algorithm, lr=1e-2, tokens_per_microbatch=60)
    old = plain_logprobs(owner, batch).detach()
    before = surrogate(owner, batch)
    metrics = owner.update(algorithm, batch)
    new = plain_logprobs(owner, batch).detach()
    kl = (old.exp() * (old - new)).sum(dim=1).mean().item()
    assert metrics["trust_region/refused"] == 0.0
    assert 0 < kl <= algorithm.max_kl
    assert kl > 0.1 * algorithm.max_kl  # and it used it
    assert metrics["trust_region/kl"] == pytest.approx(kl, rel=1e-6)
    gain = surrogate(owner, batch) - before
    assert gain > 0
    assert metrics["trust_region/gain"] == pytest.approx(gain, abs=1e-6)


def surrogate(owner: LocalBackend, batch: Batch) -> float:
    """Mean over completions of the sum of ratio times advantage, from plain logits."""
    new = plain_logprobs(owner, batch).detach()
    chosen = batch.token_ids[:, 1:][batch.mask[:, 1:]]
    ratio = (new.gather(1, chosen.unsqueeze(1)).squeeze(1) - batch.old_logprobs[batch.mask]).exp()
    return float((ratio * batch.advantages[batch.mask]).sum()) / batch.num_sequences


def test_the_step_solves_fisher_times_step_is_the_gradient() -> None:
    """F x + damping x is minus the gradient, up to one factor, and x^T F x / 2 the bound."""
    algorithm = TRPO(damping=0.1, cg_iterations=60, max_kl=1e-6)
    owner, batch = started(algorithm)
    before = flat(owner)
    towards, _ = gradient(owner, algorithm, batch)
    fraction = owner.update(algorithm, batch)["trust_region/fraction"]
    step = (flat(owner) - before) / fraction
    place(list(owner.model.parameters()), before)
    product = fisher_product(owner.model, [batch], step, owner.temperature)
    left = product + 0.1 * step
    scale = float(left.dot(-towards) / towards.dot(towards))
    assert scale > 0
    assert float((left + scale * towards).norm() / left.norm()) < 1e-3
    assert float((step / step.norm() + towards / towards.norm()).norm()) > 0.3  # which is not the plain gradient
    assert 0.5 * float(step.dot(product)) == pytest.approx(1e-6, rel=1e-6)


def test_no_length_that_improves_means_no_step_at_all() -> None:
    algorithm = TRPO(backtracks=4)
    owner, batch = started(algorithm)
    before = [p.detach().clone() for p in owner.model.parameters()]
    assert owner.old is not None
    uphill = -gradient(owner, algorithm, batch)[0]  # the loss would rise along it
    parts = list(batch.microbatches(10**6))
    metrics = natural_step(owner.model, owner.old, algorithm, parts, uphill, algorithm.trust_region, owner.temperature)
    assert metrics["trust_region/refused"] == 1.0 and metrics["trust_region/fraction"] == 0.0
    assert all(torch.equal(a, b) for a, b in zip(before, owner.model.parameters(), strict=True))


def test_without_advantages_there_is_no_step() -> None:
    algorithm = TRPO(baseline="group")
    owner, batch = started(algorithm)
    before = [p.detach().clone() for p in owner.model.parameters()]
    dead = dataclasses.replace(batch, advantages=torch.zeros_like(batch.advantages))
    assert owner.update(algorithm, dead)["trust_region/refused"] == 1.0
    assert all(torch.equal(a, b) for a, b in zip(before, owner.model.parameters(), strict=True))


def test_a_broken_gradient_makes_no_step() -> None:
    algorithm = TRPO()
    owner, batch = started(algorithm)
    before = [p.detach().clone() for p in owner.model.parameters()]
    broken = dataclasses.replace(batch, advantages=batch.advantages * math.inf)
    assert owner.update(algorithm, broken)["train/skipped_updates"] == 1.0
    assert all(torch.equal(a, b) for a, b in zip(before, owner.model.parameters(), strict=True))


def test_the_critic_makes_its_own_steps_and_moves_no_policy() -> None:
    algorithm = TRPO(critic_updates=3)
    owner, batch = started(algorithm, lr=1e-2)
    assert owner.critic is not None and owner.critic_optimizer is not None
    owner.critic.detached = True  # as `assemble` makes it for a natural step
    dead = dataclasses.replace(batch, advantages=torch.zeros_like(batch.advantages))
    policy, head = flat(owner), owner.critic.head.weight.detach().clone()
    owner.update(algorithm, dead)
    assert torch.equal(flat(owner), policy)
    assert not torch.equal(owner.critic.head.weight, head)
    assert int(owner.critic_optimizer.adam.state_dict()["state"][0]["step"]) == 3


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_llama_in_fp32_with_either_attention(attention: str) -> None:
    """SDPA's fused kernel has no second derivative: its plain form stands in, and the two agree."""
    model = llama(50, width=64, seed=1)
    model.set_attn_implementation(attention)
    batch = collate(hard_groups(TRPO()), pad_id=0)
    vector = torch.randn(sum(p.numel() for p in model.parameters()), generator=torch.Generator().manual_seed(0))
    product = fisher_product(model, [batch], vector, 1.0)
    hidden = forward(model, batch, 1.0).logprobs
    assert torch.isfinite(product).all() and torch.isfinite(hidden).all()
    model.set_attn_implementation("eager")
    eager = fisher_product(model, [batch], vector, 1.0)
    assert float((product - eager).norm() / eager.norm()) < 1e-4


def test_zero_1_to_3_are_refused_with_the_reason(tmp_path) -> None:
    made = recipe(tmp_path / "r")
    made["algorithm"]["name"] = "trpo"
    valid = load_recipe(made).recipe
    for stage in range(4):
        divided = valid.backend.model_copy(update={"name": "deepspeed", "zero_stage": stage})
        found = dict(cross_checks(valid.model_copy(update={"backend": divided})))
        assert ("backend.zero_stage" in found) == (stage >= 1)
    assert "second derivative" in found["backend.zero_stage"]


@pytest.mark.parametrize(
    "sections, key, reason",
    [
        ({"model": {"dtype": "bfloat16"}}, "model.dtype", "must be float32 for trpo"),
        ({"train": {"epochs": 2}}, "train.epochs", "one step from the policy that sampled"),
        ({"train": {"minibatch": 4}}, "train.minibatch", "one step from the policy that sampled"),
        ({"algorithm": {"baseline": "group"}, "sampling": {"group_size": 1}}, "sampling.group_size", "at least 2"),
    ],
)
def test_what_a_natural_step_cannot_work_with_is_refused(tmp_path, sections, key: str, reason: str) -> None:
    made = recipe(tmp_path / "r", **sections)
    made["algorithm"]["name"] = "trpo"
    with pytest.raises(RecipeError) as caught:
        load_recipe(made)
    assert any(problem.startswith(f"{key}: ") and reason in problem for problem in caught.value.problems)
