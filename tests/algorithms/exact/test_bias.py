"""What biased estimators estimate instead, each at a value from a formula that is written here.

s_i stands for grad log pi(y_i), r_i for the reward, n_i for the number of tokens, q_c for the probability
of a class of completions.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from rlvr.algorithms.a2c import A2C
from rlvr.algorithms.base import Algorithm
from rlvr.algorithms.cispo import CISPO
from rlvr.algorithms.dapo import DAPO
from rlvr.algorithms.grpo import GRPO
from rlvr.algorithms.gspo import GSPO
from rlvr.algorithms.reinforce_pp import ReinforcePP
from tests.algorithms.exact.toy import Toy, by_class, close, expectation

WIDE: dict[str, Any] = {"clip_low": 1.0, "clip_high": 1e9}  # no ratio is ever held


def z_scores(rewards: Sequence[float], eps: float) -> list[float]:
    mean = statistics.fmean(rewards)
    spread = statistics.stdev(rewards)
    return [0.0 if spread == 0 else (r - mean) / (spread + eps) for r in rewards]


def z_factor(p: float, size: int, eps: float) -> float:
    """c_G(p), what the z-score of 0/1 rewards multiplies the gradient of the success rate p with.

    With K of G right, mean K/G and std sqrt(K (G - K) / (G (G - 1))), right ones get (1 - K/G) / std and
    wrong ones -(K/G) / std; E[s | right] = grad p / p, E[s | wrong] = -grad p / (1 - p). Hence

    c_G(p) = sum over K of Binomial(K; G, p) K (G - K) / (G^2 (std + eps)) / (p (1 - p))
    """
    total = 0.0
    for k in range(1, size):
        std = math.sqrt(k * (size - k) / (size * (size - 1)))
        chance = math.comb(size, k) * p**k * (1 - p) ** (size - k)
        total += chance * k * (size - k) / (size**2 * (std + eps))
    return total / (p * (1 - p))


@pytest.mark.parametrize("size, eps", [(2, 1e-4), (3, 0.5), (4, 1e-4)])
def test_the_z_score_of_right_and_wrong_is_a_factor_of_the_prompt(size: int, eps: float) -> None:
    """The ratio of whole completions sums over tokens, so nothing else is biased: c_G(p) grad p."""
    toy = Toy(symbols=2, longest=3, levels=2, seed=6)
    factors, algorithm = [], GRPO(ratio="sequence", eps=eps)
    for prompt in (0, 1):
        p = float(toy.objective(prompt).detach())
        factors.append(z_factor(p, size, eps))
        actual = toy.gradient(toy.expected_loss(algorithm, size, prompts=(prompt,)))
        close(actual, factors[-1] * toy.gradient(-toy.objective(prompt)))
    if size < 4:  # K (G - K) and so the std are the same for every mixed group: a constant, as the mean alone
        std = math.sqrt((size - 1) / (size * (size - 1)))
        assert factors[0] == pytest.approx(factors[1])
        assert factors[0] == pytest.approx((size - 1) / size / (std + eps))
    else:  # rare successes, and rare failures, count for more
        assert abs(factors[0] - factors[1]) > 0.02


@pytest.mark.parametrize("ddof", [0, 1])
def test_the_z_score_of_graded_rewards_turns_the_gradient(ddof: int) -> None:
    """E = sum over levels k_1 ... k_G of prod q * (1/G) sum_i z_i grad q_i / q_i: no multiple of grad J any more."""
    toy = Toy(longest=2, levels=5, seed=2)
    levels = by_class(toy, 0, lambda i: float(toy.rewards[0, i]))
    assert len(levels) > 3
    spread = statistics.stdev if ddof else statistics.pstdev

    def weights(rewards: Sequence[Any]) -> list[float]:
        mean, std = statistics.fmean(rewards), spread(rewards)
        return [0.0 if std == 0 else (r - mean) / (std + 1e-4) / 3 for r in rewards]

    actual = toy.gradient(toy.expected_loss(GRPO(ratio="sequence", ddof=ddof), 3))
    close(actual, toy.gradient(-expectation(levels, 3, weights)))
    straight = toy.gradient(-toy.objective(0))
    assert float(torch.nn.functional.cosine_similarity(actual, straight, dim=0)) < 0.9999


def test_the_mean_over_each_sequence_weighs_short_ones_more() -> None:
    """E = (1 - 1/G) sum over y of pi(y) (r(y) - J) / n(y) s(y), times the constant of the z-score of pairs."""
    toy = Toy(longest=3, levels=2, seed=1)
    chances, lengths = toy.probabilities(0), torch.tensor([float(len(ids)) for ids in toy.completions])
    centered = (toy.rewards[0] - toy.objective(0)).detach()
    constant = 1 / (math.sqrt(0.5) + 1e-4)
    expected = toy.gradient(-(chances * centered / lengths).sum() * constant / 2)
    for algorithm in (GRPO(), GSPO()):  # on policy GSPO's mean log-ratio is that very mean
        close(toy.gradient(toy.expected_loss(algorithm, 2)), expected)
    straight = toy.gradient(-toy.objective(0))
    assert float(torch.nn.functional.cosine_similarity(expected, straight, dim=0)) < 0.999


ONE_TOKEN_MEAN: list[tuple[str, Algorithm]] = [
    ("GRPO, token mean", GRPO(aggregation="token")),
    ("GRPO, per prompt", GRPO(aggregation="prompt")),
    ("DAPO", DAPO()),
    ("CISPO", CISPO()),
]


@pytest.mark.parametrize("algorithm", [a for _, a in ONE_TOKEN_MEAN], ids=[n for n, _ in ONE_TOKEN_MEAN])
def test_the_mean_over_all_tokens_weighs_groups_by_their_brevity(algorithm: Algorithm) -> None:
    """E = sum over classes (r, n) of q_1 q_2 q_3 sum_i z_i s_i / (n_1 + n_2 + n_3)."""
    toy = Toy(longest=2, levels=3, seed=4)
    classes = by_class(toy, 0, lambda i: (float(toy.rewards[0, i]), len(toy.completions[i])))

    def weights(members: Sequence[Any]) -> list[float]:
        tokens = sum(n for _, n in members)
        return [z / tokens for z in z_scores([r for r, _ in members], 1e-4)]

    close(toy.gradient(toy.expected_loss(algorithm, 3)), toy.gradient(-expectation(classes, 3, weights)))


def test_a_mean_per_prompt_keeps_long_prompts_from_counting_for_more() -> None:
    """Two prompts in an update: per prompt is the mean of the two expectations; over all tokens it is not."""
    toy = Toy(symbols=2, longest=3, levels=2, seed=6)
    alone = sum(toy.gradient(toy.expected_loss(DAPO(aggregation="prompt"), 2, prompts=(p,))) for p in (0, 1))
    assert isinstance(alone, Tensor)
    close(toy.gradient(toy.expected_loss(DAPO(aggregation="prompt"), 2, prompts=(0, 1))), alone / 2)
    by_token = toy.gradient(toy.expected_loss(DAPO(), 2, prompts=(0, 1)))
    assert float((by_token - alone / 2).abs().max()) > 1e-3


def whitened(tokens: Sequence[int], rewards: Sequence[float], shift: bool) -> list[float]:
    """(r - mean) / std over all tokens, each completion as often as it has tokens."""
    count = sum(tokens)
    mean = sum(n * r for n, r in zip(tokens, rewards, strict=True)) / count
    std = math.sqrt(sum(n * (r - mean) ** 2 for n, r in zip(tokens, rewards, strict=True)) / count)
    return [(r - mean if shift else r) / (std + 1e-8) for r in rewards]


@pytest.mark.parametrize("baseline", ["none", "group_mean"])
def test_whitening_over_the_batch(baseline: Any) -> None:
    """REINFORCE++: E = sum over classes of q_1 q_2 sum_i w_i s_i / (n_1 + n_2), w whitened over all tokens."""
    toy = Toy(longest=2, levels=3, seed=4)
    classes = by_class(toy, 0, lambda i: (float(toy.rewards[0, i]), len(toy.completions[i])))

    def weights(members: Sequence[Any]) -> list[float]:
        rewards, tokens = [r for r, _ in members], [n for _, n in members]
        if baseline == "group_mean":
            rewards = [r - statistics.fmean(rewards) for r in rewards]
        return [w / sum(tokens) for w in whitened(tokens, rewards, shift=baseline == "none")]

    actual = toy.gradient(toy.expected_loss(ReinforcePP(baseline=baseline), 2))
    close(actual, toy.gradient(-expectation(classes, 2, weights)))


def looked_ahead(toy: Toy, gamma: float, after: Callable[[tuple[int, ...], int], float]) -> Tensor:
    """A scalar with the gradient sum over s of P(reach s) sum over a of grad pi(a | s) G(s, a).

    G(s, a) = r(s, a) + gamma * after(s, a), where `after` is what an estimator believes of the state that
    follows; nothing where the completion ends.
    """
    total = torch.zeros((), dtype=torch.float64)
    for prefix in toy.prefixes():
        policy = toy.log_policy(0, prefix).exp()
        for symbol in range(toy.symbols):
            total = total + toy.reach(0, prefix) * policy[symbol] * (
                reward(toy, prefix, symbol) + gamma * after(prefix, symbol)
            )
    return total


def reward(toy: Toy, prefix: tuple[int, ...], symbol: int) -> float:
    said = (*prefix, symbol)
    outcome = float(toy.rewards[0, toy.completions.index(said)]) if said in toy.completions else 0.0
    return outcome + float(toy.step_rewards[0, toy.state(prefix), symbol])


@pytest.mark.parametrize("estimator", ["gae", "td_lambda"])
@pytest.mark.parametrize("gamma, gae_lambda", [(1.0, 0.0), (1.0, 0.6), (0.9, 0.95), (0.9, 1.0)])
def test_a_wrong_critic_biases_what_looks_less_than_to_the_end(estimator: Any, gamma: float, gae_lambda: float) -> None:
    """G(s, a) = r + gamma ((1 - lambda) V(s') + lambda E_a'[G(s', a')]), with the critic's V."""
    toy = Toy(longest=3).with_step_rewards()

    def after(prefix: tuple[int, ...], symbol: int) -> float:
        said = (*prefix, symbol)
        if said in toy.completions:
            return 0.0
        policy = toy.log_policy(0, said).exp().tolist()
        ahead = sum(p * (reward(toy, said, a) + gamma * after(said, a)) for a, p in enumerate(policy))
        return (1 - gae_lambda) * float(toy.critic[0, toy.state(said)]) + gae_lambda * ahead

    algorithm = A2C(estimator=estimator, gamma=gamma, gae_lambda=gae_lambda, aggregation="sequence_sum")
    actual = toy.gradient(toy.expected_loss(algorithm, 1))
    close(actual, toy.gradient(-looked_ahead(toy, gamma, after)))
    unbiased = toy.gradient(-toy.objective(0))
    assert float((actual - unbiased).abs().max()) > 1e-3


@pytest.mark.parametrize("n", [1, 2])
def test_a_wrong_critic_biases_n_step_returns(n: int) -> None:
    """G(s, a) = r + gamma E[G of n - 1 more steps], and V(s') where none is left."""
    toy = Toy(longest=3).with_step_rewards()

    def after(prefix: tuple[int, ...], symbol: int, left: int = n) -> float:
        said = (*prefix, symbol)
        if said in toy.completions:
            return 0.0
        if left == 1:
            return float(toy.critic[0, toy.state(said)])
        policy = toy.log_policy(0, said).exp().tolist()
        return sum(p * (reward(toy, said, a) + 0.9 * after(said, a, left - 1)) for a, p in enumerate(policy))

    algorithm = A2C(estimator="n_step", n=n, gamma=0.9, aggregation="sequence_sum")
    close(toy.gradient(toy.expected_loss(algorithm, 1)), toy.gradient(-looked_ahead(toy, 0.9, after)))


def test_the_ratio_of_whole_completions_corrects_for_an_old_policy() -> None:
    """E_old[rho_i (r_i - r_j) / 2 s_i] = (grad J - J_old E_old[rho s]) / 2 = grad J / 2, as E_old[rho s] = E[s] = 0.

    With two rewards of 0 and 1 the z-score divides by the constant sqrt(1/2).
    """
    toy = Toy(longest=2, levels=2)
    algorithm = GRPO(ratio="sequence", eps=0.0, **WIDE)
    actual = toy.gradient(toy.expected_loss(algorithm, 2, sampled_from=toy.another()))
    close(actual, math.sqrt(0.5) * toy.gradient(-toy.objective(0)))


@pytest.mark.parametrize("algorithm", [GRPO(eps=0.0, **WIDE), DAPO(eps=0.0, **WIDE), CISPO(eps=0.0, clip_high=1e9)])
def test_the_ratio_of_each_token_visits_the_old_policy_s_states_and_trusts_its_future(algorithm: Algorithm) -> None:
    """E = grad of sum over s of d_old(s) sum over a of pi(a | s) Q_old(s, a): TRPO's surrogate, not J.

    Completions of two tokens each, so that every mean divides by a constant; the z-score's is sqrt(1/2).
    """
    toy = Toy(ends=False, levels=2, seed=1)
    old = toy.another()

    def future(prefix: tuple[int, ...], symbol: int) -> float:
        said = (*prefix, symbol)
        if said in toy.completions:
            return 0.0
        return sum(float(p) * reward(toy, said, a) for a, p in enumerate(old.log_policy(0, said).exp().tolist()))

    surrogate = torch.zeros((), dtype=torch.float64)
    for prefix in toy.prefixes():
        policy = toy.log_policy(0, prefix).exp()
        for symbol in range(toy.symbols):
            gain = reward(toy, prefix, symbol) + future(prefix, symbol)
            surrogate = surrogate + old.reach(0, prefix) * policy[symbol] * gain
    actual = toy.gradient(toy.expected_loss(algorithm, 2, sampled_from=old))
    close(actual, math.sqrt(0.5) / 2 * toy.gradient(-surrogate))
    assert float((actual - math.sqrt(0.5) / 2 * toy.gradient(-toy.objective(0))).abs().max()) > 1e-3


def test_gspo_off_policy_weighs_with_the_geometric_mean_ratio() -> None:
    """E_old = sum over y_1, y_2 of pi_old pi_old z_i rho_i^(1/n_i) / (2 n_i) s_i, a class for each completion."""
    toy = Toy(longest=2, levels=3, seed=4)
    old = toy.another()
    new_p, old_p = toy.probabilities(0), old.probabilities(0).detach()
    total = torch.zeros((), dtype=torch.float64)
    for i, a in enumerate(toy.completions):
        for j in range(len(toy.completions)):
            z = z_scores([float(toy.rewards[0, i]), float(toy.rewards[0, j])], 1e-4)[0]
            ratio = float((new_p[i] / old_p[i]).detach()) ** (1 / len(a))
            # the pair stands in both orders, each with its half: twice z / 2
            total = total + old_p[i] * old_p[j] * z * ratio / len(a) * new_p[i].log()
    close(toy.gradient(toy.expected_loss(GSPO(**WIDE), 2, sampled_from=old)), toy.gradient(-total))
