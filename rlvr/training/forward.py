"""One pass of a model over a batch: log-probs and entropies of the trained tokens, never the logits.

Rows are padded on the right and attention is causal, so no real token ever attends to padding and
no attention mask is needed; position ids count from 0 as in generation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from rlvr.functional.tokens import token_logprobs
from rlvr.training.batch import Batch, Outputs

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def forward(model: PreTrainedModel, batch: Batch, temperature: float) -> Outputs:
    """`[B, T]` log-probs at `temperature` and entropies in nats, 0 outside `batch.mask`.

    Only positions that are trained pass through the output embedding.
    """
    hidden = model.base_model(input_ids=batch.token_ids, use_cache=False).last_hidden_state
    # What is known after token t - 1 predicts token t.
    row, column = batch.mask[:, 1:].nonzero(as_tuple=True)
    head = model.get_output_embeddings()
    logprobs, entropy = token_logprobs(
        hidden[row, column],
        head.weight,
        batch.token_ids[row, column + 1],
        getattr(head, "bias", None),
        temperature,
    )
    empty = torch.zeros(batch.token_ids.shape, dtype=logprobs.dtype, device=logprobs.device)
    place = (row, column + 1)
    return Outputs(empty.index_put(place, logprobs), empty.index_put(place, entropy))
