"""What a forward and a backward pass hold in memory, counted on the meta device: real shapes, real code, no data.

Every tensor that the passes of a transformers model make is counted while it lives, so the count knows about an
architecture's every copy, and about gradient checkpointing. Attention is counted as a fused kernel has it: its
inputs, its output and one number a head and token, not the square of the length.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

#: Layers that are really built: their difference is what a layer adds, and all layers are alike.
_FEW = (1, 2)
_ATTENTION = "rlvr_counted"


def model_on_meta(config: PreTrainedConfig, dtype: torch.dtype, layers: int | None = None) -> PreTrainedModel:
    """The causal language model of a config, without its weights; with fewer layers if wanted."""
    from transformers import AttentionInterface, AutoModelForCausalLM

    AttentionInterface.register(_ATTENTION, _attention)
    config = type(config).from_dict(config.to_dict())
    if layers is not None:
        config.num_hidden_layers = layers
        if getattr(config, "layer_types", None):
            config.layer_types = config.layer_types[:layers]
    # A name of our own has no mask function either, and masks look at data, which a meta tensor has not.
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=_ATTENTION)
    return model


def activation_bytes(
    config: PreTrainedConfig,
    rows: int,
    length: int,
    dtype: torch.dtype,
    *,
    checkpointing: bool = False,
) -> tuple[int, int]:
    """Bytes alive between the passes over `rows` of `length` tokens, and at the worst moment of both passes.

    Neither weights nor their gradients are among them.
    """
    few = [_passes(config, n, rows, length, dtype, checkpointing) for n in _FEW]
    more = config.num_hidden_layers - _FEW[0]
    held, peak = ((a + more * (b - a)) for a, b in zip(*few, strict=True))
    return held, max(held, peak)


def _passes(
    config: PreTrainedConfig,
    layers: int,
    rows: int,
    length: int,
    dtype: torch.dtype,
    checkpointing: bool,
) -> tuple[int, int]:
    model = model_on_meta(config, dtype, layers).train()
    if checkpointing:
        model.gradient_checkpointing_enable()
    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(_drop_gradient)
    tokens = torch.empty(rows, length, dtype=torch.int64, device="meta")
    with Living([*model.parameters(), *model.buffers()]) as living:
        hidden = model.base_model(input_ids=tokens, use_cache=False).last_hidden_state
        held = living.bytes
        hidden.backward(torch.empty_like(hidden))
    return held, living.peak


def _drop_gradient(parameter: nn.Parameter) -> None:
    parameter.grad = None


class Living(TorchDispatchMode):
    """Counts the bytes of the tensors that are made inside and still live: `bytes` now, `peak` at most."""

    def __init__(self, known: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self.bytes = self.peak = 0
        #: Bytes by storage; what was there before counts nothing, also where an operation returns a view of it.
        self._sizes = {tensor.untyped_storage()._cdata: 0 for tensor in known}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_iter(out):
            if isinstance(tensor, Tensor):
                self._note(tensor.untyped_storage())
        return out

    def _note(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._sizes:  # a view shares the storage of what it looks at
            self._sizes[key] = storage.nbytes()
            self.bytes += storage.nbytes()
            self.peak = max(self.peak, self.bytes)
            weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self.bytes -= self._sizes.pop(key)


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    out: Tensor = _FusedAttention.apply(query, key, value)
    return out, None


class _FusedAttention(torch.autograd.Function):
    """Keeps what a fused attention kernel keeps; computes nothing."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        rows, heads, length, size = query.shape
        out = query.new_empty(rows, length, heads, size)
        ctx.save_for_backward(query, key, value, out, query.new_empty(rows, heads, length, dtype=torch.float32))
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.empty_like(saved) for saved in ctx.saved_tensors[:3])
