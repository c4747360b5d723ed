"""Algorithms that must agree where their differences cancel, on random batches on and off policy."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from rlvr.algorithms.a2c import A2C
from rlvr.algorithms.base import Algorithm
from rlvr.algorithms.cispo import CISPO
from rlvr.algorithms.dapo import DAPO
from rlvr.algorithms.dr_grpo import DrGRPO
from rlvr.algorithms.grpo import GRPO
from rlvr.algorithms.gspo import GSPO
from rlvr.algorithms.ppo import PPO
from rlvr.algorithms.reinforce import Reinforce
from rlvr.algorithms.reinforce_pp import ReinforcePP
from rlvr.algorithms.rloo import RLOO
from rlvr.training.batch import Batch, Outputs, collate
from tests.tiny import group, rollout

PROMPTS, SIZE, LONGEST = 5, 4, 6


def made(longest: int = LONGEST, drift: float = 0.4, seed: int = 0) -> tuple[Batch, Tensor]:
    """An iteration with ragged completions and unjudged rows, and the policy's log-probs `[B, T]`, a leaf.

    Old log-probs are off by up to `drift` / 2 nats a token, the reference's by up to 0.2.
    """
    rng = torch.Generator().manual_seed(seed)

    def integer(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (1,), generator=rng))

    groups = [
        group(
            p,
            [
                rollout([1] * integer(1, longest), None if (p, g) == (1, 2) else integer(0, 4) / 4, (3,) * (p + 1))
                for g in range(SIZE)
            ],
        )
        for p in range(PROMPTS)
    ]
    batch = collate(groups, pad_id=0)
    logprobs, old, ref, values = (
        torch.rand(batch.mask.shape, generator=rng, dtype=torch.float64) * scale for scale in (-2, drift, 0.4, 1)
    )
    logprobs = logprobs.masked_fill(~batch.mask, 0.0).requires_grad_()
    batch = dataclasses.replace(
        batch,
        old_logprobs=(logprobs.detach() + old - drift / 2).masked_fill(~batch.mask, 0.0),
        ref_logprobs=(logprobs.detach() + ref - 0.2).masked_fill(~batch.mask, 0.0),
        token_rewards=batch.token_rewards.double(),
        rewards=batch.rewards.double(),
        values=values,
    )
    return batch, logprobs


def gradient(algorithm: Algorithm, batch: Batch, logprobs: Tensor) -> Tensor:
    """Of the loss, with respect to each token's log-prob `[B, T]`."""
    batch = algorithm.credit(batch, algorithm.init_state())
    loss = algorithm.loss(Outputs(logprobs, torch.zeros_like(logprobs)), batch)
    return torch.autograd.grad(loss.value, logprobs)[0]


def same(a: Algorithm, b: Algorithm, factor: float = 1.0, **options: Any) -> None:
    batch, logprobs = made(**options)
    first, second = gradient(a, batch, logprobs), gradient(b, batch, logprobs)
    assert float(first.abs().max()) > 1e-3
    torch.testing.assert_close(first, factor * second, rtol=0, atol=1e-12)


def differ(a: Algorithm, b: Algorithm, **options: Any) -> None:
    batch, logprobs = made(**options)
    assert float((gradient(a, batch, logprobs) - gradient(b, batch, logprobs)).abs().max()) > 1e-3


ON_POLICY: dict[str, Any] = {"drift": 0.0}


def test_on_policy_the_clipped_surrogate_has_reinforce_s_gradient() -> None:
    """rho = 1: d(-rho A) = -A d log pi. A constant length and a sequence sum differ by that constant."""
    same(DrGRPO(length=7), Reinforce(baseline="group_mean"), 1 / 7, **ON_POLICY)
    differ(DrGRPO(length=1), Reinforce(baseline="group_mean"))


def test_on_policy_cispo_and_grpo_agree() -> None:
    same(CISPO(), GRPO(aggregation="token"), **ON_POLICY)
    # Off policy they agree as long as nothing is clipped: d rho = rho d log pi
    same(CISPO(clip_high=1e9), GRPO(aggregation="token", clip_low=1.0, clip_high=1e9))
    differ(CISPO(clip_high=0.05), GRPO(aggregation="token", clip_low=1.0, clip_high=0.05))


def test_dapo_with_equal_clips_is_grpo_over_tokens() -> None:
    same(DAPO(clip_low=0.1, clip_high=0.1), GRPO(clip_low=0.1, clip_high=0.1, aggregation="token"))
    same(DAPO(aggregation="prompt"), GRPO(clip_high=0.28, aggregation="prompt"))
    differ(DAPO(clip_low=0.1, clip_high=0.15), GRPO(clip_low=0.1, clip_high=0.1, aggregation="token"))


def test_completions_of_one_token_have_one_ratio() -> None:
    """GSPO, GRPO's two ratios and its three aggregations are then the same thing."""
    clips: dict[str, Any] = {"clip_low": 0.1, "clip_high": 0.12}
    for other in (
        GSPO(**clips),
        GRPO(ratio="sequence", **clips),
        GRPO(aggregation="token", **clips),
        DAPO(**clips),
    ):
        same(other, GRPO(**clips), longest=1)
        differ(other, GRPO(**clips), longest=2)


def test_rloo_is_the_group_s_mean_enlarged() -> None:
    """n / (n - 1) (r - mean): 4/3, but for the group of which three were judged."""
    batch, logprobs = made()
    loo, mean = (gradient(a, batch, logprobs) for a in (RLOO(), Reinforce(baseline="group_mean")))
    factor = torch.full((len(batch), 1), 4 / 3, dtype=torch.float64)
    factor[SIZE : 2 * SIZE] = 3 / 2
    torch.testing.assert_close(loo, factor * mean, rtol=0, atol=1e-12)
    assert float(loo.abs().max()) > 1e-3


def test_ppo_with_the_full_return_and_no_critic_s_opinion_is_reinforce() -> None:
    batch, logprobs = made(**ON_POLICY)
    batch = dataclasses.replace(batch, values=torch.zeros_like(batch.values))
    plain = A2C(aggregation="sequence_sum")
    torch.testing.assert_close(
        gradient(plain, batch, logprobs), gradient(Reinforce(baseline="none"), batch, logprobs), rtol=0, atol=1e-12
    )
    torch.testing.assert_close(
        gradient(PPO(whiten=False), batch, logprobs), gradient(A2C(), batch, logprobs), rtol=0, atol=1e-12
    )
    # and whitened over the batch it is REINFORCE++
    same_values = gradient(PPO(), batch, logprobs)
    torch.testing.assert_close(same_values, gradient(ReinforcePP(), batch, logprobs), rtol=0, atol=1e-12)
    assert float(same_values.abs().max()) > 1e-3
    # also with the KL to the reference taken off each token's reward
    discouraged = gradient(ReinforcePP(kl_coef=0.3), batch, logprobs)
    torch.testing.assert_close(gradient(PPO(kl_coef=0.3), batch, logprobs), discouraged, rtol=0, atol=1e-12)
    assert float((discouraged - same_values).abs().max()) > 1e-3


def test_reinforce_with_a_critic_is_the_actor_critic_with_full_returns() -> None:
    same(Reinforce(baseline="value"), A2C(aggregation="sequence_sum"))


def test_the_two_ratios_of_grpo_differ_at_two_tokens() -> None:
    """Ratios 1.5 and 0.8 under clips at 1.2 and advantage A > 0, for one of two completions of two tokens.

    token      the first is held; of the second d(rho A) = 0.8 A; mean over two tokens: -0.8 A / 2
    sequence   1.5 * 0.8 = 1.2, inside: both tokens get 1.2 A from each of two places: -1.2 A
    """
    batch = collate([group(0, [rollout([1, 1], 1.0, (3,)), rollout([1, 1], 0.0, (3,))])], pad_id=0)
    logprobs = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    old = torch.zeros(2, 3, dtype=torch.float64)
    old[0, 1:] = -torch.tensor([1.5, 0.8], dtype=torch.float64).log()
    batch = dataclasses.replace(batch, old_logprobs=old, token_rewards=batch.token_rewards.double())
    advantage = 0.5 / (math.sqrt(0.5) + 1e-4)
    by_token = gradient(GRPO(), batch, logprobs)[0, 1:]
    # mean over two sequences: another 1/2
    assert by_token.tolist() == pytest.approx([0.0, -0.8 * advantage / 4])
    whole = gradient(GRPO(ratio="sequence", clip_high=0.21), batch, logprobs)[0, 1:]
    assert whole.tolist() == pytest.approx([-1.2 * advantage / 2] * 2)
    # a little more and the whole completion is held
    held = gradient(GRPO(ratio="sequence", clip_high=0.19), batch, logprobs)[0, 1:]
    assert held.tolist() == [0.0, 0.0]


def test_gspo_holds_a_whole_completion_or_none_of_it() -> None:
    batch, logprobs = made()
    slopes = gradient(GSPO(clip_low=0.05, clip_high=0.05), batch, logprobs)
    live = (slopes != 0) & batch.mask
    rows = batch.mask.any(dim=1)
    held = ~live.any(dim=1) & rows
    assert 0 < int(held.sum()) < int(rows.sum())
    assert torch.equal(live[~held], batch.mask[~held])
    assert (slopes[0] == slopes[0, batch.mask[0]][0])[batch.mask[0]].all()  # one slope for all its tokens


@pytest.mark.parametrize("algorithm", [GRPO, DrGRPO, DAPO, GSPO, CISPO, RLOO, ReinforcePP, Reinforce])
def test_masked_truncated_completions_leave_the_loss_and_stay_in_the_statistics(algorithm: type[Algorithm]) -> None:
    batch, logprobs = made()
    cut = torch.zeros(len(batch), dtype=torch.bool)
    cut[[0, 9]] = True
    batch = dataclasses.replace(batch, truncated=cut)
    options: dict[str, Any] = {"baseline": "group_mean"} if algorithm in (ReinforcePP, Reinforce) else {}
    masked = algorithm(mask_truncated=True, **options).credit(batch, {})
    whole = algorithm(**options).credit(batch, {})
    assert not masked.mask[cut].any() and torch.equal(masked.mask[~cut], batch.mask[~cut])
    assert masked.num_sequences == whole.num_sequences - 2
    assert masked.num_tokens == float(whole.num_tokens - whole.mask[cut].sum())
    if algorithm is not ReinforcePP:  # whose standard deviation is that of the trained tokens
        kept = whole.advantages.masked_fill(cut.unsqueeze(1), 0.0)
        torch.testing.assert_close(masked.advantages, kept, rtol=0, atol=0)
    slopes = gradient(algorithm(mask_truncated=True, **options), batch, logprobs)
    assert (slopes[cut] == 0).all() and float(slopes.abs().max()) > 1e-5


def test_unjudged_completions_are_in_no_statistic() -> None:
    """Row 6 could not be judged: its siblings' advantages are those of a group of three."""
    batch, _ = made()
    assert bool(batch.rewards[6].isnan())
    three = [float(r) for i, r in enumerate(batch.rewards[4:8].tolist()) if i != 2]
    mean = sum(three) / 3
    std = math.sqrt(sum((r - mean) ** 2 for r in three) / 2)
    per_row = GRPO().credit(batch, {}).advantages[4:8].sum(dim=1) / batch.mask[4:8].sum(dim=1).clamp(min=1)
    expected = [(r - mean) / (std + 1e-4) for r in three]
    assert per_row[[0, 1, 3]].tolist() == pytest.approx(expected) and per_row[2] == 0.0
