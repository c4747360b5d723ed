"""Expected gradients against the exact policy gradient, by enumerating every completion of a tiny bandit.

Three tokens, of which 0 ends, and at most two of them: the completions are 0, 10, 11, 12, 20, 21, 22.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, State
from rlvr.algorithms.grpo import GRPO
from rlvr.algorithms.reinforce import Reinforce
from rlvr.algorithms.rloo import RLOO
from rlvr.algorithms.sft import SFT
from rlvr.training.batch import Batch, Outputs, collate
from rlvr.training.local_backend import LocalBackend
from tests.algorithms.gradients import backend, credited, gradient, hard_groups
from tests.tiny import group, rollout

PROMPT = (2,)
COMPLETIONS = [[0], *([a, b] for a in (1, 2) for b in (0, 1, 2))]
REWARDS = [0.25, 0.5, 1.0, 0.125, 0.75, 0.0, 0.375]


def log_probabilities(owner: LocalBackend) -> Tensor:
    """The log-probability of each completion `[7]`, from the plain logits of the plain model, differentiable."""
    out = []
    for ids in COMPLETIONS:
        logits = owner.model(input_ids=torch.tensor([[*PROMPT, *ids]])).logits[0] / owner.temperature
        steps = logits.log_softmax(dim=1)[len(PROMPT) - 1 : -1]
        out.append(steps.gather(1, torch.tensor(ids).unsqueeze(1)).sum())
    return torch.stack(out)


def flat_gradient(owner: LocalBackend, value: Tensor) -> Tensor:
    grads = torch.autograd.grad(value, owner.optimizer.masters, allow_unused=True)
    return torch.cat(
        [
            torch.zeros_like(m).flatten() if g is None else g.flatten()
            for g, m in zip(grads, owner.optimizer.masters, strict=True)
        ]
    )


def expected_gradient(
    owner: LocalBackend, algorithm: Algorithm, size: int, batch_inputs: Tensor | None = None
) -> Tensor:
    """The mean over every tuple of `size` completions, weighted with its probability, of the loss's gradient.

    All tuples are rows of one batch; the surrogate is linear in the advantages, which carry the weights.
    """
    tuples = list(itertools.product(range(len(COMPLETIONS)), repeat=size))
    probabilities = log_probabilities(owner).exp().detach()
    groups = [group(i, [rollout(COMPLETIONS[c], REWARDS[c], PROMPT) for c in t]) for i, t in enumerate(tuples)]
    batch = collate(groups, pad_id=0)
    if batch_inputs is not None:
        at = torch.tensor([c for t in tuples for c in t])
        old = owner.add_inputs(batch, frozenset({"old_logprobs"})).old_logprobs
        batch = dataclasses.replace(batch, old_logprobs=old, ref_logprobs=batch_inputs[at])
    else:
        batch = owner.add_inputs(batch, frozenset())
    batch = algorithm.credit(batch, algorithm.init_state())
    weight = torch.tensor([[float(probabilities[list(t)].prod()) * len(tuples)] * size for t in tuples]).flatten()
    assert batch.advantages is not None
    weighted = dataclasses.replace(batch, advantages=batch.advantages.double() * weight.double().unsqueeze(1))
    return gradient(owner, algorithm, weighted)[0]


@pytest.fixture
def bandit() -> LocalBackend:
    owner = backend(vocabulary=3)
    total = log_probabilities(owner).exp().sum().item()
    assert total == pytest.approx(1, abs=1e-12)  # every completion is there
    return owner


def true_gradient(owner: LocalBackend) -> Tensor:
    """Of the loss, minus the expected reward."""
    return flat_gradient(owner, -(log_probabilities(owner).exp() * torch.tensor(REWARDS, dtype=torch.float64)).sum())


def close(actual: Tensor, expected: Tensor, tolerance: float = 1e-6) -> None:
    assert float(expected.norm()) > 1e-3
    # Rewards and weights pass through fp32.
    assert float((actual - expected).norm() / expected.norm()) < tolerance


def test_reinforce_without_baseline_is_the_policy_gradient(bandit: LocalBackend) -> None:
    close(expected_gradient(bandit, Reinforce(baseline="none"), 1), true_gradient(bandit))


def test_rloo_is_unbiased(bandit: LocalBackend) -> None:
    close(expected_gradient(bandit, RLOO(), 2), true_gradient(bandit))


def test_the_group_s_own_mean_shrinks_the_gradient(bandit: LocalBackend) -> None:
    # The row itself is in its baseline: 1 - 1/2 of the gradient remains.
    close(expected_gradient(bandit, Reinforce(baseline="group_mean"), 2), 0.5 * true_gradient(bandit))


def test_rloo_with_kl_in_the_reward_is_the_gradient_of_reward_minus_kl(bandit: LocalBackend) -> None:
    reference = torch.randn(len(COMPLETIONS), 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.3
    log_p = log_probabilities(bandit)
    # A "reference" that is any number for each token: the KL term only needs its sum over a completion.
    tokens = torch.zeros(len(COMPLETIONS), 3, dtype=torch.float64)
    for i, ids in enumerate(COMPLETIONS):
        tokens[i, 1 : 1 + len(ids)] = reference[i, : len(ids)] - 1.0
    kl = (log_p.exp() * (log_p - tokens.sum(dim=1))).sum()
    reward = (log_p.exp() * torch.tensor(REWARDS, dtype=torch.float64)).sum()
    expected = flat_gradient(bandit, -(reward - 0.3 * kl))
    close(expected_gradient(bandit, RLOO(kl_coef=0.3), 2, tokens), expected, tolerance=1e-5)


@dataclass(frozen=True, slots=True)
class PolicyGradient(Algorithm):
    """GRPO's advantages and aggregation with the plain log-prob as surrogate."""

    grpo: GRPO

    def credit(self, batch: Batch, state: State) -> Batch:
        return self.grpo.credit(batch, state)

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        return Loss(batch.aggregate(F.reinforce(outputs.logprobs, batch.advantages), self.grpo.aggregation))


@pytest.mark.parametrize("aggregation", ["sequence", "token", "prompt"])
def test_on_policy_the_clipped_gradient_is_the_plain_one(aggregation) -> None:
    owner, grpo = backend(), GRPO(aggregation=aggregation)
    batch = credited(owner, grpo, hard_groups(grpo), drift=0.0)
    on_policy = dataclasses.replace(batch, old_logprobs=None)  # one update: old is the policy itself
    clipped, metrics = gradient(owner, grpo, on_policy)
    plain, _ = gradient(owner, PolicyGradient(grpo), on_policy)
    assert float(plain.norm()) > 1e-3
    assert float((clipped - plain).abs().max()) < 1e-12
    assert metrics["policy/clip_rate"] == 0.0
    assert metrics["policy/ratio"] == 1.0  # exactly
    assert metrics["policy/kl"] == 0.0


def test_the_sequence_ratio_on_policy_is_its_length_times_the_plain_gradient() -> None:
    """rho of the whole completion at each of its n tokens: d(mean over n of rho A) = A sum_t d log pi."""
    owner = backend()
    batch = credited(owner, GRPO(), hard_groups(GRPO()), drift=0.0)
    batch = dataclasses.replace(batch, old_logprobs=None)
    whole, _ = gradient(owner, GRPO(ratio="sequence"), batch)

    class Summed(PolicyGradient):
        def loss(self, outputs: Outputs, batch: Batch) -> Loss:
            return Loss(batch.aggregate(F.reinforce(outputs.logprobs, batch.advantages), "sequence_sum"))

    summed, _ = gradient(owner, Summed(GRPO()), batch)
    assert float((whole - summed).abs().max()) < 1e-12


def test_sft_is_the_mean_negative_log_likelihood() -> None:
    owner = backend()
    groups = hard_groups(SFT())
    batch = collate(groups, pad_id=0)
    plain = torch.tensor(0.0, dtype=torch.float64)
    for b in range(len(batch)):
        row = batch.token_ids[b : b + 1, : batch.lengths[b]]
        steps = (owner.model(input_ids=row).logits[0] / owner.temperature).log_softmax(dim=1)[:-1]
        picked = steps.gather(1, row[0, 1:].unsqueeze(1)).squeeze(1)
        plain = plain - picked[batch.mask[b, 1 : batch.lengths[b]]].sum() / batch.mask.sum()
    actual, metrics = gradient(owner, SFT(), owner.add_inputs(batch, frozenset()))
    assert float((actual - flat_gradient(owner, plain)).abs().max()) < 1e-12
    assert metrics["train/loss"] == pytest.approx(plain.item(), abs=1e-12)


def advantages(algorithm: Algorithm, rewards: list[float | None], state: State) -> list[float]:
    """Of completions of one token each, `rewards` in groups of two."""
    pairs = [rewards[i : i + 2] for i in range(0, len(rewards), 2)]
    batch = collate([group(i, [rollout([1], r) for r in pair]) for i, pair in enumerate(pairs)], pad_id=0)
    credited_batch = algorithm.credit(batch, state)
    assert credited_batch.advantages is not None
    return credited_batch.advantages.sum(dim=1).tolist()


def test_the_baselines_on_literal_rewards() -> None:
    rewards = [1.0, 0.0, 0.5, None]
    empty = Reinforce().init_state()
    assert advantages(Reinforce(baseline="none"), rewards, empty) == [1.0, 0.0, 0.5, 0.0]
    # (1 + 0 + 0.5) / 3 = 0.5
    assert advantages(Reinforce(baseline="batch_mean"), rewards, empty) == [0.5, -0.5, 0.0, 0.0]
    # (1 + 0) / 2 = 0.5; the second group has one judged row only: dead
    assert advantages(Reinforce(baseline="group_mean"), rewards, empty) == [0.5, -0.5, 0.0, 0.0]


def test_the_running_mean_is_of_earlier_iterations_only() -> None:
    algorithm = Reinforce(baseline="running_mean")
    state = algorithm.init_state()
    first = collate([group(0, [rollout([1], 1.0), rollout([1], 0.5), rollout([1], None)])], pad_id=0)
    assert advantages(algorithm, [1.0, 0.5], state) == [1.0, 0.5]  # nothing was seen yet: baseline 0
    state = algorithm.observe(first, state)
    assert state == {"reward_sum": 1.5, "reward_count": 2.0}  # the unjudged is not counted
    assert advantages(algorithm, [1.0, 0.0], state) == [0.25, -0.75]  # 1.5 / 2 = 0.75
    second = collate([group(0, [rollout([1], 0.0), rollout([1], 0.0)])], pad_id=0)
    state = algorithm.observe(second, state)
    assert advantages(algorithm, [1.0, 0.0], state) == [0.625, -0.375]  # 1.5 / 4


def test_a_token_earns_what_comes_after_it() -> None:
    """Rewards 1, 2, 3 along one completion, 0, 2 along its sibling: returns from each token on, minus the baseline."""
    batch = collate([group(0, [rollout([1, 1, 1], 1.0), rollout([1, 1], 0.0)])], pad_id=0)
    rewards = torch.tensor([[0, 0, 1, 2, 3], [0, 0, 0, 2, 0]], dtype=torch.float64)
    values = torch.full((2, 5), 4.0, dtype=torch.float64)
    batch = dataclasses.replace(batch, token_rewards=rewards, values=values)
    to_go = torch.tensor([[0, 0, 6, 5, 3], [0, 0, 2, 2, 0]], dtype=torch.float64)
    for baseline, level in (("none", 0.0), ("batch_mean", 4.0), ("group_mean", 4.0), ("value", 4.0)):  # (6 + 2) / 2
        done = Reinforce(baseline=baseline).credit(batch, {})  # type: ignore[arg-type]
        torch.testing.assert_close(done.advantages, (to_go - level) * batch.mask)
    # what compares whole completions gives each token the same: 6 - 2 and 2 - 6
    whole = RLOO().credit(batch, {}).advantages
    torch.testing.assert_close(whole, torch.tensor([[4.0], [-4.0]], dtype=torch.float64) * batch.mask)


def test_rloo_takes_the_kl_of_the_whole_completion_off_the_reward() -> None:
    batch = collate([group(0, [rollout([1, 1], 1.0), rollout([1], 0.0)])], pad_id=0)
    old, ref = torch.zeros(batch.mask.shape), torch.zeros(batch.mask.shape)
    old[0, 2:4], ref[0, 2:4] = -1.0, -1.5  # k1 = 0.5 at each of two tokens
    old[1, 2], ref[1, 2] = -1.0, -0.75  # k1 = -0.25
    batch = dataclasses.replace(batch, old_logprobs=old, ref_logprobs=ref)
    credited_batch = RLOO(kl_coef=0.1).credit(batch, {})
    # R = 1 - 0.1 * 1 = 0.9 and 0 + 0.1 * 0.25 = 0.025; each minus the other: 0.875
    assert credited_batch.advantages is not None
    torch.testing.assert_close(credited_batch.advantages[0, 2:4], torch.tensor([0.875, 0.875]))
    torch.testing.assert_close(credited_batch.advantages[1, 2], torch.tensor(-0.875))
