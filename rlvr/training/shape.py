"""The shape of a model: what its config says about sizes, without a weight being read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from rlvr.errors import UserError
from rlvr.training.activations import model_on_meta
from rlvr.training.checkpoint import model_folder
from rlvr.training.lora import add_adapter

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

    from rlvr.schema import LoraSection


@dataclass(frozen=True, slots=True)
class Shape:
    """Counts of numbers, not bytes. `trained` is all of `parameters` but under LoRA."""

    parameters: int
    trained: int
    embedding: int  # of the output embedding
    tied: bool  # the input embedding is the output embedding
    layer: int  # parameters of one layer
    layers: int
    hidden: int
    vocabulary: int
    heads: int
    key_heads: int
    head_size: int

    @property
    def cached(self) -> int:
        """Numbers of one token's keys and values."""
        return 2 * self.layers * self.key_heads * self.head_size


def read_config(path: str, revision: str | None = None) -> PreTrainedConfig:
    """The config of a checkpoint, of a run, of a hub id, or a bare `config.json`. Raises `UserError`."""
    from transformers import AutoConfig

    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(
            str(Path(model_folder(path)).expanduser()) if Path(path).expanduser().exists() else path, revision=revision
        )
        return config
    except (OSError, ValueError, KeyError) as error:
        first = str(error).strip().partition("\n")[0]
        raise UserError(
            f"the shape of {path!r} cannot be read: {first}. A plan needs the model's config.json and nothing else: "
            "give its file with --shape."
        ) from error


def shape_of(config: PreTrainedConfig, lora: LoraSection | None = None) -> Shape:
    """Counted on the meta device, from the model's own code."""
    model = model_on_meta(config, torch.float32)
    parameters = sum(p.numel() for p in model.parameters())
    decoder = next(m for m in model.modules() if isinstance(m, torch.nn.ModuleList))
    layer = sum(p.numel() for p in decoder[0].parameters())
    head = model.get_output_embeddings().weight
    tied = head is model.get_input_embeddings().weight
    trained = parameters
    if lora is not None:
        with torch.device("meta"):
            add_adapter(model, lora, seed=0)
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        parameters += trained
    heads = config.num_attention_heads
    return Shape(
        parameters=parameters,
        trained=trained,
        embedding=head.numel(),
        tied=tied,
        layer=layer,
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        vocabulary=config.vocab_size,
        heads=heads,
        key_heads=getattr(config, "num_key_value_heads", None) or heads,
        head_size=getattr(config, "head_dim", None) or config.hidden_size // heads,
    )
