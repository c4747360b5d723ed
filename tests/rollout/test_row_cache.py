"""The engine's cache against transformers' own, and what happens to rows that leave."""

from __future__ import annotations

import torch
from transformers import LlamaConfig, MistralConfig
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from rlvr.rollout.row_cache import GROWTH, RoomyLayer, fill_gaps, row_cache


def test_the_last_rows_take_the_places_of_the_finished() -> None:
    assert fill_gaps(torch.tensor([True, False, True, False, True])).tolist() == [0, 4, 2]
    assert fill_gaps(torch.tensor([False, False, True])).tolist() == [2]
    assert fill_gaps(torch.tensor([True, True, False])).tolist() == [0, 1]
    assert fill_gaps(torch.tensor([False, False])).tolist() == []


def test_it_holds_what_the_dynamic_cache_holds_while_rows_come_and_go() -> None:
    noise = torch.Generator().manual_seed(0)
    ours, theirs = RoomyLayer(), DynamicLayer()

    def both(rows: int, new: int) -> None:
        key, value = torch.randn(2, rows, 2, new, 4, generator=noise)
        for one, other in zip(ours.update(key, value), theirs.update(key, value), strict=True):
            assert torch.equal(one, other)

    def select(indices: torch.Tensor) -> None:
        ours.batch_select_indices(indices)
        theirs.batch_select_indices(indices)

    both(rows=3, new=5)
    select(torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2]))  # each prompt once for its group
    rows = 9
    for step in range(2 * GROWTH):  # grows twice
        both(rows, new=1)
        if step % 30 == 10:
            going = torch.ones(rows, dtype=torch.bool)
            going[[0, rows // 2]] = False
            order = fill_gaps(going)
            select(order)
            rows = len(order)
    assert rows == 1 and ours.get_seq_length() == theirs.get_seq_length() == 5 + 2 * GROWTH


def test_a_finished_row_moves_no_other_row() -> None:
    layer = RoomyLayer()
    layer.update(torch.randn(4, 1, 3, 2), torch.randn(4, 1, 3, 2))
    layer.update(torch.randn(4, 1, 1, 2), torch.randn(4, 1, 1, 2))
    before = layer.keys.data_ptr()
    layer.batch_select_indices(torch.tensor([0, 3, 2]))
    assert layer.keys.data_ptr() == before and layer.keys.shape == (3, 1, 4, 2)


def test_an_order_that_would_overwrite_its_own_sources_is_copied() -> None:
    layer = RoomyLayer()
    keys = torch.arange(3.0).view(3, 1, 1, 1)
    layer.update(keys, keys)
    layer.batch_select_indices(torch.tensor([1, 0]))
    assert layer.keys.flatten().tolist() == [1.0, 0.0]


def test_sliding_window_layers_stay_transformers_own() -> None:
    small = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 16}
    assert all(type(layer) is RoomyLayer for layer in row_cache(LlamaConfig(**small)).layers)
    sliding = row_cache(MistralConfig(**small, num_key_value_heads=2, sliding_window=4))
    assert all(type(layer) is DynamicSlidingWindowLayer for layer in sliding.layers)
