"""Passes without padding: the rows of a micro-batch stand one behind the other, and attention keeps them apart.

On GPUs in bf16 and fp16 by torch's kernel for rows of different lengths, else row by row; everything but attention
sees one long row. The attention function stands in every model that is loaded, and without lengths it is transformers'
own `sdpa`, so that engines and padded passes compute what they would without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from rlvr.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from rlvr.training.batch import Batch

#: The name under which transformers finds the attention function.
ATTENTION = "rlvr_packed"
#: Types that the kernel for rows of different lengths computes in.
_KERNEL_TYPES = (torch.bfloat16, torch.float16)


def attention_name(wanted: str) -> str:
    """What to load a model with where the recipe says `wanted`: `sdpa` becomes the function that can pack."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(ATTENTION, _attention)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    return ATTENTION if wanted == "sdpa" else wanted


def packs(model: PreTrainedModel, wanted: bool | None, device: torch.device) -> bool:
    """Whether micro-batches are packed: as `wanted`, or, where that is None, on GPUs if the model can.

    Raises `UserError` where it is wanted and the model cannot.
    """
    if wanted is False or (wanted is None and device.type != "cuda"):
        return False
    problem = None
    if model.config._attn_implementation != ATTENTION:
        problem = f"its attention is {model.config._attn_implementation}; set model.attention=sdpa"
    elif "sliding_attention" in (getattr(model.config, "layer_types", None) or ()):
        problem = "some of its layers look through a sliding window"
    elif not model._supports_attention_backend:
        problem = f"transformers' {model.config.model_type} takes no attention function"
    if problem and wanted:
        raise UserError(f"train.packing=true, but this model cannot be packed: {problem}. Leave train.packing out.")
    return problem is None


def packed_hidden(model: nn.Module, batch: Batch) -> Tensor:
    """The last hidden states of `model`, a decoder without its head, over the batch's tokens alone -> `[B, T, H]`.

    0 where there is padding.
    """
    real = torch.arange(batch.token_ids.shape[1], device=batch.token_ids.device) < batch.lengths.unsqueeze(1)
    positions = real.cumsum(dim=1)[real] - 1
    ends = batch.lengths.cumsum(0)
    starts = torch.cat([ends.new_zeros(1), ends]).to(torch.int32)
    # A mask of four dimensions is handed through; else transformers would build one of all tokens by all tokens.
    unread = torch.ones(1, 1, 1, 1, dtype=torch.bool, device=real.device)
    packed = model(
        input_ids=batch.token_ids[real].unsqueeze(0),
        position_ids=positions.unsqueeze(0),
        attention_mask=unread,
        use_cache=False,
        row_starts=starts,
        row_lengths=batch.lengths.tolist(),
    ).last_hidden_state.squeeze(0)
    rows = packed.new_zeros(*batch.token_ids.shape, packed.shape[-1])
    return rows.index_put((real.nonzero(as_tuple=True)), packed)


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    row_starts: Tensor | None = None,
    row_lengths: list[int] | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attention `[1, N, heads, size]` of packed rows, or transformers' `sdpa` where no lengths are given."""
    if row_starts is None or row_lengths is None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **options)
    if query.is_cuda and query.dtype in _KERNEL_TYPES:
        from torch.nn.attention.varlen import varlen_attn

        longest = max(row_lengths)
        q, k, v = (tensor.squeeze(0).transpose(0, 1) for tensor in (query, key, value))
        causal = (-1, 0)
        out = varlen_attn(
            q, k, v, row_starts, row_starts, longest, longest, scale=scaling, window_size=causal, enable_gqa=True
        )
        assert isinstance(out, Tensor)
        return out.unsqueeze(0), None
    pieces = zip(*(tensor.split(row_lengths, dim=2) for tensor in (query, key, value)), strict=True)
    rows = [scaled_dot_product_attention(q, k, v, is_causal=True, scale=scaling, enable_gqa=True) for q, k, v in pieces]
    return torch.cat(rows, dim=2).transpose(1, 2), None
