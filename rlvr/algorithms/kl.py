"""The KL as a part of an algorithm: taken off the reward or added to the loss, with a coefficient that may adapt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from rlvr import functional as F
from rlvr.algorithms.base import Loss

if TYPE_CHECKING:
    from rlvr.functional.aggregate import Aggregation
    from rlvr.training.batch import Batch, Outputs

#: How a coefficient follows the measured KL: not at all, the PPO paper's way, or Ziegler's.
Control: TypeAlias = Literal["fixed", "doubling", "proportional"]
#: A coefficient stays in here: halved in a thousand iterations it would underflow, and never come back.
COEF_RANGE = (1e-6, 1e6)


def kl_in_reward(batch: Batch, coef: float) -> Batch:
    """The batch with coef * k1(old, ref) taken off the reward of each trained token.

    As a return-to-go this gives the gradient of KL(policy, reference) over whole completions, which
    no KL in the loss does: those see each token's own state only. Needs `old_logprobs`, `ref_logprobs`.
    """
    penalty = F.k1(batch.old_logprobs, batch.ref_logprobs).masked_fill(~batch.mask, 0.0)
    return replace(batch, token_rewards=batch.token_rewards - coef * penalty)


def kl_in_loss(
    loss: Loss,
    outputs: Outputs,
    batch: Batch,
    coef: float,
    aggregation: Aggregation,
    *,
    estimator: Literal["k1", "k2", "k3"] = "k3",
    importance: bool = False,
    length: int | None = None,
) -> Loss:
    """The loss plus coef times the mean of a KL estimator, and its metric; unchanged where coef is 0.

    `importance` weights each token with pi / pi_old (see `rlvr.functional.kl_penalty`).
    """
    if not coef:
        return loss
    old = batch.old_logprobs if importance else None
    penalty = F.kl_penalty(outputs.logprobs, batch.ref_logprobs, estimator, old)
    value = loss.value + coef * batch.aggregate(penalty, aggregation, length)
    return Loss(value, {**loss.metrics, "policy/kl_reference": penalty.detach()})


def reference_kl(batch: Batch) -> tuple[float, float]:
    """KL(old, reference) by k3, mean nats a token over the iteration and all ranks; and the number of completions."""
    total = F.k3(batch.old_logprobs, batch.ref_logprobs).masked_fill(~batch.mask, 0.0).double().sum()
    summed = float(batch.reduce(total))
    return summed / max(batch.num_tokens, 1.0), batch.num_sequences


def next_coef(
    coef: float, kl: float, *, control: Control, target: float, count: float = 1.0, horizon: float = 1.0
) -> float:
    """The coefficient after a measured `kl`, in the unit of `target`.

    fixed          as it was
    doubling       twice where kl > 1.5 target, half where kl < target / 1.5 (PPO, arXiv:1707.06347, section 4)
    proportional   coef (1 + clamp(kl / target - 1, -0.2, 0.2) count / horizon), of `count` completions
                   (Ziegler et al. 2019, arXiv:1909.08593, section 2.2)
    """
    if control == "fixed":
        return coef
    if control == "doubling":
        coef = coef * 2.0 if kl > 1.5 * target else coef / 2.0 if kl < target / 1.5 else coef
    else:
        coef *= 1.0 + min(max(kl / target - 1.0, -0.2), 0.2) * count / horizon
    return min(max(coef, COEF_RANGE[0]), COEF_RANGE[1])
