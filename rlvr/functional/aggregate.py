"""The one owner of the loss denominator.

A loss is sum over tokens of weight * value. The weights are made from counts of the *whole update*
(all micro-batches, accumulation steps and ranks), so the sum over any split is the same number.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor

Aggregation: TypeAlias = Literal["token", "sequence", "sequence_sum", "fixed_length", "prompt"]


def aggregation_weights(
    mask: Tensor,
    how: Aggregation,
    *,
    num_tokens: float,
    num_sequences: float,
    num_prompts: float,
    group_tokens: Tensor | None = None,
    length: int | None = None,
) -> Tensor:
    """The weight of each token in the loss -> `[B, T]`, 0 outside `mask [B, T]`.

    token         1 / num_tokens                              DAPO, arXiv:2503.14476
    sequence      1 / (tokens of the row * num_sequences)     GRPO, arXiv:2402.03300
    sequence_sum  1 / num_sequences                           REINFORCE, RLOO
    fixed_length  1 / (length * num_sequences)                Dr. GRPO, arXiv:2503.20783
    prompt        1 / (group_tokens of the row * num_prompts) DAPO's formula, a mean over each prompt

    `num_*` count the whole update; `group_tokens [B]` counts the trained tokens of a row's group in it.
    """
    weights = mask.double()  # counts are exact, and one division rounds once
    rows = weights.sum(dim=1, keepdim=True).clamp(min=1)
    if how == "token":
        return weights / max(num_tokens, 1)
    if how == "sequence":
        return weights / (rows * max(num_sequences, 1))
    if how == "sequence_sum":
        return weights / max(num_sequences, 1)
    if how == "fixed_length":
        if length is None:
            raise ValueError("aggregation 'fixed_length' needs a length: the constant that replaces each row's own")
        return weights / (length * max(num_sequences, 1))
    if how == "prompt":
        if group_tokens is None:
            raise ValueError("aggregation 'prompt' needs group_tokens")
        return weights / (group_tokens.clamp(min=1).unsqueeze(1) * max(num_prompts, 1))
    raise ValueError(f"unknown aggregation {how!r}")
