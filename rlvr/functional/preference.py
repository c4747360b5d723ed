"""Losses on pairs, of which one was preferred: `[P]`, one entry a pair."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn.functional import logsigmoid


def dpo(
    chosen: Tensor,
    rejected: Tensor,
    ref_chosen: Tensor,
    ref_rejected: Tensor,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    kind: Literal["sigmoid", "ipo"] = "sigmoid",
) -> tuple[Tensor, Tensor]:
    """The loss and the margin m = beta ((chosen - ref_chosen) - (rejected - ref_rejected)) -> `[P]`, `[P]`.

    The inputs are log-probs of whole completions `[P]`, summed over their tokens. beta stands before
    both logarithms.

    sigmoid  -(1 - s) log sigmoid(m) - s log sigmoid(-m)    DPO, Rafailov et al. 2023, arXiv:2305.18290, eq. 7;
             s = label_smoothing, the rate of wrong labels   Mitchell 2023, "A note on DPO with noisy preferences"
    ipo      (m / beta - 1 / (2 beta))^2                    IPO, Azar et al. 2023, arXiv:2310.12036, eq. 17
    """
    difference = (chosen - ref_chosen) - (rejected - ref_rejected)
    margin = beta * difference
    if kind == "ipo":
        if label_smoothing:
            raise ValueError("label_smoothing belongs to the sigmoid loss: IPO has no label to smooth")
        return (difference - 1 / (2 * beta)).square(), margin
    return -(1 - label_smoothing) * logsigmoid(margin) - label_smoothing * logsigmoid(-margin), margin


def bradley_terry(chosen_scores: Tensor, rejected_scores: Tensor, margin: Tensor | float = 0.0) -> Tensor:
    """loss = -log sigmoid(s_chosen - s_rejected - margin) -> `[P]`.

    P(chosen beats rejected) = sigmoid(s_chosen - s_rejected): Bradley and Terry 1952. The margin grows
    with how much better the chosen one was: Llama 2, arXiv:2307.09288, eq. 2.
    """
    return -logsigmoid(chosen_scores - rejected_scores - margin)
