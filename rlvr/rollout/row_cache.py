"""A key-value cache whose rows may leave: room ahead for new tokens, and a row that ends costs one row's copy.

transformers' own dynamic cache copies all of itself at every token, and again for every row that leaves.
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedConfig
from transformers.cache_utils import DynamicLayer

#: Positions that a full cache grows by at least, and the share of its length that it grows by.
GROWTH, GROWTH_RATE = 64, 0.5


def row_cache(config: PreTrainedConfig) -> DynamicCache:
    """A cache for a model with this config; only layers of plain full attention keep room ahead."""
    cache = DynamicCache(config=config)
    cache.layers = [RoomyLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    if not cache.layers:
        cache.layer_class_to_replicate = RoomyLayer
    return cache


class RoomyLayer(DynamicLayer):
    """`keys` and `values` `[rows, heads, length, size]` are views of buffers with more rows and positions."""

    def __init__(self) -> None:
        super().__init__()
        self._keys = self._values = torch.empty(0, 0, 0, 0)

    # The parent types these as optional; here they are empty tensors until the first token.
    keys: Tensor
    values: Tensor

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Appends `[rows, heads, new, size]`; the keys and values of all positions."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.get_seq_length()
        end = start + key_states.shape[2]
        if end > self._keys.shape[2]:
            # A prompt is read into exactly its room: it is copied once more, to the rows of its group.
            room = end if start == 0 else max(end + GROWTH, int(end * (1 + GROWTH_RATE)))
            self._keys = _moved(self.keys, key_states, room)
            self._values = _moved(self.values, value_states, room)
        rows = key_states.shape[0]
        self._keys[:rows, :, start:end] = key_states
        self._values[:rows, :, start:end] = value_states
        self.keys, self.values = self._keys[:rows, :, :end], self._values[:rows, :, :end]
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keeps the rows `indices`. Where the first rows stay in place, only those that fill gaps are copied."""
        if not self.is_initialized:
            return
        count, length = len(indices), self.get_seq_length()
        gaps = (indices != torch.arange(count, device=indices.device)).nonzero().squeeze(1)
        if count <= self.keys.shape[0] and bool((indices[gaps] >= count).all()):
            for buffer in (self._keys, self._values):
                buffer[gaps, :, :length] = buffer[indices[gaps], :, :length]
            self.keys, self.values = self._keys[:count, :, :length], self._values[:count, :, :length]
        else:
            self.keys = self._keys = self.keys[indices]
            self.values = self._values = self.values[indices]


def _moved(old: Tensor, new: Tensor, room: int) -> Tensor:
    """A buffer for the rows of `new` with room for `room` positions, the old ones copied in."""
    rows, heads, _, size = new.shape
    buffer = new.new_empty(rows, heads, room, size)
    if old.numel():
        buffer[:, :, : old.shape[2]] = old[:rows]
    return buffer


def fill_gaps(going: Tensor) -> Tensor:
    """Which row stands in each place when the last going rows take the places of the finished -> `[going]` int64.

    `going [rows]` bool. Example: T F T F T -> 0 4 2.
    """
    count = int(going.sum())
    order = torch.arange(count, device=going.device)
    order[~going[:count]] = going[count:].nonzero().squeeze(1) + count
    return order
