"""One pass of a model over a batch: log-probs and entropies of the trained tokens, never the logits.

Rows are padded on the right and attention is causal, so no real token ever attends to padding and
no attention mask is needed; position ids count from 0 as in generation. A `packed` batch is computed without
its padding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rlvr.functional.divergence import token_kl
from rlvr.functional.tokens import token_logprobs
from rlvr.training.batch import Batch, Outputs
from rlvr.training.packing import packed_hidden

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def forward(
    model: PreTrainedModel,
    batch: Batch,
    temperature: float,
    *,
    critic: Callable[[Batch, Tensor], Tensor] | None = None,
    old: PreTrainedModel | None = None,
    old_hidden: Tensor | None = None,
) -> Outputs:
    """`[B, T]` log-probs at `temperature` and entropies in nats, 0 outside `batch.mask`.

    With a `critic` of hidden states `[B, T, H]` also values, with an `old` policy also the exact KL(old, model) of each
    token's distribution; `old_hidden [N, H]` spares its pass where it is known. Only positions that are trained pass
    through the output embedding.
    """
    if model.get_output_embeddings() is None:
        return scores(model, batch)
    hidden = last_hidden(model.base_model, batch)
    row, column = positions(batch)
    head = model.get_output_embeddings()
    logprobs, entropy = token_logprobs(
        hidden[row, column],
        head.weight,
        batch.token_ids[row, column + 1],
        getattr(head, "bias", None),
        temperature,
    )
    kl_old = None
    if old is not None:
        if old_hidden is None:
            with torch.no_grad():
                old_hidden = last_hidden(old.base_model, batch)[row, column]
        kl_old = placed(batch, kl_between(old, old_hidden, model, hidden[row, column], temperature))
    values = None if critic is None else critic(batch, hidden)
    return Outputs(placed(batch, logprobs), placed(batch, entropy), values=values, kl_old=kl_old)


def last_hidden(decoder: nn.Module, batch: Batch) -> Tensor:
    """What a model without its head knows after each token -> `[B, T, H]`."""
    if batch.packed:
        return packed_hidden(decoder, batch)
    hidden: Tensor = decoder(input_ids=batch.token_ids, use_cache=False).last_hidden_state
    return hidden


def positions(batch: Batch) -> tuple[Tensor, Tensor]:
    """Rows and columns of the hidden states that predict the trained tokens: what is known after t - 1 predicts t."""
    row, column = batch.mask[:, 1:].nonzero(as_tuple=True)
    return row, column


def placed(batch: Batch, values: Tensor) -> Tensor:
    """`values [N]` of the trained tokens, in their order, as `[B, T]`; 0 elsewhere."""
    row, column = positions(batch)
    empty = torch.zeros(batch.token_ids.shape, dtype=values.dtype, device=values.device)
    return empty.index_put((row, column + 1), values)


def kl_between(
    old: PreTrainedModel, old_hidden: Tensor, new: PreTrainedModel, hidden: Tensor, temperature: float
) -> Tensor:
    """KL(old, new) of the next-token distributions after `old_hidden` and `hidden [N, H]` -> `[N]`."""
    before, after = old.get_output_embeddings(), new.get_output_embeddings()
    return token_kl(
        old_hidden,
        before.weight.detach(),  # `old` may be `new` itself, for the second derivative at that point
        hidden,
        after.weight,
        getattr(before, "bias", None),
        getattr(after, "bias", None),
        temperature,
    )


def scores(model: PreTrainedModel, batch: Batch) -> Outputs:
    """What a reward model, a sequence classifier with one label, makes of the last token of each row: `scores [B]`."""
    rows = torch.arange(len(batch), device=batch.token_ids.device)
    last = last_hidden(model.base_model, batch)[rows, batch.lengths - 1]
    found = model.score(last).squeeze(1)  # type: ignore[operator]  # a linear layer
    none = torch.zeros(batch.token_ids.shape, device=found.device)
    return Outputs(none, none, scores=found if found.dtype == torch.float64 else found.float())
