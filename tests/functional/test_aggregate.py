"""Every aggregation on a literal mask; the comments show the arithmetic."""

from __future__ import annotations

import pytest
import torch

from rlvr.functional import aggregation_weights

#: Rows of 3, 1 and 0 trained tokens (the last could not be judged) among 4 positions.
MASK = torch.tensor([[0, 1, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]], dtype=torch.bool)
VALUES = torch.tensor([[9.0, 1.0, 2.0, 3.0], [9.0, 4.0, 9.0, 9.0], [9.0, 9.0, 9.0, 9.0]], dtype=torch.float64)


@pytest.mark.parametrize(
    "how, expected",
    [
        ("token", (1 + 2 + 3 + 4) / 4),  # 4 tokens in all
        ("sequence", ((1 + 2 + 3) / 3 + 4 / 1) / 2),  # 2 sequences: the unjudged is none
        ("sequence_sum", (1 + 2 + 3 + 4) / 2),
        ("fixed_length", (1 + 2 + 3 + 4) / (10 * 2)),  # length 10
        ("prompt", ((1 + 2 + 3 + 4) / 4) / 1),  # both rows belong to one prompt of 4 tokens
    ],
)
def test_each_aggregation(how, expected) -> None:
    weights = aggregation_weights(
        MASK, how, num_tokens=4, num_sequences=2, num_prompts=1, group_tokens=torch.tensor([4, 4, 0]), length=10
    )
    assert float((weights * VALUES).sum()) == pytest.approx(expected, abs=1e-12)
    assert (weights[~MASK] == 0).all()
    assert weights.dtype == torch.float64


def test_prompt_weights_two_prompts_alike_whatever_their_lengths() -> None:
    # prompt A has row 0 (3 tokens), prompt B row 1 (1 token): ((1+2+3)/3 + 4/1) / 2
    weights = aggregation_weights(
        MASK, "prompt", num_tokens=4, num_sequences=2, num_prompts=2, group_tokens=torch.tensor([3, 1, 0])
    )
    assert float((weights * VALUES).sum()) == pytest.approx((2 + 4) / 2, abs=1e-12)


def test_what_an_aggregation_needs_is_said() -> None:
    counts = {"num_tokens": 4, "num_sequences": 2, "num_prompts": 1}
    with pytest.raises(ValueError, match="needs a length"):
        aggregation_weights(MASK, "fixed_length", **counts)
    with pytest.raises(ValueError, match="group_tokens"):
        aggregation_weights(MASK, "prompt", **counts)
    with pytest.raises(ValueError, match="unknown aggregation 'mean'"):
        aggregation_weights(MASK, "mean", **counts)


def test_an_empty_update_divides_by_one_and_not_by_zero() -> None:
    empty = torch.zeros(2, 3, dtype=torch.bool)
    for how in ("token", "sequence", "sequence_sum"):
        assert (aggregation_weights(empty, how, num_tokens=0, num_sequences=0, num_prompts=0) == 0).all()
