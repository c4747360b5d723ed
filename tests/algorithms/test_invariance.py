"""One owner of the denominator: no split, order, padding, unjudged or skipped row changes a gradient.

Every algorithm in the registry is put through it, one that is added tomorrow with its default options too.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor

from rlvr.algorithms.base import Algorithm
from rlvr.functional import Correction
from rlvr.registry import REGISTRIES, get
from rlvr.training.batch import Batch, collate
from rlvr.training.local_backend import LocalBackend
from tests.algorithms import gradients
from tests.algorithms.gradients import backend, credited, hard_groups, padded, shuffled

TRUNCATED: dict[str, Any] = {"mask_truncated": True}
#: Further settings of an algorithm; its defaults are always tested.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "a2c": [
        {"estimator": "n_step", "n": 2, "gamma": 0.9, "entropy_coef": 0.01, "value_coef": 0.3},
        {"estimator": "td_lambda", "gae_lambda": 0.8, "whiten": True, "aggregation": "sequence"},
        {"kl_coef": 0.1},
    ],
    "cispo": [{"clip_high": 0.1, "ddof": 0, "eps": 1e-6}, {"kl_coef": 0.1, "kl_importance": True}, TRUNCATED],
    "dapo": [{"aggregation": "prompt", "clip_high": 0.2}, {"ddof": 0, "eps": 1e-6}, TRUNCATED],
    "dr_grpo": [{"length": 7, "clip_high": 0.28}, {"kl_coef": 0.1}, {"kl_coef": 0.1, "kl_importance": True}, TRUNCATED],
    "grpo": [
        {"kl_coef": 0.1},
        {"kl_coef": 0.1, "kl_importance": True},
        {"ratio": "sequence"},
        {"ratio": "sequence", "kl_coef": 0.1, "aggregation": "token"},
        {"aggregation": "token", "clip_high": 0.28},
        {"aggregation": "prompt"},
        {"ddof": 0, "eps": 1e-6},
        TRUNCATED,
    ],
    "gspo": [
        {"clip_high": 0.1, "clip_low": 0.1, "ddof": 0, "eps": 1e-6},
        {"kl_coef": 0.1, "kl_importance": True},
        TRUNCATED,
    ],
    "ppo": [
        {"gamma": 0.9, "gae_lambda": 0.8, "clip_high": 0.28, "whiten": False, "stop_kl": 0.1, "entropy_coef": 0.01},
        {"kl_coef": 0.1, "kl_control": "doubling", "kl_target": 0.1, "value_coef": 0.3},
        {"kl_coef": 0.1, "kl_in": "loss", "kl_control": "proportional", "kl_horizon": 10.0, "value_clip": 0.0},
        {"kl_coef": 0.1, "kl_in": "loss", "kl_estimator": "k1", "kl_importance": True},
    ],
    "ppo_penalty": [
        {"gamma": 0.9, "gae_lambda": 0.8, "whiten": False, "entropy_coef": 0.01, "value_clip": 0.0},
        {"value_coef": 0.3, "kl_coef": 0.3, "kl_target": 0.1, "kl_control": "proportional"},
    ],
    "reinforce": [
        {"baseline": "none"},
        {"baseline": "running_mean"},
        {"baseline": "group_mean"},
        {"baseline": "batch_mean", "entropy_coef": 0.01},
        {"baseline": "group_mean", "entropy_coef": 0.01},
        {"baseline": "value", "value_coef": 0.3},
        TRUNCATED,
    ],
    "reinforce_pp": [
        {"kl_coef": 0.1},
        {"baseline": "group_mean", "clip_high": 0.28},
        {"baseline": "group_mean", "kl_coef": 0.1},
        TRUNCATED,
    ],
    "rloo": [{"kl_coef": 0.1}, TRUNCATED],
    "trpo": [
        {"gamma": 0.9, "gae_lambda": 0.8, "whiten": False, "fisher_rows": 3, "critic_updates": 2, "max_kl": 0.1},
        {"baseline": "group", "cg_iterations": 2, "damping": 0.1, "backtracks": 1},
    ],
    "sft": [{"aggregation": "sequence"}],
    "dpo": [{"beta": 0.5, "label_smoothing": 0.1}, {"kind": "ipo"}],
    "reward_model": [{"margin_coef": 0.0}, {"center_coef": 0.01}],
    "return_conditioned": [{"language_coef": 0.3}],
}
CASES = [
    pytest.param(name, options, id=f"{name} {options}" if options else name)
    for name in REGISTRIES["algorithm"].names()
    for options in [{}, *OPTIONS.get(name, [])]
]
TOLERANCE = 1e-10


def build(name: str, options: dict[str, Any]) -> Algorithm:
    return get("algorithm", name)(**options)


def gradient(owner: LocalBackend, algorithm: Algorithm, part: Batch) -> tuple[Tensor, dict[str, float]]:
    """Of the policy and of the critic, where the algorithm has one."""
    return gradients.gradient(owner, algorithm, part, critic="values" in algorithm.needs)


def head_of(name: str) -> str:
    return get("algorithm", name).head


def test_every_option_is_tried() -> None:
    for name, settings in OPTIONS.items():
        given = {key for options in settings for key in options}
        untried = {f.name for f in dataclasses.fields(get("algorithm", name))} - given - {"clip_low"}
        assert not untried, f"{name}: no case sets {untried}"


@pytest.mark.parametrize("name, options", CASES)
def test_no_split_order_or_padding_changes_the_gradient(name: str, options: dict[str, Any]) -> None:
    algorithm, owner = build(name, options), backend(head=head_of(name), tokens_per_microbatch=10**6)
    batch = credited(owner, algorithm, hard_groups(algorithm))
    whole, metrics = gradient(owner, algorithm, batch)
    assert float(whole.norm()) > 1e-3  # a zero gradient would agree with everything
    owner.train = owner.train.model_copy(update={"tokens_per_microbatch": 1})
    variants = {}
    variants["a row at a time"], split_metrics = gradient(owner, algorithm, batch)
    owner.train = owner.train.model_copy(update={"tokens_per_microbatch": 40})
    variants["40 tokens at a time"], _ = gradient(owner, algorithm, batch)
    variants["40 tokens, shuffled and padded"], _ = gradient(owner, algorithm, padded(shuffled(batch, 1), 9))
    owner.train = owner.train.model_copy(update={"tokens_per_microbatch": 150})
    variants["150 tokens, shuffled"], _ = gradient(owner, algorithm, shuffled(batch, 2))
    variants["150 tokens, padded"], _ = gradient(owner, algorithm, padded(batch, 5))
    for what, other in variants.items():
        assert float((whole - other).abs().max()) < TOLERANCE, what
    assert metrics["train/loss"] == pytest.approx(split_metrics["train/loss"], abs=1e-9)


@pytest.mark.parametrize("name, options", CASES)
def test_the_sum_over_ranks_is_the_gradient_of_all(name: str, options: dict[str, Any]) -> None:
    """Accumulation by hand: shares whose counts are those of the whole update add up to its gradient."""
    algorithm, owner = build(name, options), backend(head=head_of(name))
    batch = credited(owner, algorithm, hard_groups(algorithm))
    whole, _ = gradient(owner, algorithm, batch)
    shares = [gradient(owner, algorithm, batch.select(rows))[0] for rows in torch.arange(len(batch)).split(6)]
    assert float((whole - sum(shares)).abs().max()) < TOLERANCE


@pytest.mark.parametrize("name, options", [c for c in CASES if get("algorithm", c.values[0]).source == "on_policy"])
def test_unjudged_rows_are_in_neither_numerator_nor_denominator(name: str, options: dict[str, Any]) -> None:
    """Groups whose rows could not be judged, against the same groups without those rows."""
    algorithm, owner = build(name, options), backend(head=head_of(name))
    # Groups of one size: one of four loses its last row, so all do.
    groups = [dataclasses.replace(g, rollouts=g.rollouts[:3]) for g in (hard_groups(algorithm)[i] for i in (0, 1, 5))]
    spoiled = [
        dataclasses.replace(g, rollouts=(*g.rollouts, dataclasses.replace(full.rollouts[3], shaped=None)))
        for g, full in zip(groups, (hard_groups(algorithm)[i] for i in (0, 1, 5)), strict=True)
    ]
    without = credited(owner, algorithm, groups, drift=0.0)
    spoilt = credited(owner, algorithm, [*spoiled, hard_groups(algorithm)[3]], drift=0.0)
    assert (spoilt.num_tokens, spoilt.num_sequences, spoilt.num_prompts) == (
        without.num_tokens,
        without.num_sequences,
        without.num_prompts,
    )
    expected, _ = gradient(owner, algorithm, without)
    actual, _ = gradient(owner, algorithm, spoilt)
    assert float((expected - actual).abs().max()) < TOLERANCE
    assert float(expected.norm()) > 1e-3


@pytest.mark.parametrize("name, options", CASES)
def test_skipping_dead_rows_leaves_the_gradient(name: str, options: dict[str, Any]) -> None:
    algorithm, owner = build(name, options), backend(head=head_of(name), skip_dead_rows=True)
    batch = credited(owner, algorithm, hard_groups(algorithm))
    skipped, saved = gradient(owner, algorithm, batch)
    owner.train = owner.train.model_copy(update={"skip_dead_rows": False})
    computed, full = gradient(owner, algorithm, batch)
    assert float((skipped - computed).abs().max()) < TOLERANCE
    if algorithm.dead_rows_are_free:
        assert saved["train/skipped_rows_rate"] > full["train/skipped_rows_rate"]
    else:
        assert saved["train/skipped_rows_rate"] == full["train/skipped_rows_rate"]


def test_dead_rows_are_skipped_only_where_nothing_else_trains_them() -> None:
    free = {
        name: [options for options in ({}, *OPTIONS[name]) if build(name, options).dead_rows_are_free]
        for name in OPTIONS
    }
    assert free["grpo"] and all(not options.get("kl_coef") for options in free["grpo"])
    assert free["reinforce"] == [{"baseline": "group_mean"}]
    assert free["sft"] == []


@pytest.mark.parametrize(
    "options, ratio",
    [
        # hard_groups: judged rows 4 + 4 + 3 + 0 + 1 + 4 = 16 of which 4 + 1 are dead, so 11 live.
        ({}, 16 / 11),  # a mean over sequences
        ({"aggregation": "prompt"}, 5 / 3),  # 5 prompts with a judged row, 3 with a live one
    ],
)
def test_dead_rows_out_of_the_denominator_are_a_separate_option(options: dict[str, Any], ratio: float) -> None:
    algorithm, owner = build("grpo", options), backend()
    batch = credited(owner, algorithm, hard_groups(algorithm))
    counted, _ = gradient(owner, algorithm, batch)
    owner.train = owner.train.model_copy(update={"count_dead_rows": False})
    alone, _ = gradient(owner, algorithm, batch)
    assert float((alone - ratio * counted).abs().max()) < TOLERANCE


def test_dead_tokens_out_of_the_denominator() -> None:
    algorithm, owner = build("grpo", {"aggregation": "token"}), backend()
    batch = credited(owner, algorithm, hard_groups(algorithm))
    assert batch.advantages is not None
    live = batch.mask[(batch.advantages != 0).any(dim=1)].sum()
    counted, _ = gradient(owner, algorithm, batch)
    owner.train = owner.train.model_copy(update={"count_dead_rows": False})
    alone, _ = gradient(owner, algorithm, batch)
    assert float((alone - (float(batch.mask.sum()) / float(live)) * counted).abs().max()) < TOLERANCE


def test_minibatches_cover_every_row_once_an_epoch_and_recount() -> None:
    algorithm, owner = build("grpo", {}), backend()
    batch = credited(owner, algorithm, hard_groups(algorithm))
    parts = list(batch.minibatches(epochs=2, minibatch=7, seed=0, iteration=3))
    assert [len(p) for p in parts] == [7, 7, 7, 3] * 2
    first, second = (torch.cat([p.row for p in parts[i : i + 4]]) for i in (0, 4))
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(24))
    assert first.tolist() != second.tolist()
    for part in parts:
        assert part.num_tokens == part.mask.sum()
        assert part.num_sequences == part.mask.any(dim=1).sum()
    again = list(batch.minibatches(epochs=2, minibatch=7, seed=0, iteration=3))
    assert all(torch.equal(a.row, b.row) for a, b in zip(parts, again, strict=True))


def test_collate_places_prompt_completion_outcome_and_steps() -> None:
    groups = hard_groups(build("grpo", {}))
    batch = collate(groups, pad_id=0)
    for b, rollout in enumerate(r for g in groups for r in g.rollouts):
        start, size = len(rollout.completion.prompt_ids), rollout.completion.num_tokens
        expected = [False] * start + [rollout.shaped is not None] * size
        assert batch.mask[b, : start + size].tolist() == expected
        assert not batch.mask[b, start + size :].any()
        if rollout.shaped is not None:
            assert batch.token_rewards[b, start + size - 1] == rollout.shaped
            assert batch.token_rewards[b].sum() == rollout.shaped
    with pytest.raises(ValueError, match="whole groups"):
        batch.select(torch.tensor([0, 5, 1])).by_group(torch.zeros(3))


ON_POLICY = [c for c in CASES if get("algorithm", c.values[0]).source == "on_policy"]
FREE = Correction("token", cap=float("inf"))


def sampled_off_by(batch: Batch, log_weights: Tensor, correction: Correction = FREE) -> Batch:
    """The batch as if its sampler's log-probs were the old ones minus `log_weights [B, T]`."""
    sampler = (batch.old_logprobs - log_weights).masked_fill(~batch.mask, float("nan"))
    return dataclasses.replace(batch, sampler_logprobs=sampler, correction=correction)


@pytest.mark.parametrize("name, options", ON_POLICY)
def test_weights_multiply_the_surrogate_and_nothing_else(name: str, options: dict[str, Any]) -> None:
    """The gradient is affine in the weights: what stands without any (weight 0) is KL, entropy and the critic's loss.

    Weights of all ones change no bit, bounded weights do what unbounded ones of that value do, and no split matters.
    """
    algorithm, owner = build(name, options), backend(head=head_of(name), skip_dead_rows=False)
    batch = credited(owner, algorithm, hard_groups(algorithm))
    plain, metrics = gradient(owner, algorithm, batch)
    ones, same = gradient(owner, algorithm, sampled_off_by(batch, torch.zeros_like(batch.old_logprobs)))
    assert torch.equal(plain, ones)
    assert metrics["train/loss"] == same["train/loss"]

    draw = torch.rand((2, *batch.mask.shape), generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    one, two = 0.3 + 2 * draw[0], 0.3 + 2 * draw[1]
    nothing, _ = gradient(owner, algorithm, dataclasses.replace(batch, advantages=torch.zeros_like(batch.advantages)))
    none = Correction("mask", low=1e3, high=1e3)
    assert torch.equal(gradient(owner, algorithm, sampled_off_by(batch, one.log(), none))[0], nothing)
    first, second, both = (
        gradient(owner, algorithm, sampled_off_by(batch, weights.log()))[0] for weights in (one, two, one + two)
    )
    assert float((both + nothing - first - second).abs().max()) < TOLERANCE
    assert float((first - plain).abs().max()) > 1e-4  # weighted
    if "values" in algorithm.needs and algorithm.step_kind == "adam" and owner.critic is not None:
        critic = sum(p.numel() for p in owner.critic.parameters())
        assert float((first - plain)[-critic:].abs().max()) < TOLERANCE  # the critic's own parameters see no weight

    bounded = gradient(owner, algorithm, sampled_off_by(batch, one.log(), Correction("token", cap=1.25)))[0]
    clamped = gradient(owner, algorithm, sampled_off_by(batch, one.clamp(max=1.25).log()))[0]
    assert float((bounded - clamped).abs().max()) < TOLERANCE


@pytest.mark.parametrize("kind", ["token", "sequence", "mask"])
@pytest.mark.parametrize("name, options", [("grpo", {"kl_coef": 0.1}), ("gspo", {}), ("ppo", {"entropy_coef": 0.01})])
def test_no_split_order_or_padding_changes_a_weighted_gradient(name: str, options: dict[str, Any], kind: Any) -> None:
    algorithm, owner = build(name, options), backend(tokens_per_microbatch=10**6)
    batch = credited(owner, algorithm, hard_groups(algorithm))
    draw = torch.rand(batch.mask.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    batch = sampled_off_by(batch, 2 * draw - 1, Correction(kind))
    batch.sampler_logprobs[2, :] = float("nan")  # of one completion the engine gave no log-probs
    whole, _ = gradient(owner, algorithm, batch)
    for tokens, other in [(1, batch), (40, padded(shuffled(batch, 1), 9)), (150, shuffled(batch, 2))]:
        owner.train = owner.train.model_copy(update={"tokens_per_microbatch": tokens})
        assert float((whole - gradient(owner, algorithm, other)[0]).abs().max()) < TOLERANCE


def test_in_an_iteration_s_only_update_the_old_policy_is_the_one_now() -> None:
    """Without old_logprobs the weights are made of the pass that is trained on: the same gradient, no extra pass."""
    algorithm, owner = build("grpo", {}), backend()
    batch = credited(owner, algorithm, hard_groups(algorithm), drift=0.0)
    weighted = sampled_off_by(batch, torch.linspace(-1, 1, batch.mask.numel()).view(batch.mask.shape).double())
    known, _ = gradient(owner, algorithm, weighted)
    unknown, _ = gradient(owner, algorithm, dataclasses.replace(weighted, old_logprobs=None))
    assert float((known - unknown).abs().max()) < TOLERANCE
    assert float((known - gradient(owner, algorithm, batch)[0]).abs().max()) > 1e-3
